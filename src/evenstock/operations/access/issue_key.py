"""Issue an API key: the edge makes it and shows it once, the books keep its digest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from evenstock.operations.access.api_key import NO_CAPS, ApiKey, Caps, Quota, entry_of
from evenstock.operations.access.people import active_person
from evenstock.operations.access.principal import Grant
from evenstock.operations.access.rights import require_less
from evenstock.operations.ports import Store


@dataclass(frozen=True, slots=True)
class Minted:
    """A key made at random outside: its public beginning, and its digest."""

    id: str
    digest: str


@dataclass(frozen=True, slots=True)
class IssueKey:
    """What is wished for."""

    name: str
    grants: tuple[Grant, ...]
    by: str
    lives: timedelta
    owner: str = ""
    """Person whose key it is; empty for a machine's."""
    quota: Quota = Quota()
    caps: Caps = NO_CAPS


def issue_key(
    store: Store, wish: IssueKey, minted: Minted, countries: Callable[[], Mapping[str, str]] = dict
) -> ApiKey:
    """Keep a new key.

    Parameters
    ----------
    countries
        Country of each node; asked where an owner's roles hold in countries and the key's at nodes.

    Raises
    ------
    BeyondOwnerError
        If it would have more right than its owner, or is an agent with as much.
    ValueError
        For a life longer than two years, or no grants.
    UnknownPersonError
        If its owner has no active account.
    """
    with store.transaction() as books:
        now = books.clock()
        owner = active_person(books, wish.owner) if wish.owner else None
        key = ApiKey(
            minted.id,
            minted.digest,
            wish.name,
            wish.grants,
            wish.by,
            now,
            now + wish.lives,
            owner=wish.owner,
            quota=wish.quota,
            caps=wish.caps,
        )
        if owner is not None:
            require_less(key.grants, owner.grants, key.kind, owner.id, countries)
        books.enter(entry_of(key))
    return key
