"""Quarantine an actor, and release it: nothing more is done on its word until another person has looked.

A key, and so an agent, is refused where it comes in; a schedule asks for no more runs; a source's events are not taken. A person
may still sign in and read, and sees why he may change nothing. What they have open stands still: runs of theirs wait. The last
administrator who is free is never quarantined, so that there is somebody to release others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from evenstock.domain import Event, rfc3339
from evenstock.operations.access.api_key import KIND as KEY
from evenstock.operations.access.api_key import KeyState, key_of, keys
from evenstock.operations.access.people import KIND as PERSON
from evenstock.operations.access.people import PersonState, account_name, everybody, find_person
from evenstock.operations.actors.standing import (
    Aspect,
    Quarantine,
    change,
    entry_of,
    held,
    last_quarantine,
)
from evenstock.operations.audit.audited_store import say
from evenstock.operations.audit.deeds import digest_of
from evenstock.operations.inbound.breaker import SOURCE
from evenstock.operations.ports import ConflictError, Store, StoreError, Transaction
from evenstock.operations.runs.keeping import Run, RunState, run_named, runs
from evenstock.operations.runs.keeping import change as change_run
from evenstock.operations.schedule.keeping import KIND as SCHEDULE

OURSELVES: Final = "evenstock"
"""Who quarantines what the watch or a cap finds."""
_KINDS: Final = {"person": PERSON, "key": KEY, "schedule": SCHEDULE, "source": SOURCE}
_DOING: Final = "held: whoever asked for it is quarantined"
_PAGE: Final = 500


class UnknownActorError(StoreError):
    """There is no such actor."""


class LastAdministratorError(ConflictError):
    """Nobody could release anybody any more."""


@dataclass(frozen=True, slots=True)
class Because:
    """Why."""

    aspect: Aspect
    sentence: str
    """With its numbers."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON."""


def quarantine(store: Store, actor: str, because: Because, by: str = OURSELVES) -> Quarantine:
    """Keep it, hold what the actor has open, and tell others (`ActorQuarantined`); one that is in force stays as it is.

    Raises
    ------
    UnknownActorError
        If there is no such person, key, schedule or source.
    LastAdministratorError
        If it is the last account that administers and is free.
    ConflictError
        If it is quarantined by itself.
    """
    with store.transaction() as books:
        require_known(books, actor)
        if by == actor:
            raise ConflictError(f"{actor} cannot quarantine itself; it can revoke its key or sign out")
        there = last_quarantine(books, actor)
        if there is not None and there.in_force:
            return there
        if actor.startswith("person:"):
            _keep_an_administrator(books, actor.removeprefix("person:"))
        now = books.clock()
        stopped = _hold_runs(books, {actor, *_keys_of(books, actor)})
        made = Quarantine(actor, because.aspect, because.sentence, because.evidence, by, now, held=tuple(stopped))
        if there is None:
            books.enter(entry_of(made))
        else:
            made = change(books, replace(made, step=there.step))
        evidence = digest_of([because.sentence, because.evidence])
        said = {"aspect": because.aspect.value, "by": by, "evidence": evidence, "held": len(stopped)}
        say(books, f"actor:{actor}", {"did": "quarantine", "actor": actor, **said})
        _tell(books, made, "ActorQuarantined", now, {"by": by, "held": list(made.held)})
    return made


def release(store: Store, actor: str, by: str, because: str) -> Quarantine:
    """End it; runs that were held go on, and what the actor did counts as usual from now on.

    Raises
    ------
    UnknownActorError
        If there is no such actor, or it never was quarantined.
    ConflictError
        If it is free already; if `by` is the actor itself, no person, or quarantined too.
    ValueError
        Without a reason.
    """
    if not because.strip():
        raise ValueError("a release needs a reason: what was looked at, and why it is all right")
    with store.transaction() as books:
        there = last_quarantine(books, actor)
        if there is None:
            raise UnknownActorError(f"{actor} never was quarantined; lists show who is")
        if not there.in_force:
            raise ConflictError(f"{actor} is free: {there.released_by} released it")
        require_another_person(books, actor, by)
        now = books.clock()
        freed = replace(there, in_force=False, released_by=by, released_at=now, released_because=because)
        made = change(books, freed)
        _free_runs(books, there.held)
        say(books, f"actor:{actor}", {"did": "release", "actor": actor, "by": by, "held": len(there.held)})
        _tell(books, made, "ActorReleased", now, {"by": by})
    return made


def suspect(store: Store, actor: str, because: Because) -> None:
    """Tell others of somebody who cannot be quarantined (`ActorSuspected`): the last administrator."""
    with store.transaction() as books:
        now = books.clock()
        body = {"actor": actor, "aspect": because.aspect.value, "because": because.sentence}
        name = f"actor:{actor}:suspected:{because.aspect.value}:{rfc3339(now)[:13]}"
        if books.accept("actors", name, now):
            books.publish([Event(name, "ActorSuspected", f"actor:{actor}", now, body)])


def require_known(books: Transaction, actor: str) -> None:
    """Raises UnknownActorError."""
    kind, _, name = actor.partition(":")
    if not name or kind not in _KINDS or books.entry(_KINDS[kind], name) is None:
        raise UnknownActorError(f"there is no actor {actor}; ids look like key:ek_3f9ac01b7d or person:ana@example.com")


def require_another_person(books: Transaction, actor: str, by: str) -> None:
    """Raise ConflictError unless `by` is a person other than the actor, who is free himself."""
    kind, _, name = by.partition(":")
    if kind in {"key", "schedule", "source"} and name:
        raise ConflictError(f"{by} is no person; a person looks at what {actor} did and releases it")
    person = f"person:{account_name(name if kind == 'person' else by)}"
    if person == actor:
        raise ConflictError(f"{actor} cannot release itself; ask another person who manages accounts")
    if held(books, person) is not None:
        raise ConflictError(f"{by} is quarantined too; ask another person who manages accounts")


def _keep_an_administrator(books: Transaction, leaving: str) -> None:
    """Raise LastAdministratorError if nobody else administers and is free; all of them are locked, in one order."""
    names = sorted(one.id for one in everybody(books, PersonState.ACTIVE) if one.administers)
    if leaving not in names:
        return
    there = [person for person in (find_person(books, name) for name in names) if person is not None]
    free = [p for p in there if p.administers and p.id != leaving and held(books, f"person:{p.id}") is None]
    if not free:
        raise LastAdministratorError(
            f"{leaving} is the last administrator who is free, and is not quarantined; give somebody else the role first"
        )


def _keys_of(books: Transaction, actor: str) -> list[str]:
    owner = actor.removeprefix("person:")
    return [f"key:{key.id}" for key in keys(books, KeyState.ACTIVE) if key.owner == owner] if owner != actor else []


def _hold_runs(books: Transaction, actors: Collection[str]) -> list[str]:
    """Runs they asked for that are not over wait until the release; one that is at work is lost to its worker."""
    stopped = []
    for state in (RunState.WAITING, RunState.RUNNING):
        after = ""
        while found := runs(books, state=state, after=after, limit=_PAGE):
            stopped += [_held_run(books, run) for run in found if run.by in actors]
            after = found[-1].id
    return sorted(stopped)


def _held_run(books: Transaction, run: Run) -> str:
    change_run(books, replace(run, state=RunState.WAITING, doing=_DOING), None)
    return run.id


def _free_runs(books: Transaction, names: Collection[str]) -> None:
    for name in names:
        run = run_named(books, name)
        if run is not None and run.state is RunState.WAITING and run.doing == _DOING:
            change_run(books, replace(run, doing=""), books.clock())


def _tell(books: Transaction, one: Quarantine, kind: str, now: datetime, more: Mapping[str, Any]) -> None:
    body = {"actor": one.actor, "aspect": one.aspect.value, "because": one.because, **more}
    if one.actor.startswith("key:"):
        found = books.entry(KEY, one.actor.removeprefix("key:"))
        body["owner"] = key_of(found).owner if found is not None else ""
    books.publish([Event(f"actor:{one.actor}:{kind}:{one.step}", kind, f"actor:{one.actor}", now, body)])
