"""What one more unit is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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
    """Who computed it: `nightly` or `repricing`."""
    cents: Cents
