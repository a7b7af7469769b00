"""Forgets answers and received events that are long settled; books in memory keep no dates of answers and forget nothing.

An answer that is forgotten is given no more: the same `Idempotency-Key` begins anew. An event that is forgotten would be taken
for a new one if it came again; levels of stock are still guarded by the versions of their sources.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from evenstock.domain import rfc3339
from evenstock.operations.audit.audited_store import say
from evenstock.operations.ports import Store

AT_ONCE: Final = 1_000
"""Rows in one transaction: nobody waits long for it."""
# Answers to HTTP requests alone: an order's own stays for ever. One range of the key's index, which sorts byte by byte.
_ANSWERS: Final = """
DELETE FROM command WHERE key IN (
    SELECT key FROM command WHERE key > :after AND key >= 'http:' AND key < 'http;' AND answered_at < :before
    ORDER BY key LIMIT :most
) RETURNING key
"""
_EVENTS: Final = """
DELETE FROM received_event WHERE number IN (
    SELECT number FROM received_event WHERE handling = 'done' AND number > :after AND received_at < :before
    ORDER BY number LIMIT :most
) RETURNING number
"""


def forget_answers(store: Store, before: datetime) -> int:
    """Forget answers given under an `Idempotency-Key` before a moment; returns how many."""
    return _forget(store, "answers", _ANSWERS, "", before)


def forget_events(store: Store, before: datetime) -> int:
    """Forget events that were received before a moment and applied; dead ones wait for a person. Returns how many."""
    return _forget(store, "received events", _EVENTS, 0, before)


def _forget(store: Store, what: str, words: str, after: Any, before: datetime) -> int:
    gone = 0
    while True:
        with store.transaction() as books:
            connection: sa.Connection | None = getattr(books, "connection", None)
            if connection is None:
                return 0
            values = {"after": after, "before": books.moment(before), "most": AT_ONCE}  # type: ignore[attr-defined]
            some = connection.execute(sa.text(words), values).scalars().all()
            if some:
                # No call of the port does this, so nobody else tells the audit log.
                say(books, what, {"did": "forget", "rows": len(some), "before": rfc3339(before)})
        gone += len(some)
        if len(some) < AT_ONCE:
            return gone
        after = max(some)
