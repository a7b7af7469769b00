"""Stock that should move between nodes: proposed lines, then instructions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from evenstock.domain.names import UNTRACKED, Cents, LotId, NodeId, PlanId, Sku, TransferId, Units
from evenstock.domain.plan import CostTerm


@dataclass(frozen=True, slots=True)
class TransferLine:
    """Units of one item that one lane should carry tonight, what it is worth, what it costs, and both ends' cover."""

    sku: Sku
    origin: NodeId
    destination: NodeId
    units: Units
    worth_cents: Cents
    """Expected gain at the destination less the expected loss at the origin, before cost."""
    costs: tuple[CostTerm, ...]
    origin_cover_before: int
    """Days of cover, whole days; 9999 where nothing is expected to sell."""
    origin_cover_after: int
    destination_cover_before: int
    destination_cover_after: int
    sentence: str
    lot: LotId = UNTRACKED

    def __post_init__(self) -> None:
        if self.units <= 0:
            raise ValueError(f"{self.sku}: a transfer line moves at least one unit")
        if self.origin == self.destination:
            raise ValueError(f"{self.sku}: a transfer leads from one node to another, not {self.origin} to itself")

    @property
    def cost_cents(self) -> Cents:
        return Cents(sum(term.cents for term in self.costs))

    @property
    def net_cents(self) -> Cents:
        return Cents(self.worth_cents - self.cost_cents)


class PlanState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class TransferPlan:
    """Tonight's proposal for the whole network."""

    id: PlanId
    made_at: datetime
    inputs: tuple[tuple[str, str], ...]
    """Digests of what it was computed from, by name."""
    seed: int
    lines: tuple[TransferLine, ...]
    notes: tuple[str, ...] = ()
    """What was left out and why; what was used although out of date."""
    state: PlanState = PlanState.PROPOSED

    @property
    def worth_cents(self) -> Cents:
        return Cents(sum(line.worth_cents for line in self.lines))

    @property
    def cost_cents(self) -> Cents:
        return Cents(sum(line.cost_cents for line in self.lines))

    @property
    def net_cents(self) -> Cents:
        return Cents(self.worth_cents - self.cost_cents)


class TransferState(StrEnum):
    DRAFT = "draft"
    RELEASED = "released"
    DISPATCHED = "dispatched"
    RECEIVED = "received"
    """In part or whole; closed when nothing is outstanding."""
    CLOSED = "closed"
    CANCELLED = "cancelled"


TRANSFER_STEPS: dict[TransferState, frozenset[TransferState]] = {
    TransferState.DRAFT: frozenset({TransferState.RELEASED, TransferState.CANCELLED}),
    TransferState.RELEASED: frozenset({TransferState.DISPATCHED, TransferState.CANCELLED}),
    TransferState.DISPATCHED: frozenset({TransferState.RECEIVED, TransferState.CLOSED}),
    TransferState.RECEIVED: frozenset({TransferState.RECEIVED, TransferState.CLOSED}),
    TransferState.CLOSED: frozenset(),
    TransferState.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class TransferOrderLine:
    sku: Sku
    units: Units
    lot: LotId = UNTRACKED
    dispatched: Units = Units(0)
    received: Units = Units(0)
    lost: Units = Units(0)

    def __post_init__(self) -> None:
        if not 0 <= self.received + self.lost <= self.dispatched <= self.units:
            raise ValueError(f"{self.sku}: received and lost units were dispatched, and dispatched units were ordered")

    @property
    def outstanding(self) -> Units:
        """Dispatched, neither received nor written off."""
        return Units(self.dispatched - self.received - self.lost)


@dataclass(frozen=True, slots=True)
class TransferOrder:
    """An approved instruction for one lane (GS1 DESADV and RECADV report on it)."""

    id: TransferId
    plan: PlanId
    origin: NodeId
    destination: NodeId
    lines: tuple[TransferOrderLine, ...]
    ship_by: date
    state: TransferState = TransferState.DRAFT
