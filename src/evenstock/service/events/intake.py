"""Stores what was read before anything is answered: requests that wait at the same moment share one commit.

While one commit is under way whatever comes is gathered, and the next commit takes it all in one statement. So a lone
webhook waits for nobody, and a flood of them costs few commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Final

from evenstock.operations.ports import Handling, Received, Store, UnavailableError
from evenstock.service.events.cloudevents import Read
from evenstock.service.guard import in_thread
from evenstock.service.http.problems import Problem
from evenstock.storage.vital_signs import events_waiting

MOST_GATHERED: Final = 100_000
"""Events of requests that wait to be stored in this process."""
AT_ONCE: Final = 20_000
"""Events in one commit."""
MOST_WAITING: Final = 1_000_000
"""Stored events that wait to be applied, beyond which no more are taken."""
LOOK_EVERY_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one request's events."""

    new: int
    seen: int
    """Stored before: a second delivery, which has no effect."""
    dead: int
    """Of the new ones: could not be read."""


@dataclass
class Intake:
    """Runs in one event loop; not for threads."""

    store: Store
    clock: Callable[[], datetime]
    most_waiting: int = MOST_WAITING
    _gathered: list[tuple[Read, asyncio.Future[Stored]]] = field(default_factory=list)
    _events: int = 0
    _writer: asyncio.Task[None] | None = None
    _looking: asyncio.Task[None] | None = None
    _waiting: int = 0
    _looked: float = float("-inf")

    def require_room(self) -> None:
        """Raise Problem `overloaded` where more waits to be stored or applied than is taken; nothing was stored then."""
        if self._looking is None and monotonic() - self._looked > LOOK_EVERY_S:
            self._looked = monotonic()
            self._looking = asyncio.get_running_loop().create_task(self._look())
        if self._events >= MOST_GATHERED:
            raise Problem(
                "overloaded", f"{self._events:,} events wait to be stored already", headers={"Retry-After": "2"}
            )
        if self._waiting >= self.most_waiting:
            raise Problem(
                "overloaded",
                f"{self._waiting:,} events wait to be applied already; at most {self.most_waiting:,} may",
                headers={"Retry-After": "30"},
            )

    async def keep(self, read: Read) -> Stored:
        """Store a request's events, those that cannot be read as dead. Returns once they are committed."""
        if not read.events and not read.dead:
            return Stored(0, 0, 0)
        done: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._gathered.append((read, done))
        self._events += _size(read)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.get_running_loop().create_task(self._write_all())
        stored = await done
        self._waiting += stored.new - stored.dead
        return stored

    async def _look(self) -> None:
        try:
            self._waiting = await in_thread(partial(events_waiting, self.store, self.most_waiting))
        except UnavailableError:
            pass  # storing will say so
        finally:
            self._looking = None

    async def _write_all(self) -> None:
        while self._gathered:
            some = self._next()
            try:
                stored = await in_thread(partial(_write, self.store, [read for read, _ in some], self.clock()))
            except UnavailableError as error:
                _fail(some, error)
            except Exception as error:  # noqa: BLE001 (whoever sent what cannot be stored is told; the others are stored)
                if len(some) == 1:
                    _fail(some, error)
                else:
                    await self._one_by_one(some)
            else:
                _tell(some, stored)

    def _next(self) -> list[tuple[Read, asyncio.Future[Stored]]]:
        size = taken = 0
        for read, _ in self._gathered:
            if taken and size + _size(read) > AT_ONCE:
                break
            size += _size(read)
            taken += 1
        some, self._gathered = self._gathered[:taken], self._gathered[taken:]
        self._events -= size
        return some

    async def _one_by_one(self, some: Sequence[tuple[Read, asyncio.Future[Stored]]]) -> None:
        for pair in some:
            try:
                stored = await in_thread(partial(_write, self.store, [pair[0]], self.clock()))
            except Exception as error:  # noqa: BLE001 (told to whoever sent it)
                _fail([pair], error)
            else:
                _tell([pair], stored)


def _write(store: Store, reads: Sequence[Read], now: datetime) -> list[Stored]:
    every: list[Received] = []
    for read in reads:
        every += read.events
        every += [event for _, event, _ in read.dead]
    with store.transaction() as books:
        new = books.receive(every, now)
        place, found = 0, []
        for read in reads:
            mine = new[place : place + _size(read)]
            place += _size(read)
            dead = 0
            for is_new, (_, event, because) in zip(mine[len(read.events) :], read.dead, strict=True):
                if is_new:
                    books.handled(event, Handling.DEAD, now, because)
                    dead += 1
            fresh = sum(mine)
            found.append(Stored(fresh, len(mine) - fresh, dead))
    return found


def _size(read: Read) -> int:
    return len(read.events) + len(read.dead)


def _tell(some: Sequence[tuple[Read, asyncio.Future[Stored]]], stored: Sequence[Stored]) -> None:
    for (_, done), one in zip(some, stored, strict=True):
        if not done.done():
            done.set_result(one)


def _fail(some: Sequence[tuple[Read, asyncio.Future[Stored]]], error: Exception) -> None:
    for _, done in some:
        if not done.done():
            done.set_exception(error)
