"""The loop over scenarios of prices; `evenstock.routing.confidence` explains it."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.routing.batch_kernel import Tables, Truth, cheapest, fill
from evenstock.routing.priced import Whole
from evenstock.routing.subset_kernel import INFEASIBLE


@njit(cache=True)
def least_by_scenario(
    node: Whole,
    goods: Tables,
    costs: tuple[Whole, Whole, Whole],
    may: tuple[Truth, Whole],
    ladders: Tables,
    kit: Whole,
    limits: tuple[int, int, int],
    worth: Whole,
    scenarios: Whole,
) -> Whole:
    """Least cost of one order by whole lines under each list of prices, shape ``(scenario,)``.

    Parameters
    ----------
    node, goods, costs, may, ladders, kit
        See `evenstock.routing.batch_kernel.fill`; `costs` with the prices in `worth`.
    limits
        Charge of a further shipment, most shipments, least value of a split shipment.
    worth, scenarios
        Cents of a unit, ``(node, line)`` and ``(scenario, node, line)``; alike for lines of one item.
    """
    item, units, nodes = goods[0], goods[1], may[1].shape[0]
    lines, sets = units.size, 1 << units.size
    bare = np.empty(costs[2].shape, np.int64)
    for c in range(node.size):
        for i in range(lines):
            bare[c, i] = costs[2][c, i] - worth[node[c], i]
    cents, pick = np.full(nodes * sets, INFEASIBLE, np.int64), np.full(nodes * sets, np.int32(-1), np.int32)
    way_cents, thin = np.zeros(0, np.int64), np.zeros(sets, np.bool_)
    fill(node, goods, (costs[0], costs[1], bare), may, ladders, kit, (cents, pick, way_cents, thin), limits[2])
    number, shared = np.arange(lines), 0
    for i in range(lines):
        for other in range(i):
            if item[other] == item[i]:
                number[i], shared = number[other], 1
                break
    arrays = (
        np.array([0, lines]), number, units, np.array([0, node.size]), node, np.array([0, sets]), np.array([0, 0]),
        cents, pick, way_cents, thin, np.array([[limits[0], limits[1], shared]]), np.ascontiguousarray(may[1].T),
    )  # fmt: skip
    way, any_stock = np.empty(lines, np.int64), np.zeros((0, 0), np.int64)
    found = np.empty(scenarios.shape[0], np.int64)
    for e in range(scenarios.shape[0]):
        # Of the type that batches have: a plain 0 would be compiled apart.
        found[e] = cheapest(arrays, int(np.int64(0)), sets - 1, scenarios[e], way_cents, any_stock, way)
    return found
