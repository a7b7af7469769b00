"""Compiled: what the next unit at a node is worth on each path, by the day it can be sold."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Demand, Ints
from evenstock.rebalancing.unit_values.kernel import simulate


@njit(cache=True, nogil=True)
def next_unit_by_path(
    paths: Demand, inbound: Demand, on_hand: int, shortage: int, holding: int, terminal: int, lead: int
) -> Ints:
    """Millicents on each path of one unit more that can be sold from day `lead` on, ``(S,)`` (identity 1, k = 1)."""
    scenarios, days = paths.shape
    value = np.zeros(scenarios, np.int64)
    left, lost = np.zeros(days, np.int64), np.zeros(days, np.int64)
    for s in range(scenarios):
        simulate(paths[s], inbound, on_hand, days, left, lost)
        sold = days
        for t in range(min(lead, days), days):
            if lost[t] > 0:
                sold = t
                break
        stored = max(sold - lead, 0)
        value[s] = (shortage if sold < days else terminal) - holding * stored
    return value


@njit(cache=True, nogil=True)
def next_units(
    paths: Demand,
    inbound: Demand,
    on_hand: Ints,
    shortage: Ints,
    holding: Ints,
    terminal: Ints,
    item: Ints,
    node: Ints,
    lead: Ints,
) -> Ints:
    """`next_unit_by_path` of several (item, node, day of arrival), ``(n, S)``."""
    value = np.zeros((len(item), paths.shape[2]), np.int64)
    for n in range(len(item)):
        k, w = item[n], node[n]
        value[n] = next_unit_by_path(
            paths[k, w], inbound[k, w], on_hand[k, w], shortage[k, w], holding[k, w], terminal[k, w], lead[n]
        )
    return value
