"""A heavy job in a process of its own: a solver that hangs, eats memory or crashes ends that process and nothing else.

The child opens the books itself and writes through the same fence; it ends when its parent does, because its standard input
closes. What it answers comes as one JSON document on the standard output that it began with.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evenstock.domain import rfc3339
from evenstock.operations.runs.taking import LostRunError, Taken
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import StoppedError, Workplace

LOOK_EVERY_S: Final = 0.2
STOP_S: Final = 5.0
"""How long a child may take to leave when told to."""
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS")


class EndedError(Exception):
    """The child was ended, or ended itself, without an answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Apart:
    """A run to be done in a process of its own."""

    at: Workplace
    taken: Taken
    module: str
    """Where the job is."""
    cap: Cap


def command() -> list[str]:
    return [sys.executable, "-m", "evenstock.service.worker.child"]


def work_apart(apart: Apart, stopping: threading.Event, lost: threading.Event) -> Mapping[str, Any]:
    """What the child answers: `result`, or `failed` and `for_good`, or `lost`.

    Raises
    ------
    EndedError
        If it took longer or more memory than it may, or died.
    StoppedError, LostRunError
        If it had to be stopped for the worker to leave, or because the run is somebody else's.
    """
    child = subprocess.Popen(  # noqa: S603 (our own interpreter and words)
        command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment(apart.at), start_new_session=True
    )
    answer: list[bytes] = []
    assert child.stdin is not None
    assert child.stdout is not None
    reader = threading.Thread(target=lambda: answer.append(child.stdout.read()), daemon=True)  # type: ignore[union-attr]
    reader.start()
    try:
        # The pipe stays open: its end is how the child learns that this process is gone.
        child.stdin.write(json.dumps(_wish(apart)).encode() + b"\n")
        child.stdin.flush()
        _wait(child, apart.cap, stopping, lost)
    except BrokenPipeError:
        child.wait()
    finally:
        _end(child)
        child.stdin.close()
        reader.join(STOP_S)
        child.stdout.close()
    return _read(child.returncode, b"".join(answer))


def _wait(child: subprocess.Popen[bytes], cap: Cap, stopping: threading.Event, lost: threading.Event) -> None:
    until = time.monotonic() + cap.seconds
    while child.poll() is None:
        if lost.is_set():
            raise LostRunError("the run is somebody else's; its process was ended")
        if stopping.is_set():
            raise StoppedError
        if time.monotonic() > until:
            raise EndedError(f"it took longer than {cap.seconds} s; its process was ended")
        used = memory_mb(child.pid)
        if used > cap.memory_mb:
            raise EndedError(f"it took {used:,} MB of memory, of {cap.memory_mb:,} MB at most; its process was ended")
        try:
            child.wait(LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            continue


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started."""
    if child.poll() is not None:
        return
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, sign)
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            continue
        return


def _read(code: int, said: bytes) -> Mapping[str, Any]:
    if said:
        try:
            found: Mapping[str, Any] = json.loads(said)
        except ValueError:
            pass
        else:
            return found
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    raise EndedError(f"its process died without an answer ({how})")


def _wish(apart: Apart) -> dict[str, Any]:
    run, settings = apart.taken.run, apart.at.settings
    return {
        "home": str(settings.home),
        "database": settings.database,
        "module": apart.module,
        "run": run.id,
        "token": apart.taken.token,
        "holder": apart.taken.holder,
        "now": rfc3339(apart.at.clock()),
        "cpu_s": apart.cap.seconds * (os.cpu_count() or 1),
        "memory_mb": apart.cap.memory_mb,
    }


def _environment(at: Workplace) -> dict[str, str]:
    """One thread each, unless the machine's owner said otherwise: orders come first."""
    given = dict(os.environ)
    for name in _ONE_THREAD:
        given.setdefault(name, "1")
    return given | {"EVENSTOCK_HOME": str(at.settings.home), "EVENSTOCK_DATABASE": at.settings.database}


def memory_mb(pid: int) -> int:
    """Resident memory of a process; 0 where this system does not tell (others than Linux)."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20
