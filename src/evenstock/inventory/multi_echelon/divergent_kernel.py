"""Compiled split of a centre's stock, and the days of a system that lives by it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@njit(cache=True, nogil=True)
def _filled(positions: Floats, row: Floats) -> float:
    total = 0.0
    for i in range(positions.size):
        total += max(positions[i], row[i])
    return total


@njit(cache=True, nogil=True)
def split(positions: Floats, arrived: float, levels: Floats) -> Floats:
    """Units for each store: all are raised to the levels of one price, and those already above get nothing."""
    goal = arrived
    for i in range(positions.size):
        goal += positions[i]
    low, high = 0, levels.shape[0] - 1
    while high - low > 1:
        middle = (low + high) // 2
        if _filled(positions, levels[middle]) > goal:
            high = middle
        else:
            low = middle
    sent = np.empty(positions.size)
    # Between two rows of the table both the levels and their sum are taken as straight.
    at_low, at_high = _filled(positions, levels[low]), _filled(positions, levels[high])
    share = (goal - at_low) / (at_high - at_low) if at_high > at_low else 0.0
    total = 0.0
    for i in range(positions.size):
        to = levels[low, i] + share * (levels[high, i] - levels[low, i])
        sent[i] = max(to - positions[i], 0.0)
        total += sent[i]
    for i in range(positions.size):
        sent[i] = sent[i] * arrived / total if total > 0.0 else arrived / positions.size
    return sent


@njit(cache=True, nogil=True)
def cost_on_paths(
    demand: Floats,
    skip: int,
    order_up_to: float,
    levels: Floats,
    lead_days: Ints,
    centre_lead_days: int,
    holding: Floats,
    penalty: Floats,
) -> Floats:
    """Mean cost a day by path. A day: the centre orders, splits what arrives, stores receive, demand comes, costs are counted."""
    paths, days, stores = demand.shape
    ring = lead_days.max() + 1
    cost = np.zeros(paths)
    middle = levels.shape[0] // 2
    for r in range(paths):
        level = levels[middle].copy()
        position = levels[middle].copy()
        road = np.zeros((stores, ring))
        inbound = np.zeros(centre_lead_days + 1)
        system = position.sum()
        for t in range(days):
            order = max(order_up_to - system, 0.0)
            system += order
            inbound[(t + centre_lead_days) % inbound.size] += order
            arrived = inbound[t % inbound.size]
            inbound[t % inbound.size] = 0.0
            sent = split(position, arrived, levels)
            for i in range(stores):
                position[i] += sent[i]
                road[i, (t + lead_days[i]) % ring] += sent[i]
                level[i] += road[i, t % ring] - demand[r, t, i]
                road[i, t % ring] = 0.0
                position[i] -= demand[r, t, i]
                system -= demand[r, t, i]
                if t >= skip:
                    cost[r] += holding[i] * level[i] if level[i] > 0.0 else -penalty[i] * level[i]
        cost[r] /= days - skip
    return cost
