"""Applies what was received: each event's effect is committed with the mark that it is done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from evenstock.operations.inbound.applying import Inbound, Kind, Told, kinds, one_word, planning_of
from evenstock.operations.inbound.at_once import all_at_once
from evenstock.operations.inbound.breaker import Ahead, held_back
from evenstock.operations.inbound.failing import MOST_TRIES, failure, wait_after
from evenstock.operations.inbound.fields import Fields, WrongDataError
from evenstock.operations.inbound.tally import Tally, add
from evenstock.operations.ports import (
    ConflictError,
    Handling,
    Mark,
    Received,
    StoreError,
    Transaction,
    UnavailableError,
)

__all__ = ["AT_ONCE", "MOST_TRIES", "Drained", "drain", "told_of", "wait_after"]

AT_ONCE: Final = 200
"""Events claimed together: few commits, and no lock held for long."""


@dataclass(slots=True)
class Drained:
    """What became of the events of one pass."""

    done: int = 0
    again: int = 0
    """Refused for now; they wait for their next try."""
    dead: int = 0
    """Given up: a person reads why."""
    because: list[tuple[str, str, str]] = field(default_factory=list)
    """Source, event and reason of what was not applied."""
    of: dict[str, Tally] = field(default_factory=dict)
    """By source."""

    @property
    def tried(self) -> int:
        return self.done + self.again + self.dead

    def count(self, marks: Iterable[Mark]) -> None:
        for mark in marks:
            self.done += mark.handling is Handling.DONE
            self.again += mark.handling is Handling.WAITING
            self.dead += mark.handling is Handling.DEAD
            source = mark.event.source
            self.of[source] = self.of.get(source, Tally()).also(mark)
            if mark.handling is not Handling.DONE:
                self.because.append((mark.event.source, mark.event.id, mark.because))


def drain(at: Inbound, now: datetime, limit: int = 1_000) -> Drained:
    """Apply waiting events that are due, in the order received for each source and subject, until `limit` were tried.

    Several workers may drain at once: each event takes effect once. One event that fails is tried again after 10 s, 1 min,
    6 min and 36 min, and is dead after its fifth failure; the others go on, and those about the same thing wait behind it.

    Raises
    ------
    UnavailableError
        If the store cannot be reached: nothing is counted as tried then.
    """
    tally, ahead = Drained(), Ahead()
    left = limit
    while left > 0:
        claimed, alone = _together(at, now, min(AT_ONCE, left), tally, ahead)
        if not claimed:
            break
        left -= claimed
        for event in alone:
            _alone(at, event, now, tally, ahead)
    if tally.of:
        with at.store.transaction() as books:
            add(books, tally.of)
    return tally


def told_of(event: Received) -> Told:
    """The event as its kind reads it. Raises WrongDataError."""
    try:
        envelope = json.loads(event.body)
    except ValueError as error:
        raise WrongDataError("", f"this is not JSON: {error}") from None
    data = envelope.get("data") if isinstance(envelope, dict) else None
    if not isinstance(data, dict):
        raise WrongDataError("/data", "an object is needed that says what happened")
    return Told(event, Fields(data))


def _together(at: Inbound, now: datetime, limit: int, tally: Drained, ahead: Ahead) -> tuple[int, list[Received]]:
    """Claim events and apply at once those that may share a transaction; returns how many were claimed, and the others."""
    claimed: list[Received] = []
    try:
        with at.store.transaction() as books:
            claimed = books.claim_received(now, limit)
            told, marks, alone = _read(claimed, now)
            held = held_back(books, [one for _, one in told], now, ahead)
            marks += [Mark(one.received, Handling.DEAD, held[one.key]) for _, one in told if one.key in held]
            # In key order, as orders reserve, so that two transactions never wait for each other in a circle.
            free = [(kind, one) for kind, one in told if one.key not in held]
            free.sort(key=lambda pair: _key(pair[1].data.said))
            some, odd = _applied(at, books, free, now)
            marks += some
            alone += odd
            books.mark(marks, now)
    except UnavailableError:
        raise
    except Exception:  # noqa: BLE001 (something nobody foresaw: which event it was shows when each is tried alone)
        return len(claimed), claimed
    tally.count(marks)
    ahead.handled(mark.event for mark in marks)
    return len(claimed), alone


def _read(claimed: Sequence[Received], now: datetime) -> tuple[list[tuple[Kind, Told]], list[Mark], list[Received]]:
    """Events to apply together, what became of those that cannot be read, and those to apply alone."""
    together: list[tuple[Kind, Told]] = []
    marks: list[Mark] = []
    alone: list[Received] = []
    for event in claimed:
        kind = kinds().get(event.kind)
        if kind is not None and not kind.TOGETHER:
            alone.append(event)
            continue
        try:
            together.append((_kind_of(event), told_of(event)))
        except WrongDataError as wrong:
            marks.append(failure(event, wrong, now))
    return together, marks, alone


def _applied(
    at: Inbound, books: Transaction, told: Sequence[tuple[Kind, Told]], now: datetime
) -> tuple[list[Mark], list[Received]]:
    """Many in one step of the books where their kinds can: what became of each, and those to be tried alone."""
    planned = [(planning, one) for kind, one in told if (planning := planning_of(kind)) is not None]
    if len(planned) == len(told) > 1 and at.adjusts_freely(now):
        try:
            with books.whole():
                return all_at_once(at, books, planned, now)
        except UnavailableError:
            raise
        except StoreError:
            pass  # one of them cannot be told: which, shows one by one
    return [_one(at, books, kind, one, now) for kind, one in told], []


def _one(at: Inbound, books: Transaction, kind: Kind, told: Told, now: datetime) -> Mark:
    try:
        with books.whole():
            return Mark(told.received, Handling.DONE, kind.apply(at, books, told, now))
    except UnavailableError:
        raise
    except (WrongDataError, StoreError) as refused:
        return failure(told.received, refused, now)


def _alone(at: Inbound, event: Received, now: datetime, tally: Drained, ahead: Ahead) -> None:
    """Apply one event in a transaction of its own; another worker that was faster leaves nothing to do."""
    try:
        told = told_of(event)
        kind = _kind_of(event)
        with at.store.transaction() as books:
            held = held_back(books, [told], now, ahead)
            if held:
                mark = Mark(event, Handling.DEAD, held[told.key])
            else:
                mark = Mark(event, Handling.DONE, kind.apply(at, books, told, now))
            books.mark([mark], now)
    except UnavailableError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever one event meets, the others go on)
        mark = failure(event, error, now)
        try:
            with at.store.transaction() as books:
                books.mark([mark], now)
        except ConflictError:
            return  # somebody else has handled it since we read it
    tally.count([mark])
    ahead.handled([event])


def _kind_of(event: Received) -> Kind:
    found = kinds().get(event.kind)
    if found is None:
        raise WrongDataError("/type", f"nothing is known of {event.kind!r}; known are {', '.join(kinds())}")
    return found


def _key(data: Mapping[str, Any]) -> tuple[str, str, str]:
    return one_word(data, "sku"), one_word(data, "node"), one_word(data, "lot")
