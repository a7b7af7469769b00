"""Compiled: what doing nothing would miss, by item and node."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Demand, Ints


@njit(cache=True, nogil=True)
def missed(paths: Demand, on_hand: Ints, inbound: Demand, since: Ints) -> tuple[Ints, Ints, Ints]:
    """Units lost over all paths (K, W), paths short by the end of each day (K, W, T), and units lost by path from day `since` on (K, W, S)."""
    items, nodes, scenarios, days = paths.shape
    lost = np.zeros((items, nodes), np.int64)
    short_by = np.zeros((items, nodes, days), np.int64)
    later = np.zeros((items, nodes, scenarios), np.int64)
    for k in range(items):
        for w in range(nodes):
            for s in range(scenarios):
                stock, first = on_hand[k, w], days
                for t in range(days):
                    stock += inbound[k, w, t] - np.int64(paths[k, w, s, t])
                    if stock < 0:
                        lost[k, w] -= stock
                        if t >= since[k, w]:
                            later[k, w, s] -= stock
                        stock = 0
                        first = min(first, t)
                if first < days:
                    short_by[k, w, first] += 1
            for t in range(1, days):
                short_by[k, w, t] += short_by[k, w, t - 1]
    return lost, short_by, later
