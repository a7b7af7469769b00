"""The schedule: which job is asked for in which slot, changed by people, followed by any number of schedulers.

Each slot's run is named by schedule and slot, so that two schedulers ask for it once. Slots missed while nobody looked are
made up for once, by the latest; a slot whose forerunner is not over yet is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from evenstock.operations.ports import ConflictError, Entry, Transaction
from evenstock.operations.runs.forgetting import SCHEDULE
from evenstock.operations.runs.keeping import Run, ask_for, run_named
from evenstock.operations.schedule.timing import Timing, plain_of, timing_of

KIND: Final = "schedule"
ON: Final = "on"
PAUSED: Final = "paused"
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One job, asked for again and again."""

    name: str
    job: str
    timing: Timing
    asked: Mapping[str, Any]
    """What each run is asked for, plain JSON."""
    paused: bool = False
    by: str = ""
    """Who changed it last; empty where nobody did."""
    last_slot: datetime | None = None
    last_run: str = ""
    next_at: datetime | None = None
    """None while it is paused."""
    step: int = 0


def plant(books: Transaction, every: Iterable[Scheduled]) -> list[str]:
    """Enter those that are not there yet, from their next slot on; what people changed stays. Returns the new names."""
    new = []
    for one in every:
        if books.entry(KIND, one.name) is None:
            try:
                books.enter(_entry(replace(one, next_at=one.timing.following(books.clock()), step=0)))
            except ConflictError:
                # Another scheduler was faster.
                continue
            new.append(one.name)
    return new


def schedule(books: Transaction, *, after: str = "", limit: int = 1_000) -> list[Scheduled]:
    """By name."""
    return [_scheduled(entry) for entry in books.entries(KIND, after=after, limit=limit)]


def scheduled(books: Transaction, name: str) -> Scheduled | None:
    found = books.entry(KIND, name)
    return _scheduled(found) if found is not None else None


def put(books: Transaction, one: Scheduled, by: str) -> Scheduled:
    """Change when it runs, what it asks, or whether it is paused; goes on from its next slot.

    Raises ConflictError if somebody changed it meanwhile.
    """
    next_at = None if one.paused else one.timing.following(books.clock())
    changed = replace(one, by=by, next_at=next_at, step=one.step + 1)
    books.change_entry(one.step, _entry(changed))
    return changed


def any_due(books: Transaction) -> bool:
    """Whether a slot has come; for a reading, so that who finds none keeps nobody from writing."""
    return bool(books.due_entries(KIND, books.clock(), 1))


def follow(books: Transaction, now: datetime) -> list[Run]:
    """Ask for what is due by the store's clock; `now` is when it was asked for."""
    clock = books.clock()
    asked = [_slot(books, entry.id, clock, now) for entry in books.due_entries(KIND, clock, _AT_ONCE)]
    return [run for run in asked if run is not None]


def _slot(books: Transaction, name: str, clock: datetime, now: datetime) -> Run | None:
    one = scheduled(books, name)
    if one is None or one.paused or one.next_at is None or one.next_at > clock:
        # Another scheduler has done it, or somebody paused it.
        return None
    slot = one.timing.last(clock)
    before = run_named(books, one.last_run) if one.last_run else None
    run = None
    if before is None or before.state.over:
        run = ask_for(
            books, one.job, one.asked, SCHEDULE, now, name=f"{one.name}:{slot.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
        )
    later = replace(one, next_at=one.timing.following(clock), step=one.step + 1)
    if run is not None:
        later = replace(later, last_slot=slot, last_run=run.id)
    books.change_entry(one.step, _entry(later))
    return run


def _entry(one: Scheduled) -> Entry:
    body = {
        "job": one.job,
        "timing": plain_of(one.timing),
        "asked": dict(one.asked),
        "by": one.by,
        "last_slot": one.last_slot.isoformat() if one.last_slot else None,
        "last_run": one.last_run,
    }
    return Entry(KIND, one.name, body, one.step, PAUSED if one.paused else ON, one.next_at)


def _scheduled(entry: Entry) -> Scheduled:
    body = entry.body
    return Scheduled(
        name=entry.id,
        job=body["job"],
        timing=timing_of(body["timing"]),
        asked=body["asked"],
        paused=entry.state == PAUSED,
        by=body["by"],
        last_slot=datetime.fromisoformat(body["last_slot"]) if body["last_slot"] else None,
        last_run=body["last_run"],
        next_at=entry.due_at,
        step=entry.step,
    )
