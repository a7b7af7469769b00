"""The schedule: which job is asked for in which slot, changed by people, followed by any number of schedulers.

Each slot's run is named by schedule and slot, so that two schedulers ask for it once. Slots missed while nobody looked are
made up for once, by the latest; a slot whose forerunner is not over yet is left out. A schedule that somebody changed works on
his behalf, with no more right than he has now: where he is gone, may not change it any more or is quarantined, its slots are left
out and others are told, until somebody else takes it over by changing it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from evenstock.domain import Event
from evenstock.operations.access.api_key import KIND as KEY
from evenstock.operations.access.api_key import key_of
from evenstock.operations.access.people import account_name, find_person
from evenstock.operations.access.principal import Grant, Role
from evenstock.operations.actors.standing import held
from evenstock.operations.audit.audited_store import say
from evenstock.operations.ports import ConflictError, Entry, Transaction
from evenstock.operations.runs.forgetting import SCHEDULE
from evenstock.operations.runs.keeping import Run, ask_for, run_named
from evenstock.operations.schedule.timing import Timing, plain_of, timing_of

KIND: Final = "schedule"
ON: Final = "on"
PAUSED: Final = "paused"
_AT_ONCE: Final = 100
CHANGES: Final = frozenset({Role.PLANNER, Role.OPERATOR})
"""Roles that may change the schedule, where they hold everywhere; a test holds this against the policies."""


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


def stopped_because(books: Transaction, one: Scheduled) -> str:
    """Why a schedule asks for nothing now although it is not paused; empty where it does.

    One that nobody changed is the company's own, and so is one changed by a name that is no account here.
    """
    if held(books, f"schedule:{one.name}") is not None:
        return "it is quarantined"
    kind, _, name = one.by.partition(":")
    grants: list[tuple[Grant, ...]] = []
    asked = [one.by]
    if kind == "key":
        found = books.entry(KEY, name)
        key = key_of(found) if found is not None else None
        if key is None or not key.lives(books.clock()):
            return f"{one.by}, who changed it last, works no longer"
        grants.append(key.grants)
        account = key.owner
    else:
        account = name if kind == "person" else account_name(one.by)
    person = find_person(books, account) if account else None
    if person is None and (kind == "person" or (kind == "key" and account)):
        return f"{one.by}, who changed it last, has no account"
    if person is not None:
        if not person.active:
            return f"the account {person.id}, who changed it last, is disabled"
        grants.append(person.grants)
        asked.append(f"person:{person.id}")
    if held(books, *asked) is not None:
        return f"{one.by}, who changed it last, is quarantined"
    able = all(any(g.role in CHANGES and not g.nodes and not g.regions for g in some) for some in grants)
    return "" if able else f"{one.by}, who changed it last, may change the schedule no longer"


def _slot(books: Transaction, name: str, clock: datetime, now: datetime) -> Run | None:
    one = scheduled(books, name)
    if one is None or one.paused or one.next_at is None or one.next_at > clock:
        # Another scheduler has done it, or somebody paused it.
        return None
    slot = one.timing.last(clock)
    before = run_named(books, one.last_run) if one.last_run else None
    run, named = None, f"{one.name}:{slot.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
    stopped = stopped_because(books, one)
    if stopped:
        body = {"name": one.name, "job": one.job, "by": one.by, "because": stopped}
        books.publish([Event(f"schedule:{named}:held:{one.step}", "ScheduleHeld", f"schedule:{one.name}", clock, body)])
    elif before is None or before.state.over:
        run = ask_for(books, one.job, one.asked, f"{SCHEDULE}:{one.name}" if one.by else SCHEDULE, now, name=named)
        if one.by:
            say(books, f"schedule:{one.name}", {"did": "follow", "run": run.id, "on_behalf_of": one.by})
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
