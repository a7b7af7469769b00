"""Forget sessions that are over, counters of tries that no longer count, and sign-ins that were begun and left."""

from __future__ import annotations

from typing import Final

from evenstock.operations.access.session import KIND as SESSIONS
from evenstock.operations.access.sign_in_tries import KIND as TRIES
from evenstock.operations.ports import Store

OIDC_STARTS: Final = "oidc_start"
"""Sign-ins through the identity provider that have begun."""


def forget_expired(store: Store, limit: int = 20) -> int:
    """Forget up to `limit` of each, one in a transaction so that nobody waits for it; returns how many. Nothing depends on it."""
    with store.reading() as books:
        now = books.clock()
        over = [
            (kind, one.id) for kind in (SESSIONS, TRIES, OIDC_STARTS) for one in books.due_entries(kind, now, limit)
        ]
    gone = 0
    for kind, name in over:
        with store.transaction() as books:
            found = books.entry(kind, name)
            if found is not None and found.due_at is not None and found.due_at <= books.clock():
                gone += books.remove_entry(kind, name)
    return gone
