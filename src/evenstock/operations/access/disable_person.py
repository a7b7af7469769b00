"""Disable an account: its sessions and keys are cut in the same transaction, and nothing it could do is left."""

from __future__ import annotations

from dataclasses import replace

from evenstock.operations.access.api_key import KeyState, keys
from evenstock.operations.access.people import Person, PersonState, change, everybody, person_named
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
    if any(one.administers and one.id != leaving.id for one in everybody(books, PersonState.ACTIVE)):
        return
    raise ConflictError(f"{leaving.id} is the last administrator; give somebody else the role first")


def _cut_keys(books: Transaction, person: Person, by: str) -> None:
    for key in [one for one in keys(books, KeyState.ACTIVE) if one.owner == person.id]:
        revoked(books, key, by, f"the account {person.id} was disabled", books.clock())
