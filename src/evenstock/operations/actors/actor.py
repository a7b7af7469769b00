"""Everybody who does something here: people, keys of programs and agents, schedules, sources of events; whose they are, how far they may go, how they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from evenstock.operations.access.api_key import KIND as KEY
from evenstock.operations.access.api_key import ApiKey, KeyState, key_of, keys
from evenstock.operations.access.people import KIND as PERSON
from evenstock.operations.access.people import Person, everybody, find_person, person_of
from evenstock.operations.access.principal import Grant, Kind, Role
from evenstock.operations.actors.quarantine import UnknownActorError
from evenstock.operations.actors.standing import Quarantine, held, last_quarantine
from evenstock.operations.inbound.breaker import SOURCE
from evenstock.operations.inbound.sources import Source, source_named, sources
from evenstock.operations.ports import Transaction
from evenstock.operations.schedule.keeping import Scheduled, schedule, scheduled, stopped_because

OF_COMPANY = ""
"""Owner of what belongs to no person."""


class ActorState(StrEnum):
    ACTIVE = "active"
    QUARANTINED = "quarantined"
    """Nothing is done on its word until a person has released it."""
    OWNER_STOPPED = "owner_stopped"
    """Its owner is disabled or quarantined, so it does nothing."""
    ENDED = "ended"
    """Disabled, revoked, expired or paused."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that does things here."""

    id: str
    """Such as `person:ana@example.com`, `key:ek_3f9ac01b7d` or `schedule:plan`."""
    kind: Kind
    name: str
    owner: str
    """Whose it is; empty: of the company."""
    grants: tuple[Grant, ...]
    """Its scope. A key does no more than its owner's grants permit too."""
    state: ActorState
    last_act: datetime | None
    """When it was last here, at most a minute old; of a schedule its last slot; of a person the last sign-in."""
    quarantine: Quarantine | None = None
    """The latest, in force or over."""


def actors(books: Transaction) -> Iterator[Actor]:
    """All of them: people, keys, schedules, sources of events, each by id; keys that were revoked are left out."""
    now = books.clock()
    yield from (_person(books, one) for one in everybody(books))
    yield from (_key(books, one, now) for one in keys(books, KeyState.ACTIVE))
    yield from (_schedule(books, one) for one in schedule(books))
    after = ""
    while found := sources(books, after=after, limit=500):
        yield from (_source(books, one) for one in found)
        after = found[-1].id


def actor_named(books: Transaction, name: str) -> Actor:
    """Raises UnknownActorError."""
    kind, _, rest = name.partition(":")
    if rest and kind == PERSON:
        person = books.entry(PERSON, rest)
        if person is not None:
            return _person(books, person_of(person))
    if rest and kind == "key":
        key = books.entry(KEY, rest)
        if key is not None:
            return _key(books, key_of(key), books.clock())
    if rest and kind == "schedule":
        found = scheduled(books, rest)
        if found is not None:
            return _schedule(books, found)
    if rest and kind == "source" and books.entry(SOURCE, rest) is not None:
        return _source(books, source_named(books, rest))
    raise UnknownActorError(f"there is no actor {name}; lists show ids such as key:ek_3f9ac01b7d")


def _person(books: Transaction, one: Person) -> Actor:
    latest = last_quarantine(books, f"person:{one.id}")
    state = ActorState.ACTIVE if one.active else ActorState.ENDED
    if latest is not None and latest.in_force:
        state = ActorState.QUARANTINED
    return Actor(f"person:{one.id}", Kind.PERSON, one.name, OF_COMPANY, one.grants, state, one.signed_in_at, latest)


def _key(books: Transaction, one: ApiKey, now: datetime) -> Actor:
    latest = last_quarantine(books, f"key:{one.id}")
    owner = find_person(books, one.owner) if one.owner else None
    if latest is not None and latest.in_force:
        state = ActorState.QUARANTINED
    elif not one.lives(now):
        state = ActorState.ENDED
    elif one.owner and (owner is None or not owner.active or held(books, f"person:{one.owner}") is not None):
        state = ActorState.OWNER_STOPPED
    else:
        state = ActorState.ACTIVE
    whose = f"person:{one.owner}" if one.owner else OF_COMPANY
    return Actor(f"key:{one.id}", one.kind, one.name, whose, one.grants, state, one.used_at, latest)


def _schedule(books: Transaction, one: Scheduled) -> Actor:
    latest = last_quarantine(books, f"schedule:{one.name}")
    if latest is not None and latest.in_force:
        state = ActorState.QUARANTINED
    elif one.paused:
        state = ActorState.ENDED
    elif stopped_because(books, one):
        state = ActorState.OWNER_STOPPED
    else:
        state = ActorState.ACTIVE
    grants = (Grant(Role.PLANNER),)
    return Actor(f"schedule:{one.name}", Kind.SCHEDULE, one.job, one.by, grants, state, one.last_slot, latest)


def _source(books: Transaction, one: Source) -> Actor:
    latest = last_quarantine(books, f"source:{one.id}")
    state = ActorState.ENDED if one.paused else ActorState.ACTIVE
    if latest is not None and latest.in_force:
        state = ActorState.QUARANTINED
    grants = (Grant(Role.INTEGRATION, source=one.id),)
    return Actor(f"source:{one.id}", Kind.INTEGRATION, one.id, OF_COMPANY, grants, state, None, latest)
