"""Who comes in: by key or by session, within what his owner may do now, and whether he is quarantined."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evenstock.operations.access.api_key import NO_CAPS, Caps, Quota
from evenstock.operations.access.find_key import find_key
from evenstock.operations.access.people import find_person
from evenstock.operations.access.principal import Principal
from evenstock.operations.access.session import find_session
from evenstock.operations.actors.standing import Quarantine, held
from evenstock.operations.ports import Store


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a credential is of."""

    principal: Principal
    quota: Quota | None = None
    """Of a key."""
    caps: Caps = NO_CAPS
    held: Quarantine | None = None
    """His, or his owner's; None while both are free."""


def caller_by_key(store: Store, name: str, digests: tuple[str, ...]) -> Caller | None:
    """Whoever holds the living key of that name and digest; None where there is none, or its owner's account is disabled."""
    key = find_key(store, name, digests)
    if key is None:
        return None
    with store.reading() as books:
        owner = find_person(books, key.owner) if key.owner else None
        stopped = held(books, f"key:{key.id}", f"person:{key.owner}" if key.owner else "")
    if key.owner and (owner is None or not owner.active):
        return None
    principal = replace(key.principal, within=owner.grants if owner is not None else None)
    return Caller(principal, key.quota, key.capped, stopped)


def caller_by_session(store: Store, digests: tuple[str, ...]) -> Caller | None:
    """Whoever is signed in under one of these digests; a person who is quarantined is told so in `principal.held`."""
    found = find_session(store, digests)
    if found is None:
        return None
    principal = found[1].principal(found[0].id)
    with store.reading() as books:
        stopped = held(books, principal.id)
    return Caller(replace(principal, held=stopped.in_general if stopped else ""), held=stopped)
