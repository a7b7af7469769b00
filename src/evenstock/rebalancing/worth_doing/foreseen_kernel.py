"""Compiled: the stock that a plan foresees, and what one node costs with given arrivals."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Demand, Ints


@njit(cache=True, nogil=True)
def stock_after(paths: Demand, on_hand: Ints, inbound: Demand, days: int) -> Ints:
    """Units at the end of the first `days` days, by path (K, W, S)."""
    items, nodes, scenarios, _ = paths.shape
    stock = np.zeros((items, nodes, scenarios), np.int64)
    for k in range(items):
        for w in range(nodes):
            for s in range(scenarios):
                units = on_hand[k, w]
                for t in range(days):
                    units = max(units + inbound[k, w, t] - np.int64(paths[k, w, s, t]), 0)
                stock[k, w, s] = units
    return stock


@njit(cache=True, nogil=True)
def units_missed(paths: Demand, on_hand: int, inbound: Demand) -> int:
    """Of one item at one node, over all paths (S, T)."""
    scenarios, days = paths.shape
    lost = 0
    for s in range(scenarios):
        units = on_hand
        for t in range(days):
            units += inbound[t] - np.int64(paths[s, t])
            if units < 0:
                lost -= units
                units = 0
    return lost
