"""What somebody may decide now: the most money first, and of as much what is due first."""

from __future__ import annotations

from dataclasses import dataclass

from evenstock.domain import ApprovalRequest, RequestState
from evenstock.operations.access.limits import BY_NAME, Limits, OverLimitError
from evenstock.operations.approvals.delegation import delegations, require_delegated
from evenstock.operations.approvals.entitled import NotEntitledError, require_entitled
from evenstock.operations.approvals.naming import name_of
from evenstock.operations.approvals.requiring import agreeing
from evenstock.operations.ports import Transaction


@dataclass(frozen=True, slots=True)
class Waiting:
    """One request that somebody may decide."""

    request: ApprovalRequest
    agree: int
    """People who agree already."""
    on_behalf_of: str
    """Whose right it is; empty where it is his own."""


def inbox(books: Transaction, by: str, limits: Limits = BY_NAME) -> list[Waiting]:
    """Open requests that `by` did not propose, has not voted on, and may decide by his own right or one delegated to him."""
    me, clock = name_of(by), books.clock()
    givers = sorted({one.giver for one in delegations(books) if one.taker == me and one.holds(clock.date())})
    found = []
    for request in _open(books):
        cast = books.votes(request.id)
        seen = {name for vote in cast for name in (vote.person, vote.voter)}
        if request.proposer == me or me in seen or clock >= request.expires_at:
            continue
        right = _right(books, request, me, [g for g in givers if g not in seen and g != request.proposer], limits)
        if right is not None:
            found.append(Waiting(request, agreeing(books, request), right))
    return sorted(found, key=lambda one: (-one.request.cents, one.request.due_at, one.request.id))


def _open(books: Transaction) -> list[ApprovalRequest]:
    found: list[ApprovalRequest] = []
    after = ""
    while page := books.approval_requests([RequestState.OPEN], after=after, limit=500):
        found += page
        after = page[-1].id
    return found


def _right(books: Transaction, request: ApprovalRequest, me: str, givers: list[str], limits: Limits) -> str | None:
    """Empty for his own right, else whose; None where he has none."""
    try:
        require_entitled(books, request, me, limits)
    except (NotEntitledError, OverLimitError):
        for giver in givers:
            try:
                require_delegated(books, request, giver, me, limits)
            except (NotEntitledError, OverLimitError):
                continue
            return giver
        return None
    return ""
