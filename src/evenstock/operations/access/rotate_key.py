"""Rotate an API key: a new one with the same grants; the old one works on for a while, so that nothing stops meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from evenstock.operations.access.api_key import ApiKey, KeyState, change, entry_of, key_named
from evenstock.operations.access.issue_key import Minted
from evenstock.operations.ports import ConflictError, Store

LONGEST_OVERLAP: Final = timedelta(days=30)


def rotate_key(store: Store, name: str, minted: Minted, by: str, *, overlap: timedelta, lives: timedelta) -> ApiKey:
    """Keep the new key; the old one expires after `overlap` (at most thirty days), or earlier where it would have anyway.

    Raises
    ------
    UnknownKeyError
        If there is no such key.
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
        new = ApiKey(
            minted.id, minted.digest, old.name, old.grants, by, now, now + lives, owner=old.owner, quota=old.quota
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
