"""Compiled: plays demand against stock, node by node, with unmet units served from the next node where that is lawful."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Demand, Ints


@njit(cache=True, nogil=True)
def play(
    paths: Demand,
    on_hand: Ints,
    inbound: Demand,
    lanes_in: Ints,
    lead: Ints,
    origin: Ints,
    start: Ints,
    lane: Ints,
    units: Ints,
    next_nodes: Ints,
    lost_cost: Ints,
    spill_cost: Ints,
    storing: Ints,
    kept: Ints,
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Units lost, spilled, left and unit-days stored by (item, node), summed over paths; millicents by path.

    Each day every node first serves its own demand; then nodes in their order ask the next nodes, in theirs, for what
    they miss. `lanes_in` is each lane's destination.
    """
    items, nodes, scenarios, days = paths.shape
    lost, spilled = np.zeros((items, nodes), np.int64), np.zeros((items, nodes), np.int64)
    left, held = np.zeros((items, nodes), np.int64), np.zeros((items, nodes), np.int64)
    money = np.zeros(scenarios, np.int64)
    begin, extra = np.zeros(nodes, np.int64), np.zeros((nodes, days + 1), np.int64)
    stock, short = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    for k in range(items):
        begin[:] = on_hand[k]
        extra[:] = 0
        for n in range(start[k], start[k + 1]):
            begin[origin[lane[n]]] -= units[n]
            extra[lanes_in[lane[n]], lead[lane[n]]] += units[n]
        for s in range(scenarios):
            stock[:] = begin
            for t in range(days):
                for w in range(nodes):
                    stock[w] += inbound[k, w, t] + extra[w, t] - np.int64(paths[k, w, s, t])
                    short[w] = max(-stock[w], 0)
                    stock[w] = max(stock[w], 0)
                for w in range(nodes):
                    for step in range(next_nodes.shape[1] if short[w] > 0 else 0):
                        other = next_nodes[w, step]
                        if other >= 0 and stock[other] > 0:
                            taken = min(short[w], stock[other])
                            stock[other] -= taken
                            short[w] -= taken
                            spilled[k, w] += taken
                            money[s] += taken * spill_cost[k, w]
                    lost[k, w] += short[w]
                    money[s] += short[w] * lost_cost[k, w]
                for w in range(nodes):
                    held[k, w] += stock[w]
                    money[s] += stock[w] * storing[k, w]
            for w in range(nodes):
                end = stock[w] + extra[w, days]
                left[k, w] += end
                money[s] -= end * kept[k, w]
    return lost, spilled, left, held, money
