"""Rotate an API key: a new one with the same grants; the old one works on for a while, so that nothing stops meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from evenstock.operations.access.api_key import ApiKey, KeyState, change, entry_of, key_named
from evenstock.operations.access.issue_key import Minted
from evenstock.operations.access.people import active_person
from evenstock.operations.access.rights import require_less
from evenstock.operations.ports import ConflictError, Store

LONGEST_OVERLAP: Final = timedelta(days=30)


def rotate_key(
    store: Store,
    name: str,
    minted: Minted,
    by: str,
    *,
    overlap: timedelta,
    lives: timedelta,
    countries: Callable[[], Mapping[str, str]] = dict,
) -> ApiKey:
    """Keep the new key; the old one expires after `overlap` (at most thirty days), or earlier where it would have anyway.

    Raises
    ------
    UnknownKeyError
        If there is no such key.
    UnknownPersonError
        If its owner's account is disabled.
    BeyondOwnerError
        If its owner may less by now than the key says: issue one with less.
    ConflictError
        If it is revoked, has expired, or was rotated before: a key has one successor.
    ValueError
        For an overlap below nothing or beyond thirty days.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise ValueError(f"two keys overlap for at most {LONGEST_OVERLAP.days} days, and not less than none")
    with store.transaction() as books:
        now = books.clock()
        old = key_named(books, name)
        if not old.lives(now):
            raise ConflictError(f"key {name} no longer works; issue a new one")
        if old.replaced_by:
            raise ConflictError(f"key {name} was rotated to {old.replaced_by}; rotate that one")
        if old.owner:
            owner = active_person(books, old.owner)
            require_less(old.grants, owner.grants, old.kind, owner.id, countries)
        new = ApiKey(
            minted.id,
            minted.digest,
            old.name,
            old.grants,
            by,
            now,
            now + lives,
            owner=old.owner,
            quota=old.quota,
            caps=old.caps,
        )
        books.enter(entry_of(new))
        ends = now + overlap
        late = {
            "state": KeyState.REVOKED,
            "revoked_at": now,
            "revoked_by": by,
            "because": f"rotated to {new.id}",
        }
        soon = {"expires_at": min(old.expires_at, ends)}
        change(books, replace(old, replaced_by=new.id, **(soon if overlap else late)))
    return new
