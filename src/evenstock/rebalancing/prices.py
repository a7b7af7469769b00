"""The nightly price list: what one more unit of an item is worth at a node."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np

from evenstock.domain import Cents, NodeId, Price, Sku, refuse_naive
from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.prices_kernel import next_unit
from evenstock.rebalancing.problem import Problem

SOURCE: Final = "nightly"


def unit_prices(problem: Problem) -> Ints:
    """Cents one more unit would be worth this morning, ``(K, W)``: the shortage it may save, less storing it; not below 0.

    Identity 1 with k = 1. Ask for ``problem.after(moves)`` to price the network as tonight's plan leaves it.
    """
    millicents = next_unit(
        problem.paths,
        problem.on_hand,
        problem.arrivals,
        1000 * problem.shortage_cents,
        problem.holding_millicents,
        1000 * problem.terminal,
    )
    return np.maximum(np.rint(millicents / (1000 * problem.path_count)).astype(np.int64), 0)


def price_rows(problem: Problem, *, valid_from: datetime) -> list[Price]:
    """`unit_prices` as rows of the one price list, in (sku, node) order."""
    refuse_naive(valid_from, "valid_from")
    cents = unit_prices(problem)
    rows = (
        Price(Sku(sku), NodeId(node), valid_from, SOURCE, Cents(int(cents[k, w])))
        for k, sku in enumerate(problem.skus)
        for w, node in enumerate(problem.nodes)
    )
    return sorted(rows, key=lambda row: (row.sku, row.node))
