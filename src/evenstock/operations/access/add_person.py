"""Add somebody with a local account."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evenstock.operations.access.people import LOCAL, Person, account_name, change, entry_of, find_person
from evenstock.operations.access.principal import Grant
from evenstock.operations.ports import ConflictError, Store


@dataclass(frozen=True, slots=True)
class AddPerson:
    """Who, with which roles; the password as its hash."""

    account: str
    name: str
    grants: tuple[Grant, ...]
    password: str
    by: str


def add_person(store: Store, wish: AddPerson) -> Person:
    """Keep the account. Raises ConflictError if the account is there, ValueError for a name that is none."""
    name = account_name(wish.account)
    if not name or name.startswith("oidc:"):
        raise ValueError(f"{wish.account!r} is no account name; take an address such as ana@example.com")
    with store.transaction() as books:
        if find_person(books, name) is not None:
            raise ConflictError(f"there is an account {name} already")
        now = books.clock()
        person = Person(
            name,
            wish.name,
            wish.grants,
            wish.by,
            now,
            source=LOCAL,
            password=wish.password,
            password_at=now if wish.password else None,
        )
        books.enter(entry_of(person))
    return person


def known_through(store: Store, issuer: str, subject: str, name: str, grants: tuple[Grant, ...]) -> Person:
    """The account of whoever the identity provider vouches for, made at the first sign-in; roles and name follow the provider.

    One that was disabled here stays disabled.
    """
    account = f"oidc:{issuer.removeprefix('https://')}:{subject}"
    with store.transaction() as books:
        found = find_person(books, account)
        if found is None:
            person = Person(account, name, grants, issuer, books.clock(), source=issuer)
            books.enter(entry_of(person))
            return person
        if (found.grants, found.name) != (grants, name) and found.active:
            return change(books, replace(found, grants=grants, name=name, changed_by=issuer))
    return found
