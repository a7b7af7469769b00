"""Disable an account: its sessions and keys are cut in the same transaction, and nothing it could do is left."""

from __future__ import annotations

from dataclasses import replace

from evenstock.operations.access.api_key import KIND as KEYS
from evenstock.operations.access.api_key import KeyState, key_of
from evenstock.operations.access.people import Person, PersonState, change, people, person_named
from evenstock.operations.access.revoke_key import revoked
from evenstock.operations.access.session import end_sessions_of
from evenstock.operations.ports import ConflictError, Store, Transaction


def disable_person(store: Store, name: str, by: str, because: str) -> Person:
    """Disable it; one that is disabled already stays as it is.

    Raises
    ------
    UnknownPersonError
        If there is no such account.
    ConflictError
        If nobody could manage people and keys any more.
    """
    with store.transaction() as books:
        person = person_named(books, name)
        if not person.active:
            return person
        keep_an_administrator(books, person)
        _cut_keys(books, person, by)
        end_sessions_of(books, person.id)
        return change(books, replace(person, state=PersonState.DISABLED, changed_by=by, because=because))


def enable_person(store: Store, name: str, by: str) -> Person:
    """Let somebody sign in again; keys that were cut stay cut. Raises UnknownPersonError."""
    with store.transaction() as books:
        person = person_named(books, name)
        if person.active:
            return person
        return change(books, replace(person, state=PersonState.ACTIVE, changed_by=by, because=""))


def keep_an_administrator(books: Transaction, leaving: Person) -> None:
    """Raise ConflictError if this was the last active account that administers."""
    if not leaving.administers:
        return
    after = ""
    while found := people(books, state=PersonState.ACTIVE, after=after, limit=500):
        if any(one.administers and one.id != leaving.id for one in found):
            return
        after = found[-1].id
    raise ConflictError(f"{leaving.id} is the last administrator; give somebody else the role first")


def _cut_keys(books: Transaction, person: Person, by: str) -> None:
    after = ""
    while found := books.entries(KEYS, state=KeyState.ACTIVE, after=after, limit=500):
        after = found[-1].id
        for key in map(key_of, found):
            if key.owner == person.id:
                revoked(books, key, by, f"the account {person.id} was disabled", books.clock())
