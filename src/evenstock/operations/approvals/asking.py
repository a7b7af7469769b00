"""Asks people to agree to one thing, with its content bound by its digest: change it, and whatever was agreed is void."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evenstock.domain import ApprovalRequest, Cents, NodeId, RequestState, Role, Units, digest
from evenstock.operations.approvals.naming import name_of
from evenstock.operations.approvals.requiring import NotApprovedError, last_about
from evenstock.operations.approvals.telling import REQUESTED, close, tell
from evenstock.operations.ports import Transaction

DUE: Final = timedelta(hours=24)
"""How long the role that is asked has, until another may decide too."""
LASTS: Final = timedelta(days=3)
"""How long a request, and an approval that was not carried out, can be used."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of people."""

    action: str
    """Kind of the action, such as `transfer`."""
    about: str
    """The thing, such as `plan:plan-1a2b`; the word before the colon names the file in `subjects` that carries it out."""
    digest: str
    """Of its content."""
    proposer: str
    """Who proposed it or changed it last."""
    role: str
    """Who decides."""
    nodes: Iterable[NodeId] = ()
    """None named: the whole company."""
    cents: Cents = Cents(0)
    units: Units = Units(0)
    people: int = 1
    because: str = ""
    evidence: tuple[tuple[str, str], ...] = ()
    policy: str = ""
    content: str = ""
    due: timedelta = DUE
    lasts: timedelta = LASTS


def open_request(books: Transaction, ask: Ask, now: datetime) -> ApprovalRequest:
    """The open request for this content: a new one, or the one that is there.

    One about the same thing with another content, or that asks for fewer people or another role, is voided. Its times are by
    the store's clock; `now` is when it is told.

    Raises
    ------
    NotApprovedError
        If this very content was refused: change it first.
    ValueError
        If the request makes no sense, such as zero people.
    """
    last, clock, people = last_about(books, ask.about), books.clock(), ask.people
    if last is not None and last.state.live:
        # Whoever asks again never gets the same content by with fewer people.
        people = max(people, last.people) if last.digest == ask.digest else people
        same = (last.digest, last.role, last.people) == (ask.digest, ask.role, people)
        if same and clock < last.expires_at:
            return last
        close(books, last.id, RequestState.VOIDED if clock < last.expires_at else RequestState.EXPIRED, now)
    elif last is not None and last.state is RequestState.REFUSED and last.digest == ask.digest:
        raise NotApprovedError(f"{ask.about} was refused ({last.id}); change it, then ask again")
    before = len(books.approval_requests(about=ask.about))
    name = digest({"about": ask.about, "digest": ask.digest, "number": before}).removeprefix("sha256:")[:20]
    made = ApprovalRequest(
        id=f"approval-{name}",
        action=ask.action,
        about=ask.about,
        digest=ask.digest,
        proposer=name_of(ask.proposer),
        role=ask.role,
        nodes=tuple(sorted(set(ask.nodes))),
        cents=ask.cents,
        units=ask.units,
        people=people,
        because=ask.because,
        opened_at=clock,
        due_at=clock + min(ask.due, ask.lasts),
        expires_at=clock + ask.lasts,
        evidence=ask.evidence,
        content=ask.content,
        policy=ask.policy,
    )
    books.open_request(made)
    tell(books, REQUESTED, made, now)
    return made


def void_request(books: Transaction, about: str, now: datetime) -> ApprovalRequest | None:
    """Close what waits or was agreed about a thing that was changed, rejected or taken back; None where nothing was."""
    live = books.live_request(about)
    return None if live is None else close(books, live.id, RequestState.VOIDED, now)


def next_role(request: ApprovalRequest) -> str:
    """Who may decide as well once the deadline has passed: the approvers, or those above them."""
    return Role.POLICY_ADMIN.value if request.role == Role.APPROVER.value else Role.APPROVER.value
