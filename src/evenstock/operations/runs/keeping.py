"""A run from the wish to its end: waiting, running, then done, failed or cancelled.

A run belongs to the worker that holds its lease; one whose worker died is taken up again by the next, which is safe because
every job is idempotent by the run's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from evenstock.domain import digest, rfc3339
from evenstock.operations.ports import ConflictError, Entry, Transaction

KIND: Final = "run"
MOST_TRIES: Final = 5


class RunState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        return self in {RunState.DONE, RunState.FAILED, RunState.CANCELLED}


@dataclass(frozen=True, slots=True)
class Run:
    """One piece of long work."""

    id: str
    job: str
    """Which job of the worker does it, such as `plan` or `reprice`."""
    asked: Mapping[str, Any]
    """What was asked for, plain JSON; the job says what it takes."""
    by: str
    """Principal who asked."""
    asked_at: datetime
    state: RunState = RunState.WAITING
    begun_at: datetime | None = None
    """When it was first taken up: the moment that its work is of, however often it is tried."""
    ended_at: datetime | None = None
    share_done: int = 0
    """Hundredths."""
    doing: str = ""
    """What is being done, in words."""
    result: Mapping[str, Any] | None = None
    because: str = ""
    """Why it failed or was cancelled."""
    tries: int = 0
    """How often it was taken up."""
    step: int = 0


def ask_for(books: Transaction, job: str, asked: Mapping[str, Any], by: str, now: datetime, *, name: str = "") -> Run:
    """Keep the wish; a worker takes it up. The same `name` again is the same run (such as a schedule's `nightly:2026-11-22`).

    Raises ConflictError if a run of that name asked for something else.
    """
    name = name or "run-" + digest([job, plain_of(asked), by, now])[7:31]
    found = books.entry(KIND, name)
    if found is not None:
        known = run_of(found)
        if (known.job, dict(known.asked)) != (job, dict(asked)):
            raise ConflictError(f"run {name} was asked for with other content; give each its own name")
        return known
    run = Run(name, job, asked, by, now)
    # Due by the store's own clock: what a machine with a wrong one asked for is done none the later.
    books.enter(Entry(KIND, name, body_of(run), 0, run.state, books.clock()))
    return run


def change(books: Transaction, run: Run, due_at: datetime | None) -> Run:
    """Keep a run's next step; a run that is not over is looked at again from `due_at` on, by the store's clock.

    Raises ConflictError if somebody changed it meanwhile, such as by cancelling it.
    """
    later = replace(run, step=run.step + 1)
    due = None if later.state.over else due_at
    books.change_entry(run.step, Entry(KIND, run.id, body_of(later), later.step, later.state, due))
    return later


def cancel(books: Transaction, name: str, by: str, now: datetime) -> Run | None:
    """Stop a run that waits, or that runs: its worker finds out at its next step. None if there is no such run."""
    found = books.entry(KIND, name)
    if found is None:
        return None
    run = run_of(found)
    if run.state.over:
        return run
    return change(books, replace(run, state=RunState.CANCELLED, ended_at=now, because=f"cancelled by {by}"), None)


def run_named(books: Transaction, name: str) -> Run | None:
    found = books.entry(KIND, name)
    return run_of(found) if found is not None else None


def runs(books: Transaction, *, state: RunState | None = None, after: str = "", limit: int = 100) -> list[Run]:
    return [run_of(entry) for entry in books.entries(KIND, state=state, after=after, limit=limit)]


def plain_of(asked: Mapping[str, Any]) -> list[list[Any]]:
    return [[key, repr(asked[key])] for key in sorted(asked)]


def body_of(run: Run) -> dict[str, Any]:
    def moment(at: datetime | None) -> str | None:
        return rfc3339(at) if at else None

    return {
        "job": run.job,
        "asked": dict(run.asked),
        "by": run.by,
        "asked_at": moment(run.asked_at),
        "begun_at": moment(run.begun_at),
        "ended_at": moment(run.ended_at),
        "share_done": run.share_done,
        "doing": run.doing,
        "result": dict(run.result) if run.result is not None else None,
        "because": run.because,
        "tries": run.tries,
    }


def run_of(entry: Entry) -> Run:
    body = dict(entry.body)
    for name in ("asked_at", "begun_at", "ended_at"):
        body[name] = datetime.fromisoformat(body[name]) if body[name] else None
    return Run(id=entry.id, state=RunState(entry.state), step=entry.step, **body)
