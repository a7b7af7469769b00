"""How long a request may take, by its class: at the database, and for whoever waits for the answer.

The server gives up a statement or a lock, a watch cuts the connection of what is held too long (`storage.time_limits`), and the
caller is answered in any case, soon after. What was under way by then may have taken effect or not: under the same key, or about
the same id, it counts once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, TypeVar

from evenstock.service.admission import Load
from evenstock.service.http.problems import Problem
from evenstock.storage.time_limits import BOUND, Bound

Result = TypeVar("Result")
BOUNDS: Final[Mapping[Load, Bound]] = {
    Load.RESERVE: Bound(8, brief=True),
    Load.ROUTE: Bound(8, brief=True),
    Load.WEBHOOK: Bound(10, brief=True),
    Load.FEED: Bound(30),
    Load.CONSOLE: Bound(30),
    Load.REBALANCE: Bound(180),
    Load.REPORT: Bound(300),
}
"""Longest time that one transaction of a class may take."""
PROBE: Final = Bound(3, brief=True)
"""Of those who watch the service."""
SPARE_S: Final = 2.0
"""A caller is answered at the latest this long after a transaction must have ended: until then it tells more than we know."""
AGAIN_S: Final = 0.1


class Within:
    """The block of one request's work: what it asks the database is bounded, and so is how long its caller waits.

    Raises
    ------
    Problem
        `unavailable`, where the work does not end in time. It may go on for a moment in its thread.
    """

    __slots__ = ("_before", "_load", "_loop", "_task", "_timer", "_told")

    def __init__(self, load: Load) -> None:
        self._load = load

    def __enter__(self) -> None:
        bound = BOUNDS[self._load]
        # Never set back: a request is a task of its own, and has one class.
        BOUND.set(bound)
        task = asyncio.current_task()
        assert task is not None, "work of a request runs in its task"
        self._task, self._loop, self._told = task, asyncio.get_running_loop(), 0
        self._before = task.cancelling()
        self._timer = self._loop.call_later(bound.held_s + SPARE_S, self._tell)

    def _tell(self) -> None:
        # Again, until it is heard: Python 3.11 loses it where what was awaited came in the same moment.
        self._told += 1
        self._task.cancel()
        self._timer = self._loop.call_later(AGAIN_S, self._tell)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if not self._told:
            return
        for _ in range(self._told):
            self._task.uncancel()
        # Who hung up is cancelled as well, and is told nothing.
        if kind is asyncio.CancelledError and self._task.cancelling() <= self._before:
            raise too_late(self._load) from None


def too_late(load: Load) -> Problem:
    """What a caller is told whose answer did not come in time."""
    seconds = BOUNDS[load].held_s + SPARE_S
    return Problem(
        "unavailable",
        f"no answer within {seconds:.0f} s, the longest that {load.value} may take; whether it took effect is unknown: "
        "ask again under the same key or id, and it will count once",
        headers={"Retry-After": "2"},
    )


def bounded(bound: Bound, call: Callable[[], Result]) -> Result:
    """Run it in this thread, and hold what it asks the database to `bound`."""
    token = BOUND.set(bound)
    try:
        return call()
    finally:
        BOUND.reset(token)
