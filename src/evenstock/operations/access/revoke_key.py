"""Revoke an API key: from the next request on nobody gets in with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from evenstock.operations.access.api_key import ApiKey, KeyState, change, key_named
from evenstock.operations.ports import Store, Transaction


def revoke_key(store: Store, name: str, by: str, because: str) -> ApiKey:
    """Revoke it for good; one revoked already stays as it was. Raises UnknownKeyError."""
    with store.transaction() as books:
        return revoked(books, key_named(books, name), by, because, books.clock())


def revoked(books: Transaction, key: ApiKey, by: str, because: str, now: datetime) -> ApiKey:
    """As `revoke_key`, within a transaction."""
    if key.state is KeyState.REVOKED:
        return key
    return change(books, replace(key, state=KeyState.REVOKED, revoked_at=now, revoked_by=by, because=because))
