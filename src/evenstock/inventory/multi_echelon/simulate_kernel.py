"""Compiled days of a multi-echelon network under base-stock levels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@njit(cache=True, nogil=True)
def _arrive(i: int, t: int, first_in: Ints, lead_days: Ints, road: Floats, transit: Floats, parts: Floats) -> float:
    """Take in what reaches stage `i` today; returns the units that can be made of it."""
    made = np.inf
    for a in range(first_in[i], first_in[i + 1]):
        slot = t % (lead_days[a] + 1)
        came = road[a, slot]
        road[a, slot] = 0.0
        transit[a] -= came
        parts[a] += came
        made = min(made, parts[a])
    for a in range(first_in[i], first_in[i + 1]):
        parts[a] -= made
    return made


@njit(cache=True, nogil=True)
def _pass_up(
    today: Floats, column: Ints, order: Ints, down: Ints, out_start: Ints, out_arcs: Ints, need: Floats
) -> None:
    """Each stage orders what its customers and successors ordered today."""
    for k in range(order.size - 1, -1, -1):
        i = order[k]
        need[i] = today[column[i]] if column[i] >= 0 else 0.0
        for o in range(out_start[i], out_start[i + 1]):
            need[i] += need[down[out_arcs[o]]]


@njit(cache=True, nogil=True)
def _send(
    i: int,
    t: int,
    served: float,
    lead_days: Ints,
    out_start: Ints,
    out_arcs: Ints,
    owed: Floats,
    road: Floats,
    transit: Floats,
) -> None:
    """Ship each successor the share `served` of what it is owed."""
    for o in range(out_start[i], out_start[i + 1]):
        a = out_arcs[o]
        sent = served * owed[a]
        owed[a] -= sent
        road[a, (t + lead_days[a]) % (lead_days[a] + 1)] += sent
        transit[a] += sent


@njit(cache=True, nogil=True)
def walk(
    levels: Floats,
    demand: Floats,
    skip: int,
    holding: Floats,
    penalty: Floats,
    up: Ints,
    down: Ints,
    lead_days: Ints,
    order: Ints,
    first_in: Ints,
    out_start: Ints,
    out_arcs: Ints,
    sells: Ints,
) -> tuple[Floats, Floats]:
    """Cost a day by path, and units not served on their day by selling stage; see `simulate` for the arrays."""
    paths, days, _ = demand.shape
    n, arcs = levels.size, up.size
    cost, missed = np.zeros(paths), np.zeros(sells.size)
    column = np.full(n, -1, np.int64)
    for k in range(sells.size):
        column[sells[k]] = k
    for r in range(paths):
        on_hand, need, waits = levels.copy(), np.zeros(n), np.zeros(n)
        road = np.zeros((arcs, lead_days.max() + 1))
        transit, parts, owed = np.zeros(arcs), np.zeros(arcs), np.zeros(arcs)
        total = 0.0
        for t in range(days):
            _pass_up(demand[r, t], column, order, down, out_start, out_arcs, need)
            today = 0.0
            for k in range(n):
                i = order[k]
                for a in range(first_in[i], first_in[i + 1]):
                    if up[a] < 0:
                        road[a, (t + lead_days[a]) % (lead_days[a] + 1)] += need[i]
                        transit[a] += need[i]
                on_hand[i] += _arrive(i, t, first_in, lead_days, road, transit, parts)
                # Senders had their turn, so what is under way now stays so until the evening.
                for a in range(first_in[i], first_in[i + 1]):
                    if up[a] >= 0:
                        today += holding[up[a]] * (transit[a] + parts[a])
                new = demand[r, t, column[i]] if column[i] >= 0 else 0.0
                waits[i] += new
                asked = waits[i]
                for o in range(out_start[i], out_start[i + 1]):
                    owed[out_arcs[o]] += need[down[out_arcs[o]]]
                    asked += owed[out_arcs[o]]
                # A level below zero starts as stock still to come before anything is passed on.
                there = max(on_hand[i], 0.0)
                served = there / asked if asked > there else 1.0
                _send(i, t, served, lead_days, out_start, out_arcs, owed, road, transit)
                if column[i] >= 0:
                    waits[i] *= 1.0 - served
                    if t >= skip:
                        missed[column[i]] += max(min(waits[i], new), 0.0)
                on_hand[i] -= served * asked
                today += holding[i] * max(on_hand[i], 0.0) + penalty[i] * (1.0 - served) * asked
            if t >= skip:
                total += today
        cost[r] = total / (days - skip)
    return cost, missed
