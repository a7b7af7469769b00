"""When a vote counts and a request moves on: what memory refuses in Python, and both databases again in their triggers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from evenstock.domain import ApprovalRequest, RequestState, Says, Vote
from evenstock.operations.ports import ConflictError, StoreError


def opened(request: ApprovalRequest, live: ApprovalRequest | None) -> None:
    """Raise unless a request can be opened."""
    if request.state is not RequestState.OPEN or request.escalated_to:
        raise ValueError(f"{request.id}: a request begins open")
    if live is not None:
        raise another_live(request.about, live.id)


def known(name: str) -> ConflictError:
    return ConflictError(f"approval request {name} is already kept; read it again")


def there(name: str, found: ApprovalRequest | None) -> ApprovalRequest:
    if found is None:
        raise StoreError(f"there is no approval request {name}")
    return found


def another_live(about: str, name: str) -> ConflictError:
    return ConflictError(f"{about}: request {name} is live; it is decided or voided first")


def can_vote(request: ApprovalRequest, votes: Sequence[Vote], vote: Vote, clock: datetime) -> None:
    """Raise ConflictError unless the vote counts."""
    name, people = request.id, {vote.person, vote.voter}
    if request.state is not RequestState.OPEN:
        raise ConflictError(f"{name} is {request.state}: nobody votes on it any more")
    if clock >= request.expires_at:
        raise ConflictError(f"{name} expired at {request.expires_at:%Y-%m-%d %H:%M} UTC: ask again")
    if vote.digest != request.digest:
        raise ConflictError(f"{name} asks for another content than the one voted on; read it again")
    if request.proposer in people:
        raise ConflictError(f"{name} was proposed by {request.proposer}, who does not decide about it")
    for cast in votes:
        twice = people & {cast.person, cast.voter}
        if twice:
            raise ConflictError(f"{name}: {min(twice)} voted before; one person has one vote")


def enough(request: ApprovalRequest, votes: Sequence[Vote]) -> bool:
    """Whether as many people agree as it asks for, and nobody refuses."""
    agree = {vote.person for vote in votes if vote.says is Says.APPROVE and vote.digest == request.digest}
    return len(agree) >= request.people and all(vote.says is Says.APPROVE for vote in votes)


def can_close(request: ApprovalRequest, votes: Sequence[Vote], to: RequestState, clock: datetime) -> None:
    """Raise ConflictError unless a request can go to this state now."""
    name, late = request.id, clock >= request.expires_at
    if not request.state.live:
        raise ConflictError(f"{name} is {request.state}, and that is final")
    match to:
        case RequestState.VOIDED:
            return
        case RequestState.EXPIRED:
            if late:
                return
            raise ConflictError(f"{name} does not expire before {request.expires_at:%Y-%m-%d %H:%M} UTC")
        case RequestState.REFUSED:
            if request.state is RequestState.OPEN and any(vote.says is Says.REFUSE for vote in votes):
                return
            raise ConflictError(f"{name}: nobody refused it")
        case RequestState.APPROVED | RequestState.EXECUTED if late:
            raise ConflictError(f"{name} expired at {request.expires_at:%Y-%m-%d %H:%M} UTC: ask again")
        case RequestState.APPROVED if request.state is RequestState.OPEN and enough(request, votes):
            return
        case RequestState.EXECUTED if request.state is RequestState.APPROVED and enough(request, votes):
            return
    agree = sum(vote.says is Says.APPROVE for vote in votes)
    raise ConflictError(f"{name} is {request.state}, {agree} of {request.people} agree: it cannot be {to}")


def can_escalate(request: ApprovalRequest, to: str, clock: datetime) -> None:
    if request.state is not RequestState.OPEN or request.escalated_to or not to or clock < request.due_at:
        since = f", escalated to {request.escalated_to} before" if request.escalated_to else ""
        raise ConflictError(
            f"{request.id} is {request.state}{since}, due at {request.due_at:%Y-%m-%d %H:%M} UTC: it is not escalated"
        )
