"""What one more unit, or one more place in a day, is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from evenstock.domain.names import Cents, NodeId, Sku


@dataclass(frozen=True, slots=True)
class Price:
    """Value in cents of one more unit of an item at a node: routing adds it to the cost of taking the unit.

    One row per (item, node, valid_from, source). A decision reads exactly one row and records its source.
    """

    sku: Sku
    node: NodeId
    valid_from: datetime
    source: str
    """Who computed it: `nightly`, `repricing`, or `corrected since` the moment of the repricing that it corrects."""
    cents: Cents


@dataclass(frozen=True, slots=True)
class CapacityPrice:
    """Value in cents of one more shipment of a node, or of a carrier's service, on a day: routing adds it to each shipment.

    One row per (scope, name, day, valid_from, source).
    """

    scope: str
    """`node` or `service`."""
    name: str
    """The node's or the service's."""
    day: date
    valid_from: datetime
    source: str
    cents: Cents

    def __post_init__(self) -> None:
        if self.scope not in {"node", "service"}:
            raise ValueError(f"a capacity price is of a node or a service, not of {self.scope!r}")
