"""Sign in with a local account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from evenstock.operations.access.people import LOCAL, Person, account_name, change, find_person
from evenstock.operations.access.session import KIND, Session, begin_session
from evenstock.operations.access.sign_in_tries import count_try, forgive
from evenstock.operations.ports import ConflictError, Store, Transaction

Verify = Callable[[str, str], str | None]
"""Hash kept (empty where there is no account) and password given → the hash to keep from now on, None where they do not match.

Takes as long without an account as with one.
"""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who wants in, from where, and under which new session."""

    account: str
    password: str
    address: str
    digest: str
    """Of the new session's token."""
    before: str = ""
    """Digest of the session that the browser came with; it ends."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    session: Session
    person: Person


@dataclass(frozen=True, slots=True)
class Refused:
    """No such account, a wrong password, or a disabled account: the caller is not told which."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many tries; the password was not looked at."""

    seconds: int


def check_password(store: Store, name: str, password: str, address: str, verify: Verify) -> Person | Refused | Wait:
    """Count the try and check the password, outside any transaction: it takes long. The account as it was, with the hash to keep."""
    account = account_name(name)
    try:
        with store.transaction() as books:
            seconds = count_try(books, account, address)
            person = find_person(books, account)
    except ConflictError:
        return Wait(1)  # two first tries at the same moment
    if seconds:
        return Wait(seconds)
    local = person is not None and person.active and person.source == LOCAL
    fresh = verify(person.password if person is not None and local else "", password)
    if person is None or not local or fresh is None:
        return Refused()
    with store.transaction() as books:
        there = find_person(books, account)
        if there is None or not there.active or there.password != person.password:
            return Refused()
        forgive(books, account, address)
        return change(books, replace(there, password=fresh)) if fresh != there.password else there


def sign_in(store: Store, wish: SignIn, verify: Verify) -> SignedIn | Refused | Wait:
    """Begin a session of whoever knows the password."""
    found = check_password(store, wish.account, wish.password, wish.address, verify)
    if not isinstance(found, Person):
        return found
    with store.transaction() as books:
        person = find_person(books, found.id)
        if person is None or not person.active or person.password != found.password:
            return Refused()
        return _begun(books, person, wish.digest, wish.before)


def sign_in_through_provider(store: Store, name: str, digest: str, before: str = "") -> SignedIn | Refused:
    """Begin a session of an account for which the identity provider has just vouched."""
    with store.transaction() as books:
        person = find_person(books, name)
        if person is None or not person.active:
            return Refused()
        return _begun(books, person, digest, before)


def _begun(books: Transaction, person: Person, digest: str, before: str) -> SignedIn:
    if before:
        books.remove_entry(KIND, before)
    person = change(books, replace(person, signed_in_at=books.clock()))
    return SignedIn(begin_session(books, person, digest), person)
