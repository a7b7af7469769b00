"""Disable an account: its sessions and keys are cut in the same transaction, and nothing it could do is left."""

from __future__ import annotations

from dataclasses import replace

from evenstock.operations.access.api_key import KeyState, keys
from evenstock.operations.access.people import Person, PersonState, change, everybody, find_person, person_named
from evenstock.operations.access.revoke_key import revoked
from evenstock.operations.access.session import end_sessions_of
from evenstock.operations.actors.standing import held
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
        keep_an_administrator(books, name)
        person = person_named(books, name)
        if not person.active:
            return person
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


def keep_an_administrator(books: Transaction, leaving: str) -> None:
    """Raise ConflictError if `leaving` is the last active account that administers; call it before that account is read.

    All of them are locked, in one order, so that two who take the role from each other do so one after the other.
    """
    administrators = sorted(one.id for one in everybody(books, PersonState.ACTIVE) if one.administers)
    if leaving not in administrators:
        return
    there = [find_person(books, name) for name in administrators]
    # One who is quarantined could release nobody.
    still = {one.id for one in there if one and one.administers and not held(books, f"person:{one.id}")}
    if not still - {leaving}:
        raise ConflictError(f"{leaving} is the last administrator; give somebody else the role first")


def _cut_keys(books: Transaction, person: Person, by: str) -> None:
    for key in [one for one in keys(books, KeyState.ACTIVE) if one.owner == person.id]:
        revoked(books, key, by, f"the account {person.id} was disabled", books.clock())
