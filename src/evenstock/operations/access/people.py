"""A person with an account: local, with a password, or known through the company's identity provider."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from evenstock.domain import rfc3339
from evenstock.operations.access.grants import body_of, grants_of
from evenstock.operations.access.principal import Grant, Kind, Principal, Role
from evenstock.operations.ports import Entry, StoreError, Transaction

KIND: Final = "person"
LOCAL: Final = "local"


class PersonState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Person:
    """One account."""

    id: str
    """Account name in normal form, such as `ana@example.com`; of the identity provider: `oidc:ISSUER:SUBJECT`."""
    name: str
    grants: tuple[Grant, ...]
    added_by: str
    added_at: datetime
    source: str = LOCAL
    """`local`, or the issuer that vouches for this person."""
    password: str = ""
    """Argon2id in its own text form, with its parameters and salt; empty where there is none."""
    password_at: datetime | None = None
    state: PersonState = PersonState.ACTIVE
    signed_in_at: datetime | None = None
    changed_by: str = ""
    because: str = ""
    """Why it was disabled."""
    step: int = 0

    @property
    def active(self) -> bool:
        return self.state is PersonState.ACTIVE

    @property
    def administers(self) -> bool:
        return self.active and any(grant.role is Role.ADMIN for grant in self.grants)

    def principal(self, session: str = "") -> Principal:
        return Principal(f"person:{self.id}", Kind.PERSON, self.grants, self.name, session)


class UnknownPersonError(StoreError):
    """There is no such account, or it is disabled."""


def account_name(text: str) -> str:
    """One account, however it was typed: normal form KC, small letters, no white space around.

    Examples
    --------
    >>> account_name(" Ana@Example.com")
    'ana@example.com'
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.strip()).casefold())


def entry_of(person: Person) -> Entry:
    body = {
        "name": person.name,
        "grants": body_of(person.grants),
        "added_by": person.added_by,
        "added_at": rfc3339(person.added_at),
        "source": person.source,
        "password": person.password,
        "password_at": rfc3339(person.password_at) if person.password_at else None,
        "signed_in_at": rfc3339(person.signed_in_at) if person.signed_in_at else None,
        "changed_by": person.changed_by,
        "because": person.because,
    }
    return Entry(KIND, person.id, body, person.step, person.state)


def person_of(entry: Entry) -> Person:
    body = dict(entry.body)
    for name in ("added_at", "password_at", "signed_in_at"):
        body[name] = datetime.fromisoformat(body[name]) if body[name] else None
    body["grants"] = grants_of(body["grants"])
    return Person(id=entry.id, state=PersonState(entry.state), step=entry.step, **body)


def find_person(books: Transaction, name: str) -> Person | None:
    found = books.entry(KIND, name)
    return person_of(found) if found is not None else None


def person_named(books: Transaction, name: str) -> Person:
    """Raises UnknownPersonError."""
    found = find_person(books, name)
    if found is None:
        raise UnknownPersonError(f"there is no account {name}; lists show which there are")
    return found


def active_person(books: Transaction, name: str) -> Person:
    """Raises UnknownPersonError."""
    found = person_named(books, name)
    if not found.active:
        raise UnknownPersonError(f"the account {name} is disabled; enable it first")
    return found


def everybody(books: Transaction, state: PersonState | None = None) -> Iterator[Person]:
    """All accounts in that state, by id."""
    after = ""
    while found := books.entries(KIND, state=state, after=after, limit=500):
        yield from map(person_of, found)
        after = found[-1].id


def change(books: Transaction, person: Person) -> Person:
    """Keep an account's next step. Raises ConflictError if somebody changed it meanwhile."""
    later = replace(person, step=person.step + 1)
    books.change_entry(person.step, entry_of(later))
    return later
