"""Votes on a request: one for each person, on what he saw; enough of them approve it, one refusal closes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from evenstock.domain import ApprovalRequest, RequestState, Says, Vote
from evenstock.operations.access.limits import BY_NAME, Limits
from evenstock.operations.approvals.delegation import require_delegated
from evenstock.operations.approvals.entitled import require_entitled
from evenstock.operations.approvals.naming import name_of
from evenstock.operations.approvals.requiring import agreeing
from evenstock.operations.approvals.telling import close
from evenstock.operations.ports import Store, StoreError, Transaction


@dataclass(frozen=True, slots=True)
class Voted:
    """A vote, and where its request stands since."""

    request: ApprovalRequest
    vote: Vote
    agree: int
    """People who agree."""
    repeated: bool = False
    """Whether it was cast before and counts once."""


def vote(
    store: Store,
    request: str,
    by: str,
    says: Says,
    because: str,
    digest: str,
    now: datetime,
    limits: Limits = BY_NAME,
    *,
    on_behalf_of: str = "",
) -> Voted:
    """Cast a vote; the same again is answered the same and counts once.

    Parameters
    ----------
    digest
        Of what was seen: a vote on what has changed since does not count.
    on_behalf_of
        Who delegated to `by`: it is then that person's right, and his one vote.

    Raises
    ------
    StoreError
        If there is no such request; NotEntitledError or OverLimitError if it is not theirs to decide, or not delegated.
    ConflictError
        If it is not open, expired, asks for something else, was proposed by either, or either voted before.
    ValueError
        If a program would vote, or a refusal says no reason.
    """
    with store.transaction() as books:
        return vote_in(books, request, by, says, because, digest, now, limits, on_behalf_of=on_behalf_of)


def vote_in(
    books: Transaction,
    request: str,
    by: str,
    says: Says,
    because: str,
    digest: str,
    now: datetime,
    limits: Limits = BY_NAME,
    *,
    on_behalf_of: str = "",
) -> Voted:
    """The same within an open transaction."""
    found = books.approval_request(request)
    if found is None:
        raise StoreError(f"there is no approval request {request}")
    voter = name_of(by)
    person = name_of(on_behalf_of) if on_behalf_of else voter
    wanted = Vote(request, person, voter, says, digest, because.strip())
    for cast in books.votes(request):
        if (cast.person, cast.voter, cast.says, cast.digest) == (person, voter, says, digest):
            return Voted(found, cast, agreeing(books, found), repeated=True)
    if person == voter:
        require_entitled(books, found, voter, limits)
    else:
        require_delegated(books, found, person, voter, limits)
    kept = books.vote(wanted)
    agree = agreeing(books, found)
    if says is Says.REFUSE:
        found = close(books, request, RequestState.REFUSED, now)
    elif agree >= found.people:
        found = close(books, request, RequestState.APPROVED, now)
    return Voted(found, kept, agree)


@dataclass(frozen=True, slots=True)
class Row:
    """One vote of a batch."""

    request: str
    says: Says
    digest: str
    because: str = ""
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of it."""

    request: str
    voted: Voted | None
    error: Exception | None = None
    """Why it does not count: StoreError or ValueError."""
    result: str = ""
    """What was carried out with it, in words."""


def vote_many(
    store: Store,
    rows: Sequence[Row],
    by: str,
    now: datetime,
    limits: Limits = BY_NAME,
    *,
    then: Callable[[Voted], str] = lambda _: "",
) -> list[RowOutcome]:
    """Cast many votes, each in a transaction of its own: what is wrong with one says nothing of the others.

    Parameters
    ----------
    then
        Done after each vote that counts, such as carrying out what it approved; its sentence is the row's result.
    """
    return [_row(store, row, by, now, limits, then) for row in rows]


def _row(store: Store, row: Row, by: str, now: datetime, limits: Limits, then: Callable[[Voted], str]) -> RowOutcome:
    try:
        done = vote(
            store, row.request, by, row.says, row.because, row.digest, now, limits, on_behalf_of=row.on_behalf_of
        )
    except (StoreError, ValueError) as wrong:
        return RowOutcome(row.request, None, wrong)
    return RowOutcome(row.request, done, None, then(done))
