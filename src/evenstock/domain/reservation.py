"""Stock set aside for an order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from evenstock.domain.moments import refuse_naive
from evenstock.domain.names import UNTRACKED, LotId, NodeId, OrderId, ReservationId, Sku, Units


class ReservationState(StrEnum):
    """Pending once, then resolved at most once."""

    PENDING = "pending"
    POSTED = "posted"
    """The pick was released: reserved → allocated."""
    VOIDED = "voided"
    """Given back on purpose: reserved → available."""
    EXPIRED = "expired"
    """Given back because its time ran out: reserved → available."""


@dataclass(frozen=True, slots=True, order=True)
class ReservationLine:
    """Units of one item (and lot) at one node."""

    sku: Sku
    node: NodeId
    units: Units
    lot: LotId = UNTRACKED

    def __post_init__(self) -> None:
        if self.units <= 0:
            raise ValueError(f"{self.sku} at {self.node}: a reservation sets at least one unit aside")


@dataclass(frozen=True, slots=True)
class Reservation:
    """A promise of units at chosen nodes to one order; made whole or not at all.

    Lines of the same item, node and lot are added up and sorted when made, so that two orders that want the same
    stock always ask for it in the same order.
    """

    id: ReservationId
    order: OrderId
    lines: tuple[ReservationLine, ...]
    made_at: datetime
    expires_at: datetime
    state: ReservationState = ReservationState.PENDING

    def __post_init__(self) -> None:
        if not self.lines:
            raise ValueError(f"{self.id}: a reservation has at least one line")
        refuse_naive(self.made_at, str(self.id))
        refuse_naive(self.expires_at, str(self.id))
        if self.expires_at <= self.made_at:
            raise ValueError(f"{self.id}: a reservation expires after it is made")
        units: dict[tuple[Sku, NodeId, LotId], int] = {}
        for line in self.lines:
            key = (line.sku, line.node, line.lot)
            units[key] = units.get(key, 0) + line.units
        merged = tuple(ReservationLine(s, n, Units(q), lot) for (s, n, lot), q in sorted(units.items()))
        object.__setattr__(self, "lines", merged)
