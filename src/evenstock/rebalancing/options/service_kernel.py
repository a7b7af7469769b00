"""Compiled: what a node needs this morning not to run out, and how often it does not."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Demand, Ints


@njit(cache=True, nogil=True)
def units_needed(paths: Demand, inbound: Demand, until: Ints) -> Ints:
    """Units there this morning that serve every day before day `until`, by path (K, W, S)."""
    items, nodes, scenarios, _ = paths.shape
    need = np.zeros((items, nodes, scenarios), np.int64)
    for k in range(items):
        for w in range(nodes):
            for s in range(scenarios):
                net = 0
                for t in range(until[k, w]):
                    net += np.int64(paths[k, w, s, t]) - inbound[k, w, t]
                    need[k, w, s] = max(need[k, w, s], net)
    return need


@njit(cache=True, nogil=True)
def paths_without_stock_out(paths: Demand, on_hand: Ints, inbound: Demand, until: Ints) -> Ints:
    """Paths on which no unit is missed before day `until` (K, W)."""
    items, nodes, scenarios, _ = paths.shape
    served = np.zeros((items, nodes), np.int64)
    for k in range(items):
        for w in range(nodes):
            for s in range(scenarios):
                stock, short = on_hand[k, w], False
                for t in range(until[k, w]):
                    stock += inbound[k, w, t] - np.int64(paths[k, w, s, t])
                    if stock < 0:
                        short = True
                        break
                served[k, w] += not short
    return served
