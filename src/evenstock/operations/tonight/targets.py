"""What a company wants of its stock, item by item and node by node: the most particular row counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Item, Node, StockTarget
from evenstock.rebalancing.bands import NO_CEILING, Bands


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Wishes by item and node, each ``(K, W)``; zero or `NO_CEILING` where nothing is wished."""

    low_days: NDArray[np.int64]
    high_days: NDArray[np.int64]
    below_cents: NDArray[np.int64]
    above_cents: NDArray[np.int64]
    most_units: NDArray[np.int64]
    cycle_service: NDArray[np.float64]
    fill_rate: NDArray[np.float64]

    @property
    def asks_service(self) -> bool:
        return bool((self.cycle_service > 0).any() or (self.fill_rate > 0).any())

    def bands(self, daily: NDArray[np.float64]) -> Bands | None:
        """Cover in units at this mean daily demand, and what is accepted; None where nothing is wished."""
        wished = (self.low_days > 0) | (self.high_days < NO_CEILING) | (self.most_units < NO_CEILING)
        if not wished.any():
            return None
        most = np.maximum(self.most_units, 0)
        high = np.where(self.high_days < NO_CEILING, np.ceil(np.minimum(self.high_days, 10_000) * daily), NO_CEILING)
        high = np.minimum(high.astype(np.int64), most)
        low = np.minimum(np.ceil(self.low_days * daily).astype(np.int64), high)
        return Bands(
            low_units=low, low_cents=self.below_cents, high_units=high, high_cents=self.above_cents, most_units=most
        )


def targets(rows: Sequence[StockTarget], items: Sequence[Item], nodes: Sequence[Node]) -> Targets:
    """Arrays of the wishes; of rows that fit alike the last counts.

    Examples
    --------
    Every item 14 days, tea 30 days, but in Texas 10:

    >>> from evenstock.domain import Grams, NodeId, NodeKind, Sku
    >>> items = [Item(Sku("MUG"), Grams(1)), Item(Sku("TEA"), Grams(1))]
    >>> nodes = [Node(NodeId(n), NodeKind.OWN, "75201", "America/Chicago") for n in ("PA", "TX")]
    >>> rows = [
    ...     StockTarget(cover_low_days=14),
    ...     StockTarget(sku=Sku("TEA"), cover_low_days=30),
    ...     StockTarget(sku=Sku("TEA"), node=NodeId("TX"), cover_low_days=10),
    ... ]
    >>> targets(rows, items, nodes).low_days.tolist()
    [[14, 14], [30, 10]]
    """
    shape = (len(items), len(nodes))
    low_days, below, above = (np.zeros(shape, np.int64) for _ in range(3))
    high_days, most = (np.full(shape, NO_CEILING) for _ in range(2))
    cycle, fill = (np.zeros(shape) for _ in range(2))
    of_item = np.array([item.sku for item in items], object)
    of_category = np.array([item.category for item in items], object)
    of_node = np.array([node.id for node in nodes], object)
    for row in sorted(rows, key=lambda row: row.rank):
        fits = np.ones(len(items), np.bool_)
        if row.sku:
            fits &= of_item == row.sku
        if row.category:
            fits &= of_category == row.category
        at = np.ix_(fits, of_node == row.node if row.node else np.ones(len(nodes), np.bool_))
        low_days[at] = row.cover_low_days
        high_days[at] = NO_CEILING if row.cover_high_days is None else row.cover_high_days
        below[at], above[at] = row.below_cents, row.above_cents
        most[at] = NO_CEILING if row.most_units is None else row.most_units
        cycle[at], fill[at] = row.cycle_service, row.fill_rate
    return Targets(low_days, high_days, below, above, most, cycle, fill)
