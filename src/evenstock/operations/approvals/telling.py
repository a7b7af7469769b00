"""What others are told of a request: that it waits, moved up, and what became of it, each once."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import ApprovalRequest, Event, RequestState
from evenstock.operations.ports import Transaction

REQUESTED: Final = "ApprovalRequested"
ESCALATED: Final = "ApprovalEscalated"
CLOSED: Final = {
    RequestState.APPROVED: "ApprovalGiven",
    RequestState.REFUSED: "ApprovalRefused",
    RequestState.EXPIRED: "ApprovalExpired",
    RequestState.VOIDED: "ApprovalVoided",
}
"""Of one that is executed its own facts tell, such as `TransferPlanApproved`."""


def tell(books: Transaction, kind: str, request: ApprovalRequest, now: datetime) -> None:
    """Put it into the outbox."""
    body = {
        "request": request.id,
        "action": request.action,
        "about": request.about,
        "role": request.escalated_to or request.role,
        "nodes": list(request.nodes),
        "cents": request.cents,
        "people": request.people,
        "state": request.state.value,
    }
    books.publish([Event(f"{request.id}:{kind}", kind, f"approval:{request.id}", now, body)])


def close(books: Transaction, request: str, to: RequestState, now: datetime) -> ApprovalRequest:
    """Take it to its next state, and tell it. Raises as `close_request`."""
    after = books.close_request(request, to)
    if to in CLOSED:
        tell(books, CLOSED[to], after, now)
    return after
