"""Compiled: the value of one more unit at each node."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Demand, Ints
from evenstock.rebalancing.unit_values.kernel import add_gains, simulate


@njit(cache=True, nogil=True)
def next_unit(paths: Demand, on_hand: Ints, inbound: Demand, shortage: Ints, holding: Ints, terminal: Ints) -> Ints:
    """Millicents summed over the paths, by (item, node): identity 1 for one unit that is there this morning."""
    items, nodes, scenarios, days = paths.shape
    value = np.zeros((items, nodes), np.int64)
    left, lost = np.zeros(days, np.int64), np.zeros(days, np.int64)
    sold_saves = np.zeros(days, np.int64)
    for k in range(items):
        for w in range(nodes):
            for t in range(days):
                sold_saves[t] = shortage[k, w] - terminal[k, w] + holding[k, w] * (days - t)
            for s in range(scenarios):
                simulate(paths[k, w, s], inbound[k, w], on_hand[k, w], days, left, lost)
                add_gains(lost, 0, days, 1, 1, sold_saves, value[k, w : w + 1])
            value[k, w] += scenarios * (terminal[k, w] - holding[k, w] * days)
    return value
