"""Requests for approval, votes and delegations as they are asked and told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from evenstock.domain import ApprovalRequest, RequestState, Says, Vote, plain
from evenstock.operations.approvals.delegation import Delegation
from evenstock.operations.approvals.inbox import Waiting
from evenstock.service.http.bodies.out import Day as DayOut
from evenstock.service.http.bodies.out import Moment, Out
from evenstock.service.http.strict import Cents, Day, Name, Reason, Strict, Text

MOST_VOTES = 500


class AskBody(Strict):
    about: Name = Field(description="Such as plan:plan-1a2b, rules:1f2e3d4c5b6a or rate-correction:d-1")
    because: Reason
    people: Annotated[int, Field(ge=1, le=20)] = Field(default=1, description="How many different people must agree")


class VoteBody(Strict):
    says: Literal["approve", "refuse"]
    digest: Name = Field(description="Of the content that you saw: a vote on what has changed since does not count")
    because: Text = Field(default="", description="Needed to refuse")
    on_behalf_of: Name | None = Field(default=None, description="Who delegated to you: it is then that person's vote")
    carry_out: bool = Field(default=True, description="Do it at once where this vote is the last that it needs")


class ManyVotesRow(Strict):
    approval: Name
    says: Literal["approve", "refuse"]
    digest: Name
    because: Text = ""
    on_behalf_of: Name | None = None


class ManyVotesBody(Strict):
    votes: Annotated[list[ManyVotesRow], Field(min_length=1, max_length=MOST_VOTES)]
    carry_out: bool = True


class NothingBody(Strict):
    """Nothing is asked."""


class DelegateBody(Strict):
    to: Name = Field(description="Account of whoever decides for you")
    first: Day = Field(description="First day, UTC")
    last: Day = Field(description="Last day, UTC; at most 60 days")
    because: Reason
    nodes: Annotated[list[Name], Field(max_length=200)] = Field(
        default_factory=list, description="Only there; without any, wherever you may"
    )
    limit_cents: Cents | None = Field(default=None, description="Most of one decision; without it, as your own")


class VoteOut(Out):
    person: str = Field(description="Whose right it is")
    voter: str = Field(description="Who said it: the same, or the one to whom that person delegated")
    says: Says
    digest: str
    because: str
    at: Moment | None


class ApprovalOut(Out):
    id: str
    action: str
    about: str = Field(description="Such as plan:plan-1a2b")
    digest: str = Field(description="Of its content: send it back with the vote")
    proposer: str
    role: str
    nodes: list[str] = Field(description="None: the whole company")
    cents: int = Field(description="Money at risk")
    units: int
    people: int = Field(description="How many different people must agree")
    because: str
    opened_at: Moment
    due_at: Moment = Field(description="When another role may decide too")
    expires_at: Moment
    evidence: list[list[str]] = Field(description="Name and value")
    content: str = Field(description="What is to be done, in JSON, where it is kept nowhere else")
    policy: str
    state: RequestState
    escalated_to: str
    closed_at: Moment | None
    votes: list[VoteOut]


class WaitingOut(ApprovalOut):
    on_behalf_of: str | None = Field(description="In your own list: whose right it is, empty for your own")


class ApprovalsOut(Out):
    items: list[WaitingOut]
    next: str | None


class DecidedOut(Out):
    """Where a request stands after a vote."""

    approval: ApprovalOut
    agree: int = Field(description="People who agree")
    repeated: bool = Field(description="The vote was cast before, and counts once")
    carried_out: bool
    result: str = Field(description="What was done, or why it was not")


class RowOut(Out):
    approval: str
    ok: bool
    state: str = Field(description="Where the request stands; empty where the vote does not count")
    agree: int
    repeated: bool
    carried_out: bool
    result: str
    code: str = Field(description="Code of the problem; empty where the vote counts")
    detail: str


class ManyOut(Out):
    items: list[RowOut]
    counted: int = Field(description="Votes that count")


class CarriedOutOut(Out):
    approval: ApprovalOut
    result: str


class DelegationOut(Out):
    id: str
    giver: str
    taker: str
    first: DayOut
    last: DayOut
    because: str
    nodes: list[str]
    limit_cents: int | None
    made_at: Moment | None
    ended: bool
    ended_by: str


class DelegationsOut(Out):
    items: list[DelegationOut]
    next: str | None


def approval_out(request: ApprovalRequest, votes: list[Vote]) -> dict[str, Any]:
    cast = [{name: value for name, value in plain(vote).items() if name != "request"} for vote in votes]
    return {**plain(request), "votes": cast}


def waiting_out(one: Waiting, votes: list[Vote]) -> dict[str, Any]:
    return approval_out(one.request, votes) | {"on_behalf_of": one.on_behalf_of}


def delegation_out(one: Delegation) -> dict[str, Any]:
    return {name: value for name, value in plain(one).items() if name != "step"}
