"""Stock that moves between nodes by instruction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from evenstock.domain.names import UNTRACKED, LotId, NodeId, PlanId, Sku, TransferId, Units


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
    over: Units = Units(0)
    """Received beyond what was dispatched by the origin's word: the origin's record is doubtful then."""

    def __post_init__(self) -> None:
        if not 0 <= self.received + self.lost <= self.dispatched <= self.units:
            raise ValueError(f"{self.sku}: received and lost units were dispatched, and dispatched units were ordered")
        if self.over < 0:
            raise ValueError(f"{self.sku}: units received beyond what was dispatched cannot be below zero")

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
    mode: str = ""
    """Kind of carriage; empty where the lane has one only."""
    dispatched_on: date | None = None
    received_on: date | None = None
    """Day of the last receipt: how long lanes really take is learned from these two."""
