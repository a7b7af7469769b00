"""The worker as a child of the service, where one machine runs both: started with it, started again if it dies, stopped with it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from evenstock.service.processes import dies_with_parent
from evenstock.settings import Settings

STOP_S: Final = 10.0
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0


def command() -> list[str]:
    return [sys.executable, "-m", "evenstock", "work"]


def environment(settings: Settings) -> dict[str, str]:
    """What the worker reads in place of the options of our command line."""
    return {**os.environ, "EVENSTOCK_HOME": str(settings.home), "EVENSTOCK_DATABASE": settings.database}


def become_worker(settings: Settings) -> None:
    """Let this process be the worker: for one that was forked for it."""
    words = command()
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    os.execve(words[0], words, environment(settings))  # noqa: S606 (our own interpreter and words)


class WorkerBeside:
    """A context: inside it the worker runs."""

    def __init__(self, settings: Settings, *, enabled: bool = True, words: Sequence[str] = ()) -> None:
        self._words = list(words) or command()
        self._environment = environment(settings)
        self._enabled = enabled
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._changing = threading.Lock()
        self.starts = 0

    def __enter__(self) -> Self:
        if self._enabled:
            self._start()
            threading.Thread(target=self._keep, name="worker beside", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changing:
            self._stopping.set()
        child = self._child
        if child is None or child.poll() is not None:
            return
        child.terminate()
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            # Its lease runs out and the next worker takes up what it held.
            child.kill()
            child.wait()

    @property
    def pid(self) -> int | None:
        """Process id of the worker that runs now."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def _start(self) -> None:
        with self._changing:
            if self._stopping.is_set():
                return
            self.starts += 1
            self._child = subprocess.Popen(  # noqa: S603 (our own interpreter and words)
                self._words,
                env=self._environment,
                preexec_fn=dies_with_parent(),  # noqa: PLW1509 (one call of the kernel, looked up before)
                stdin=subprocess.DEVNULL,
            )

    def _keep(self) -> None:
        """Start it again when it dies, each time a little later."""
        pause = FIRST_PAUSE_S
        while not self._stopping.is_set():
            child = self._child
            if child is not None:
                child.wait()
            if self._stopping.wait(pause):
                return
            pause = min(2 * pause, LONGEST_PAUSE_S)
            self._start()
