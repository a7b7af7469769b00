"""Something that waits for a person or for a moment, with what happens if nobody acts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from evenstock.domain.moments import refuse_naive
from evenstock.domain.names import CaseId


class CaseKind(StrEnum):
    REVIEW = "review"
    """A plan is reserved and a person decides; at the deadline it executes."""
    UNSERVED = "unserved"
    """No lawful plan yet: asked again at the deadline, and when stock or rules change."""
    SHORT_PICK = "short_pick"
    ADDRESS = "address"
    FRAUD = "fraud"
    CANCELLATION = "cancellation"
    CARRIER = "carrier"
    """A carrier fails, or a pickup was missed."""
    NODE_DOWN = "node_down"
    CUTOFF_MISSED = "cutoff_missed"


class CaseState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Case:
    """One open question: why, who, until when, and what happens then. Each change adds one to `step`."""

    id: CaseId
    kind: CaseKind
    about: str
    """`order:A-1`, `node:TX` or `service:ups:ground`."""
    because: str
    suggestion: str
    """What the system would do, in words."""
    at_deadline: str
    """What it does if nobody acts: the name of an action, such as `execute`, `retry` or `cancel`."""
    role: str
    """Who may act; empty where the system acts by itself."""
    opened_at: datetime
    due_at: datetime
    facts: tuple[tuple[str, str], ...] = ()
    """What the action needs, by name: decision, reservation, node, sku, units, ..."""
    state: CaseState = CaseState.OPEN
    step: int = 0
    closed_at: datetime | None = None
    closed_by: str = ""
    """A person's name, or `deadline`, or `system`."""
    resolution: str = ""
    """What was done, and the reason given."""

    def __post_init__(self) -> None:
        if not self.id or not self.about or not self.because:
            raise ValueError("a case has an id, says what it is about, and why")
        refuse_naive(self.opened_at, str(self.id))
        refuse_naive(self.due_at, str(self.id))
        if self.due_at < self.opened_at:
            raise ValueError(f"{self.id}: its deadline {self.due_at} lies before it was opened at {self.opened_at}")
        if (self.state is CaseState.CLOSED) != (self.closed_at is not None):
            raise ValueError(f"{self.id}: a closed case says when it was closed, an open one does not")

    def fact(self, name: str, default: str = "") -> str:
        return dict(self.facts).get(name, default)

    def closed(self, at: datetime, by: str, resolution: str) -> Case:
        """The same case, answered. Raises ValueError if it was before."""
        if self.state is CaseState.CLOSED:
            raise ValueError(f"{self.id} was closed by {self.closed_by} before: {self.resolution}")
        return replace(
            self, state=CaseState.CLOSED, closed_at=at, closed_by=by, resolution=resolution, step=self.step + 1
        )
