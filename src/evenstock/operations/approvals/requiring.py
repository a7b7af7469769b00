"""Nothing that people must agree to is done before they have: asked in the transaction that does it."""

from __future__ import annotations

from datetime import datetime

from evenstock.domain import ApprovalRequest, RequestState, Says, Vote
from evenstock.operations.access.limits import BY_NAME, Limits
from evenstock.operations.actors.standing import QuarantinedError, refuse_held
from evenstock.operations.approvals.entitled import require_entitled
from evenstock.operations.approvals.naming import name_of
from evenstock.operations.approvals.telling import close
from evenstock.operations.ports import ConflictError, Transaction


class NotApprovedError(ConflictError):
    """Not enough people agreed to this content, or their time has passed."""


def last_about(books: Transaction, about: str) -> ApprovalRequest | None:
    """The live request about a thing, else the one opened last."""
    live = books.live_request(about)
    if live is not None:
        return live
    return max(books.approval_requests(about=about), key=lambda one: (one.opened_at, one.id), default=None)


def agreeing(books: Transaction, request: ApprovalRequest) -> int:
    """How many people agree to what it asks."""
    return len({v.person for v in books.votes(request.id) if v.says is Says.APPROVE and v.digest == request.digest})


def require_approved(books: Transaction, about: str, digest: str) -> ApprovalRequest:
    """Mark the approval as executed and return it: call it in the transaction that does what was approved.

    Raises
    ------
    NotApprovedError
        Unless enough people agreed to this content, nobody refused, it has not expired by the store's clock, was not
        carried out before, and neither who proposed nor who voted is quarantined. Of several callers at once exactly one
        goes on.
    """
    last = last_about(books, about)
    if last is None:
        raise NotApprovedError(f"{about} needs an approval, and nobody asked for one")
    if last.digest != digest:
        raise NotApprovedError(f"{about} was changed since {last.id} asked for its approval; ask again")
    if last.state is RequestState.OPEN:
        agree = agreeing(books, last)
        raise NotApprovedError(
            f"{about} waits for its approval: {agree} of {last.people} people agreed; {last.role} decides on {last.id}"
        )
    if last.state is not RequestState.APPROVED:
        raise NotApprovedError(f"{about} is not approved: {last.id} is {last.state}")
    try:
        # What somebody proposed or voted stands still while he is quarantined.
        voters = {name for vote in books.votes(last.id) for name in (vote.person, vote.voter)}
        refuse_held(books, [last.proposer, *voters], about)
    except QuarantinedError as waits:
        raise NotApprovedError(str(waits)) from waits
    try:
        return books.close_request(last.id, RequestState.EXECUTED)
    except ConflictError as refused:
        raise NotApprovedError(str(refused)) from refused


def approved_by(
    books: Transaction, about: str, digest: str, by: str, now: datetime, *, limits: Limits = BY_NAME
) -> ApprovalRequest | None:
    """Where anybody asked for an approval of the thing: require it, and let the word of whoever does it count as his vote.

    Returns
    -------
    The approval, executed; None where none was ever asked for: then it is done as ever.

    Raises
    ------
    NotApprovedError
        As `require_approved`. NotEntitledError, OverLimitError or ConflictError where his vote would be the last that is
        needed and does not count.
    """
    last = last_about(books, about)
    if last is None or last.state is RequestState.EXECUTED:
        return None
    person = name_of(by)
    spoken = any(person in (cast.person, cast.voter) for cast in books.votes(last.id))
    needed = last.people - agreeing(books, last)
    if last.state is RequestState.OPEN and last.digest == digest and needed == 1 and not spoken:
        require_entitled(books, last, person, limits)
        books.vote(Vote(last.id, person, person, Says.APPROVE, digest))
        close(books, last.id, RequestState.APPROVED, now)
    return require_approved(books, about, digest)
