"""Change a password: every other session of the account ends."""

from __future__ import annotations

from dataclasses import replace

from evenstock.operations.access.people import LOCAL, Person, active_person, change
from evenstock.operations.access.session import end_sessions_of
from evenstock.operations.ports import ConflictError, Store


def change_password(
    store: Store, name: str, password: str, by: str, *, seen: str | None = None, keep: str = ""
) -> Person:
    """Keep a new hash.

    Parameters
    ----------
    seen
        The hash that the old password was held against; None where an administrator sets a new one.
    keep
        Digest of the session that asks, which goes on.

    Raises
    ------
    UnknownPersonError
        If there is no such active account.
    ConflictError
        If it has no password here, or the password was changed meanwhile.
    """
    with store.transaction() as books:
        person = active_person(books, name)
        if person.source != LOCAL:
            raise ConflictError(f"{name} signs in at {person.source}; change the password there")
        if seen is not None and seen != person.password:
            raise ConflictError("the password was changed meanwhile; sign in again")
        end_sessions_of(books, person.id, keep=keep)
        return change(books, replace(person, password=password, password_at=books.clock(), changed_by=by))
