"""Who is served when there is more to do than can be done: by class of work, in a stated order, and at once if at all.

All work of a process shares a few threads, as many as keep the database busy. Each class may use a part of them, smaller
the less it matters, and may wait a little in a short line; what finds the line full, or waits longer than its patience, is
refused in well under ten milliseconds of work with the time to come back. So a flood of reports never delays an order, and
a flood of orders is served at the rate it can be.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from evenstock.service.http.problems import Problem
from evenstock.service.telemetry.tracing import span


class Load(StrEnum):
    """Classes of work, what matters most first."""

    RESERVE = "reserve"
    """Releases, cancellations, receipts: what happened on the floor."""
    ROUTE = "route"
    WEBHOOK = "webhook"
    FEED = "feed"
    CONSOLE = "console"
    """A person reads or answers."""
    REBALANCE = "rebalance"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Share:
    """What a class may take."""

    at_once: int
    """Threads of the process that this class and those below it may hold together."""
    waiting: int
    """Requests that may wait in line."""
    patience_s: float
    """Longest wait in line."""


RECENT: Final = 0.05
"""Weight of the last place given back in how long places are held."""
SHARES: Final[Mapping[Load, Share]] = {
    Load.RESERVE: Share(8, 128, 2.0),
    Load.ROUTE: Share(7, 128, 1.0),
    Load.WEBHOOK: Share(6, 256, 2.0),
    Load.FEED: Share(5, 32, 5.0),
    Load.CONSOLE: Share(4, 64, 5.0),
    Load.REBALANCE: Share(3, 8, 5.0),
    Load.REPORT: Share(2, 8, 5.0),
}
"""The more a class matters the more threads it may hold, so the last ones are always free for what happened on the floor."""


@dataclass
class Admission:
    """Runs in one event loop; not for threads."""

    shares: Mapping[Load, Share] = field(default_factory=lambda: dict(SHARES))
    busy: int = 0
    refused: dict[Load, int] = field(default_factory=lambda: dict.fromkeys(Load, 0))
    beside: dict[Load, Callable[[], int]] = field(default_factory=dict)
    """How many wait in a line of their own, for classes that are served many at once."""
    _lines: dict[Load, deque[asyncio.Future[None]]] = field(default_factory=lambda: {load: deque() for load in Load})
    _held_s: dict[Load, float] = field(default_factory=lambda: dict.fromkeys(Load, 0.0))
    """How long a place is held, on average of late; 0 until one was given back."""

    def waiting(self, load: Load) -> int:
        beside = self.beside.get(load)
        return len(self._lines[load]) + (beside() if beside is not None else 0)

    def patience_s(self, load: Load) -> float:
        return self.shares[load].patience_s

    @asynccontextmanager
    async def place(self, load: Load) -> AsyncIterator[None]:
        """Hold one thread's worth of work. Raises Problem `overloaded` where there is no room for this class."""
        with span("admission"):
            await self._enter(load)
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            yield
        finally:
            self._held_s[load] += RECENT * (clock() - began - self._held_s[load])
            self._leave()

    def wait_s(self, load: Load) -> float:
        """How long the next in line will wait, as places were held of late."""
        return (len(self._lines[load]) + 1) * self._held_s[load] / self.shares[load].at_once

    def require_room(self, load: Load, at_once: int) -> None:
        """Raise Problem `overloaded` where a line that is served so many at once is full, or would be waited in in vain.

        Who comes first is let in whatever happened before: only who is let in shows that places are held for a shorter time.
        """
        if not self.has_room(load, at_once):
            raise self.refuse(load)

    def has_room(self, load: Load, at_once: int) -> bool:
        """Whether one more may wait in a line that is served so many at once."""
        waiting, share = self.waiting(load), self.shares[load]
        in_vain = waiting and (waiting // at_once + 1) * self._held_s[load] > share.patience_s
        return waiting < share.waiting and not in_vain

    async def _enter(self, load: Load) -> None:
        share = self.shares[load]
        line = self._lines[load]
        if self.busy < share.at_once and not line:
            self.busy += 1
            return
        # Who would wait in vain is told so now, not when his patience is over.
        if len(line) >= share.waiting or self.wait_s(load) > share.patience_s:
            raise self.refuse(load)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await asyncio.wait_for(turn, share.patience_s)
        except TimeoutError:
            # His turn may have come in the very moment in which his patience ended.
            if not turn.done() or turn.cancelled():
                raise self.refuse(load) from None
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            raise
        finally:
            if turn in line:
                line.remove(turn)

    def _leave(self) -> None:
        self.busy -= 1
        for load in Load:
            line = self._lines[load]
            while line and self.busy < self.shares[load].at_once:
                turn = line.popleft()
                if not turn.done():
                    self.busy += 1
                    turn.set_result(None)

    def refuse(self, load: Load) -> Problem:
        """What somebody is told who finds no room, counted."""
        self.refused[load] += 1
        after = max(1, round(self.shares[load].patience_s))
        return Problem(
            "overloaded",
            f"{self.waiting(load)} requests of the class {load} wait already",
            headers={"Retry-After": str(after)},
        )
