"""Change what somebody may do."""

from __future__ import annotations

from dataclasses import replace

from evenstock.operations.access.disable_person import keep_an_administrator
from evenstock.operations.access.people import LOCAL, Person, change, person_named
from evenstock.operations.access.principal import Grant, Role
from evenstock.operations.ports import ConflictError, Store


def change_grants(store: Store, name: str, grants: tuple[Grant, ...], by: str) -> Person:
    """Replace all roles of an account; they hold from the next request on, sessions stay.

    Raises
    ------
    UnknownPersonError
        If there is no such account.
    ConflictError
        If its roles come from the identity provider, or nobody could manage people and keys any more.
    """
    with store.transaction() as books:
        if not any(grant.role is Role.ADMIN for grant in grants):
            keep_an_administrator(books, name)
        person = person_named(books, name)
        if person.source != LOCAL:
            raise ConflictError(f"the roles of {name} follow its groups at {person.source}; change them there")
        return change(books, replace(person, grants=grants, changed_by=by))
