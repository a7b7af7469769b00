"""What time does to requests: after the deadline another role may decide too, and in the end they expire."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import ApprovalRequest, RequestState
from evenstock.operations.approvals.asking import next_role
from evenstock.operations.approvals.telling import ESCALATED, close, tell
from evenstock.operations.ports import ConflictError, Store

AT_ONCE: Final = 100


def see_to_due(store: Store, now: datetime) -> int:
    """Escalate and expire what is due by the store's clock, each in a transaction of its own; returns how many."""
    with store.reading() as books:
        clock, due = books.clock(), books.due_requests(AT_ONCE)
    done = 0
    for request in due:
        try:
            if request.expires_at <= clock:
                expire(store, request.id, now)
            else:
                escalate(store, request.id, next_role(request), now)
        except ConflictError:
            continue  # decided meanwhile, or another worker was first
        done += 1
    return done


def escalate(store: Store, request: str, to: str, now: datetime) -> ApprovalRequest:
    """Let another role decide too, and tell it once. Raises ConflictError before the deadline, or where it was done."""
    with store.transaction() as books:
        after = books.escalate_request(request, to)
        tell(books, ESCALATED, after, now)
        return after


def expire(store: Store, request: str, now: datetime) -> ApprovalRequest:
    """Close a request whose time is over by the store's clock. Raises ConflictError before that."""
    with store.transaction() as books:
        return close(books, request, RequestState.EXPIRED, now)
