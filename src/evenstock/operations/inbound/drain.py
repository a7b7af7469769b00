"""Applies what was received: each event's effect is committed with the mark that it is done."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from evenstock.operations.inbound.applying import Inbound, Kind, RefusedError, Told, kinds, one_word
from evenstock.operations.inbound.breaker import held_back
from evenstock.operations.inbound.fields import Fields, WrongDataError
from evenstock.operations.ports import (
    ConflictError,
    Handling,
    Received,
    StoreError,
    Transaction,
    UnavailableError,
)

MOST_TRIES: Final = 5
FIRST_WAIT: Final = timedelta(seconds=10)
GROWTH: Final = 6
"""After the first failure 10 s, then 1 min, 6 min, 36 min; the fifth failure is the last."""
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

    @property
    def tried(self) -> int:
        return self.done + self.again + self.dead


def drain(at: Inbound, now: datetime, limit: int = 1_000) -> Drained:
    """Apply waiting events that are due, in the order received for each source and subject, until `limit` were tried.

    Several workers may drain at once: each event takes effect once. One event that fails is tried again after 10 s, 1 min,
    6 min and 36 min, and is dead after its fifth failure; the others go on, and those about the same thing wait behind it.

    Raises
    ------
    UnavailableError
        If the store cannot be reached: nothing is counted as tried then.
    """
    tally = Drained()
    left = limit
    while left > 0:
        claimed, alone = _together(at, now, min(AT_ONCE, left), tally)
        if not claimed:
            break
        left -= claimed
        for event in alone:
            _alone(at, event, now, tally)
    return tally


def wait_after(tries: int) -> timedelta:
    """How long an event waits after so many failures.

    Examples
    --------
    >>> [int(wait_after(tries).total_seconds()) for tries in (1, 2, 3, 4)]
    [10, 60, 360, 2160]
    """
    return FIRST_WAIT * int(GROWTH ** (tries - 1))


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


def _together(at: Inbound, now: datetime, limit: int, tally: Drained) -> tuple[int, list[Received]]:
    """Claim events and apply at once those that may share a transaction; returns how many were claimed, and the others."""
    counted = Drained()
    alone: list[Received] = []
    claimed: list[Received] = []
    try:
        with at.store.transaction() as books:
            claimed = books.claim_received(now, limit)
            told: list[tuple[Kind, Told]] = []
            for event in claimed:
                kind = kinds().get(event.kind)
                if kind is not None and not kind.TOGETHER:
                    alone.append(event)
                    continue
                try:
                    told.append((_kind_of(event), told_of(event)))
                except WrongDataError as wrong:
                    _failed(books, event, wrong, now, counted)
            _apply_all(at, books, told, now, counted)
    except UnavailableError:
        raise
    except Exception:  # noqa: BLE001 (something nobody foresaw: which event it was shows when each is tried alone)
        return len(claimed), claimed
    _add(tally, counted)
    return len(claimed), alone


def _apply_all(
    at: Inbound, books: Transaction, told: Sequence[tuple[Kind, Told]], now: datetime, tally: Drained
) -> None:
    held = held_back(books, [one for _, one in told], now)
    # In key order, as orders reserve, so that two transactions never wait for each other in a circle.
    for kind, one in sorted(told, key=lambda pair: _key(pair[1].data.said)):
        event = one.received
        if event.id in held:
            books.handled(event, Handling.DEAD, now, held[event.id])
            tally.dead += 1
            tally.because.append((event.source, event.id, held[event.id]))
            continue
        try:
            sentence = kind.apply(at, books, one, now)
        except UnavailableError:
            raise
        except (WrongDataError, RefusedError, StoreError) as refused:
            _failed(books, event, refused, now, tally)
        else:
            books.handled(event, Handling.DONE, now, sentence)
            tally.done += 1


def _alone(at: Inbound, event: Received, now: datetime, tally: Drained) -> None:
    """Apply one event in a transaction of its own; another worker that was faster leaves nothing to do."""
    try:
        told = told_of(event)
        kind = _kind_of(event)
        with at.store.transaction() as books:
            held = held_back(books, [told], now)
            if event.id in held:
                books.handled(event, Handling.DEAD, now, held[event.id])
                tally.dead += 1
                return
            sentence = kind.apply(at, books, told, now)
            books.handled(event, Handling.DONE, now, sentence)
    except UnavailableError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever one event meets, the others go on)
        try:
            with at.store.transaction() as books:
                _failed(books, event, error, now, tally)
        except ConflictError:
            return  # somebody else has handled it since we read it
    else:
        tally.done += 1


def _kind_of(event: Received) -> Kind:
    found = kinds().get(event.kind)
    if found is None:
        raise WrongDataError("/type", f"nothing is known of {event.kind!r}; known are {', '.join(kinds())}")
    return found


def _failed(books: Transaction, event: Received, error: Exception, now: datetime, tally: Drained) -> None:
    foreseen = isinstance(error, WrongDataError | RefusedError | StoreError)
    because = str(error) if foreseen else f"{type(error).__name__}: {error}"
    tries = event.tries + 1
    if isinstance(error, WrongDataError) or tries >= MOST_TRIES:
        books.handled(event, Handling.DEAD, now, because)
        tally.dead += 1
    else:
        books.handled(event, Handling.WAITING, now, because, now + wait_after(tries))
        tally.again += 1
    tally.because.append((event.source, event.id, because))


def _key(data: Mapping[str, Any]) -> tuple[str, str, str]:
    return one_word(data, "sku"), one_word(data, "node"), one_word(data, "lot")


def _add(tally: Drained, more: Drained) -> None:
    tally.done += more.done
    tally.again += more.again
    tally.dead += more.dead
    tally.because += more.because
