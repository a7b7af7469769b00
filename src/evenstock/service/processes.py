"""Several processes forked from this one, which loaded everything once: watched, replaced when they die, stopped together.

Forking is safe only while this process is alone in itself: a thread that holds a lock when its process is forked holds it for
ever in the child. So this one opens no connection that stays, runs no thread and asks nothing of polars; `alone` says whether
that is so, and nothing is forked where it is not.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final, NoReturn

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
"""Between starts of a process that does not live."""
STEADY_S: Final = 30.0
"""A process that lived so long is replaced at once; one that did not, after a pause, which doubles each time."""
BEAT_S: Final = 1.0
SILENT_S: Final = 30.0
"""A process that cannot even say that it lives is ended, and replaced."""
AGAIN_S: Final = 1.0
"""Between times that a process is told to stop."""
_DIE_WITH_PARENT: Final = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
_IDLE: Final = ("jemalloc_bg_thd", "polars-ooc-clea")
"""Threads that begin as polars is imported, and hold nothing while it does nothing: the allocator's own looks after forks,
and what clears away spilled frames has none to clear."""
_LOG: Final = logging.getLogger("evenstock.service")


@dataclass(frozen=True, slots=True)
class Work:
    """What one process does."""

    name: str
    run: Callable[[], None]
    """Returns when SIGTERM told it to, or becomes another program."""
    beats: bool = True
    """Whether it says every second that it lives; what becomes another program cannot."""


@dataclass(slots=True)
class _Place:
    """One process that there is to be."""

    work: Work
    pid: int = 0
    heard: int = -1
    """Where it is heard: a pipe, which ends with it."""
    born: float = 0.0
    heard_at: float = 0.0
    due: float = 0.0
    pause: float = FIRST_PAUSE_S
    told_at: float = field(default=float("-inf"))


def alone() -> bool:
    """Whether this process can be forked: on Linux, and with no thread but those that are known to hold nothing.

    The threads of numpy's linear algebra carry our own name: they wait, and their library prepares for forks.
    """
    if not sys.platform.startswith("linux") or threading.active_count() > 1:
        return False
    tasks = Path("/proc/self/task")
    names = {(task / "comm").read_text().strip() for task in tasks.iterdir()}
    own = (tasks / str(os.getpid()) / "comm").read_text().strip()
    return names <= {own, *_IDLE}


def dies_with_parent() -> Callable[[], None] | None:
    """On Linux, what a child calls so that it is told to stop when its parent is killed and cannot say good-bye."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl

    def bind() -> None:
        prctl(_DIE_WITH_PARENT, signal.SIGTERM)

    return bind


def apart(work: Callable[[], None], telling: Sequence[type[Exception]]) -> None:
    """Do it in a process of its own, so that nothing of it stays in this one.

    Raises
    ------
    Exception
        The first kind of `telling` that it raised, with the same sentence.
    RuntimeError
        If it ended otherwise.
    """
    ours, theirs = os.pipe()
    pid = _forked()
    if pid == 0:
        code = os.EX_SOFTWARE
        try:
            os.close(ours)
            work()
            code = os.EX_OK
        except tuple(telling) as refused:
            kind = next(n for n, one in enumerate(telling) if isinstance(refused, one))
            os.write(theirs, f"{kind} {refused}".encode()[: select.PIPE_BUF])
        except BaseException as error:  # noqa: BLE001 (whatever it is, this process ends here)
            _LOG.error("nothing can be started: %s", error, exc_info=error)
        finally:
            _gone(code)
    os.close(theirs)
    with os.fdopen(ours, "rb") as heard:
        said = heard.read().decode(errors="replace")
    _, status = os.waitpid(pid, 0)
    if said:
        kind_, _, sentence = said.partition(" ")
        raise telling[int(kind_)](sentence)
    if status:
        raise RuntimeError(f"what was tried ended with {os.waitstatus_to_exitcode(status)}; the log says why")


class Processes:
    """A process for each work, until SIGTERM or SIGINT: then all are told to stop, and those that do not are ended."""

    def __init__(self, works: Sequence[Work], *, leave_s: float) -> None:
        self._places = [_Place(work) for work in works]
        self._leave_s = leave_s
        """After so long a process that was told to stop is ended."""
        self._leaving = False
        self._bind = dies_with_parent()

    @property
    def pids(self) -> list[int]:
        """Of those that run."""
        return [place.pid for place in self._places if place.pid]

    def run(self) -> None:
        """Raises RuntimeError where this process cannot be forked."""
        if not alone():
            raise RuntimeError("this process has threads: it cannot be forked")
        with _woken(self._told) as woken:
            try:
                while not self._leaving:
                    self._start_due()
                    self._wait(woken, self._next())
                    self._bury()
                    self._end_silent()
            finally:
                self._end(woken)

    def _told(self) -> None:
        self._leaving = True

    def _next(self) -> float:
        """Seconds until there is something to do unasked."""
        now = monotonic()
        waits = [place.due - now for place in self._places if not place.pid]
        return max(0.0, min(waits, default=SILENT_S / 2))

    def _wait(self, woken: int, seconds: float) -> None:
        """Until a signal comes, a process is heard or ends, or the time is over."""
        heard = {place.heard: place for place in self._places if place.heard >= 0}
        ready, _, _ = select.select([woken, *heard], [], [], seconds)
        for handle in ready:
            with contextlib.suppress(BlockingIOError):
                said = os.read(handle, 4_096)
                if handle != woken:
                    place = heard[handle]
                    place.heard_at = monotonic()
                    if not said:
                        # It ended, or became another program: its death is told by a signal.
                        os.close(handle)
                        place.heard = -1

    def _start_due(self) -> None:
        for place in self._places:
            if not place.pid and monotonic() >= place.due:
                self._start(place)

    def _start(self, place: _Place) -> None:
        ours, theirs = os.pipe()
        os.set_blocking(ours, False)
        parent = os.getpid()
        pid = _forked()
        if pid == 0:
            others = [ours, *(other.heard for other in self._places if other.heard >= 0)]
            self._become(place.work, parent, others, theirs)
        os.close(theirs)
        place.pid, place.heard, place.born = pid, ours, monotonic()
        place.heard_at, place.told_at = place.born, float("-inf")

    def _become(self, work: Work, parent: int, others: Sequence[int], heard: int) -> NoReturn:
        """What the child does; it never returns into what the parent was doing."""
        code = os.EX_SOFTWARE
        try:
            signal.set_wakeup_fd(-1)
            for name in (signal.SIGTERM, signal.SIGINT):
                # Whoever is told to stop before it listens itself has nothing to finish.
                signal.signal(name, lambda *_: os._exit(os.EX_OK))
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for handle in others:
                os.close(handle)
            if self._bind is not None:
                self._bind()
            if os.getppid() == parent:
                if work.beats:
                    threading.Thread(target=_beat, args=(heard,), name="beat", daemon=True).start()
                work.run()
            code = os.EX_OK
        except BaseException as error:  # noqa: BLE001 (whatever it is, this process ends here)
            _LOG.error("%s ended: %s", work.name, error, exc_info=error)
        finally:
            _gone(code)

    def _bury(self) -> None:
        """Note who died, and when there is to be another."""
        for place in self._places:
            if not place.pid:
                continue
            pid, status = os.waitpid(place.pid, os.WNOHANG)
            if not pid:
                continue
            lived = monotonic() - place.born
            if place.heard >= 0:
                os.close(place.heard)
            place.pid, place.heard = 0, -1
            if self._leaving:
                continue
            if lived >= STEADY_S:
                place.pause, place.due = FIRST_PAUSE_S, 0.0
            else:
                place.due = monotonic() + place.pause
                place.pause = min(2 * place.pause, LONGEST_PAUSE_S)
            how = os.waitstatus_to_exitcode(status)
            _LOG.warning(
                "%s (process %d) ended with %d after %.0f s; another is started", place.work.name, pid, how, lived
            )

    def _end_silent(self) -> None:
        for place in self._places:
            if place.pid and place.work.beats and monotonic() - place.heard_at > SILENT_S:
                _LOG.error("%s (process %d) says nothing for %.0f s; it is ended", place.work.name, place.pid, SILENT_S)
                os.kill(place.pid, signal.SIGKILL)
                place.heard_at = monotonic()

    def _end(self, woken: int) -> None:
        self._leaving = True
        until = monotonic() + self._leave_s
        while self.pids:
            now = monotonic()
            for place in self._places:
                if place.pid and now >= until:
                    os.kill(place.pid, signal.SIGKILL)
                elif place.pid and now - place.told_at >= AGAIN_S:
                    # Told again: the first time may have come as it turned from loading to serving.
                    place.told_at = now
                    os.kill(place.pid, signal.SIGTERM)
            self._wait(woken, 0.1)
            self._bury()


def _forked() -> int:
    """As os.fork, with nothing unwritten that both would write."""
    sys.stdout.flush()
    sys.stderr.flush()
    return os.fork()


def _gone(code: int) -> NoReturn:
    """End here, whatever stands further up: that is for the parent to do."""
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _beat(to: int) -> None:
    """Say that this process lives; where nobody listens any more, tell it to stop."""
    pause = threading.Event()
    while True:
        try:
            os.write(to, b".")
        except OSError:
            os.kill(os.getpid(), signal.SIGTERM)
        pause.wait(BEAT_S)


@contextlib.contextmanager
def _woken(told: Callable[[], None]) -> Iterator[int]:
    """A handle that can be read when a signal came; SIGTERM and SIGINT call `told`."""
    ours, theirs = os.pipe()
    for handle in (ours, theirs):
        os.set_blocking(handle, False)
    before = signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    handlers = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: told()),
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: told()),
        signal.SIGCHLD: signal.signal(signal.SIGCHLD, lambda *_: None),
    }
    try:
        yield ours
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(ours)
        os.close(theirs)
