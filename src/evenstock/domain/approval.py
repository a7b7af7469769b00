"""What waits for people to agree, and what each of them says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from evenstock.domain.moments import refuse_naive
from evenstock.domain.names import Cents, NodeId, Units

PERSON: Final = "person:"
"""How the name of a person begins; only people vote."""


class RequestState(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    """People vote on it."""
    APPROVED = "approved"
    """Enough people agreed; it may be carried out once, until it expires."""
    REFUSED = "refused"
    """Somebody said no."""
    EXPIRED = "expired"
    """Its time ran out before it was carried out."""
    VOIDED = "voided"
    """What it asked for was changed or taken back."""
    EXECUTED = "executed"
    """It was carried out."""

    @property
    def live(self) -> bool:
        """Whether anything can still become of it; what is not live is final."""
        return self in (RequestState.OPEN, RequestState.APPROVED)


class Says(StrEnum):
    """What a vote can say."""

    APPROVE = "approve"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person says of one request. It is never changed, and counts for the content it names and no other."""

    request: str
    person: str
    """Whose right it is, such as `person:ana@example.com`."""
    voter: str
    """Who said it: the same person, or the one to whom that person delegated."""
    says: Says
    digest: str
    """Of the content that was seen."""
    because: str = ""
    at: datetime | None = None
    """By the store's clock; None until it is kept."""

    def __post_init__(self) -> None:
        for name in (self.person, self.voter):
            if not name.startswith(PERSON) or name == PERSON:
                raise ValueError(
                    f"{self.request}: {name!r} cannot vote; only people can, such as person:ana@example.com"
                )
        if not self.request or not self.digest:
            raise ValueError("a vote names its request, and the digest of what was seen")
        if self.says is Says.REFUSE and not self.because.strip():
            raise ValueError(f"{self.request}: say why it is refused")
        if self.at is not None:
            refuse_naive(self.at, self.request)

    @property
    def delegated(self) -> bool:
        return self.person != self.voter


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """One thing that waits for people: what it is, who proposed it, who may decide, and until when."""

    id: str
    action: str
    """Kind of the action, such as `transfer`."""
    about: str
    """The thing, such as `plan:plan-1a2b`: of a thing at most one request is live."""
    digest: str
    """Of its content: whoever votes, votes on this."""
    proposer: str
    """Who proposed it or changed it last, such as `person:ana@example.com`, `key:ek_3f9a` or `schedule`."""
    role: str
    """Who decides."""
    nodes: tuple[NodeId, ...]
    """Nodes it concerns, sorted: whoever decides must have the role at each of them; none named: the whole company."""
    cents: Cents
    """Money at risk."""
    units: Units
    people: int
    """How many different people must agree."""
    because: str
    """Why it is asked."""
    opened_at: datetime
    due_at: datetime
    """When it goes on to `escalated_to`, where nobody has decided."""
    expires_at: datetime
    """From then on nobody votes on it and it is not carried out."""
    evidence: tuple[tuple[str, str], ...] = ()
    """What it rests on, by name: such as the digest of a simulation."""
    content: str = ""
    """What is to be done, in canonical JSON, where it is kept nowhere else: `digest` is then of it."""
    policy: str = ""
    """Digest of the policy that asks for it."""
    state: RequestState = RequestState.OPEN
    escalated_to: str = ""
    """Role that may decide as well since the deadline passed; empty before."""
    closed_at: datetime | None = None

    def __post_init__(self) -> None:
        if not all((self.id, self.action, self.about, self.digest, self.proposer, self.role)):
            raise ValueError("a request has an id and says its action, its thing, its digest, its proposer and a role")
        if self.people < 1:
            raise ValueError(f"{self.about}: {self.people} people cannot agree; ask for one or more")
        if self.cents < 0 or self.units < 0:
            raise ValueError(f"{self.about}: money and units at risk are zero or more")
        if self.nodes != tuple(sorted(set(self.nodes))):
            raise ValueError(f"{self.about}: name its nodes once each and sorted")
        for moment in (self.opened_at, self.due_at, self.expires_at):
            refuse_naive(moment, self.about)
        if not self.opened_at < self.expires_at or not self.opened_at <= self.due_at <= self.expires_at:
            raise ValueError(f"{self.about}: it is opened, then due, then expires; not in another order")
        if self.state.live == (self.closed_at is not None):
            raise ValueError(f"{self.about}: what is {self.state} {'has no' if self.state.live else 'has a'} end")

    @property
    def roles(self) -> frozenset[str]:
        """Any of them may decide."""
        return frozenset(filter(None, (self.role, self.escalated_to)))
