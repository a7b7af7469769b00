"""The nightly price list: what one more unit of an item is worth at a node."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np

from evenstock.domain import Cents, NodeId, Price, Sku, refuse_naive
from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.unit_values.next_unit import next_unit
from evenstock.rebalancing.worth.evaluate import Rerouting, evaluate

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


def routed_prices(problem: Problem, routes: Rerouting) -> Ints:
    """Cents one more unit would save this morning where orders are routed around empty nodes, ``(K, W)``; not below 0.

    The paths are played with and without the unit, node by node: unlike `unit_prices` this sees that a unit here may be what
    an empty neighbour will need, and that the network as a whole may run short. Storing is left out: routing decides which
    unit to take, and a unit that stays is stored wherever it stays.
    """
    cents = np.zeros(problem.on_hand.shape, np.int64)
    before = _missed(problem, routes)
    for w in range(len(problem.nodes)):
        more = problem.on_hand.copy()
        more[:, w] += 1
        cents[:, w] = np.rint(before - _missed(replace(problem, on_hand=more), routes)).astype(np.int64)
    return np.maximum(cents, 0)


def _missed(problem: Problem, routes: Rerouting) -> Floats:
    """Expected cents of sales lost and of orders served from elsewhere, by item ``(K,)``."""
    played = evaluate(problem, Moves.none(), rerouting=routes)
    missed: Floats = (played.lost_units * routes.lost_cents + played.spilled_units * routes.spill_cents).sum(axis=1)
    return missed


def price_rows(problem: Problem, *, valid_from: datetime, routes: Rerouting | None = None) -> list[Price]:
    """`routed_prices`, or `unit_prices` without routes, as rows of the one price list, in (sku, node) order."""
    refuse_naive(valid_from, "valid_from")
    cents = unit_prices(problem) if routes is None else routed_prices(problem, routes)
    rows = (
        Price(Sku(sku), NodeId(node), valid_from, SOURCE, Cents(int(cents[k, w])))
        for k, sku in enumerate(problem.skus)
        for w, node in enumerate(problem.nodes)
    )
    return sorted(rows, key=lambda row: (row.sku, row.node))
