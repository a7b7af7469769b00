"""Whether an actor is quarantined: kept beside the books under the actor's id, asked wherever somebody comes in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from evenstock.domain import rfc3339
from evenstock.operations.ports import Entry, StoreError, Transaction

KIND: Final = "actor"
QUARANTINED: Final = "quarantined"
FREE: Final = "free"


class Aspect(StrEnum):
    """What was unusual."""

    RATE = "rate"
    SIZE = "size"
    DIRECTION = "direction"
    HOURS = "hours"
    CAP = "cap"
    """More in a window than its key allows."""
    PERSON = "person"
    """Somebody asked for it."""


IN_GENERAL: Final[Mapping[Aspect, str]] = {
    Aspect.RATE: "it did far more in a short time than it ever did",
    Aspect.SIZE: "what it did was far larger than anything it did before",
    Aspect.DIRECTION: "it did the opposite of what it does otherwise",
    Aspect.HOURS: "it was at work at hours at which it never is",
    Aspect.CAP: "it did more in a short time than it may",
    Aspect.PERSON: "somebody who manages accounts wants to look at it first",
}
"""What the actor itself is told: no figures, which would say how much is not noticed."""


class QuarantinedError(StoreError):
    """An actor whose part is needed here is quarantined: nothing is done on its word until a person has released it."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """An actor's quarantine, in force or over."""

    actor: str
    """Such as `key:ek_3f9ac01b7d`, `person:ana@example.com` or `schedule:plan`."""
    aspect: Aspect
    because: str
    """In a sentence, with its numbers: for those who release it."""
    evidence: Mapping[str, Any]
    """What the sentence rests on, plain JSON."""
    by: str
    """Who quarantined it: a person, or `evenstock`."""
    at: datetime
    in_force: bool = True
    held: tuple[str, ...] = field(default=())
    """Runs that were stopped with it."""
    released_by: str = ""
    released_at: datetime | None = None
    released_because: str = ""
    step: int = 0

    @property
    def in_general(self) -> str:
        return IN_GENERAL[self.aspect]


def last_quarantine(books: Transaction, actor: str) -> Quarantine | None:
    """The latest of this actor, in force or over; None where there never was one. Locked until the transaction ends."""
    found = books.entry(KIND, actor)
    return quarantine_of(found) if found is not None else None


def held(books: Transaction, *actors: str) -> Quarantine | None:
    """The first quarantine in force of any of these actors, such as a key and its owner; empty ids are nobody."""
    for actor in actors:
        found = last_quarantine(books, actor) if actor else None
        if found is not None and found.in_force:
            return found
    return None


def refuse_held(books: Transaction, actors: Iterable[str], what: str) -> None:
    """Raise QuarantinedError where `what` rests on the word of somebody who is quarantined."""
    for actor in sorted(set(actors)):
        found = held(books, actor)
        if found is not None:
            raise QuarantinedError(
                f"{what} waits: {actor} is quarantined since {rfc3339(found.at)}; another person looks at it and releases it"
            )


def quarantines(books: Transaction, *, in_force: bool = True) -> Iterator[Quarantine]:
    """By actor."""
    after, state = "", QUARANTINED if in_force else None
    while found := books.entries(KIND, state=state, after=after, limit=500):
        yield from map(quarantine_of, found)
        after = found[-1].id


def body_of(one: Quarantine) -> dict[str, Any]:
    """As it is kept and told."""
    return {
        "aspect": one.aspect.value,
        "because": one.because,
        "evidence": dict(one.evidence),
        "by": one.by,
        "at": rfc3339(one.at),
        "held": list(one.held),
        "released_by": one.released_by,
        "released_at": rfc3339(one.released_at) if one.released_at else None,
        "released_because": one.released_because,
    }


def entry_of(one: Quarantine) -> Entry:
    return Entry(KIND, one.actor, body_of(one), one.step, QUARANTINED if one.in_force else FREE)


def quarantine_of(entry: Entry) -> Quarantine:
    body = dict(entry.body)
    released_at = datetime.fromisoformat(body["released_at"]) if body["released_at"] else None
    body |= {"aspect": Aspect(body["aspect"]), "at": datetime.fromisoformat(body["at"]), "released_at": released_at}
    body["held"] = tuple(body["held"])
    return Quarantine(actor=entry.id, in_force=entry.state == QUARANTINED, step=entry.step, **body)


def change(books: Transaction, one: Quarantine) -> Quarantine:
    """Keep its next step. Raises ConflictError if somebody changed it meanwhile."""
    later = replace(one, step=one.step + 1)
    books.change_entry(one.step, entry_of(later))
    return later
