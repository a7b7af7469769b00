"""What one more unit, or one more place in a day, is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from evenstock.domain.names import Cents, NodeId, Sku

ROUTING_SCOPES: Final = ("node", "service")
"""Those that routing adds to a shipment."""
SCOPES: Final = (*ROUTING_SCOPES, "lane", "dock_out", "dock_in", "room")


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
    """Value in cents of one more place in a day.

    Of a shipment of a node, or of a carrier's service, which routing adds to each shipment; of a pallet on a lane, of a unit
    through a dock, of a pallet of room, which the nightly plan found. One row per (scope, name, day, valid_from, source).
    """

    scope: str
    """One of `SCOPES`."""
    name: str
    """The node's or the service's; of a lane ``TX > PA ltl``."""
    day: date
    valid_from: datetime
    source: str
    cents: Cents

    def __post_init__(self) -> None:
        if self.scope not in SCOPES:
            raise ValueError(f"a capacity price is of one of {', '.join(SCOPES)}, not of {self.scope!r}")
