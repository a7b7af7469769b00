"""Compiled: what moves are worth when every path is simulated with them."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Bools, Demand, Floats, Ints
from evenstock.rebalancing.unit_values.standing import standing


@njit(cache=True, nogil=True)
def _node_value(
    paths: Demand, inbound: Demand, extra: Ints, on_hand: int, shortage: int, holding: int, terminal: int
) -> tuple[int, int]:
    """Millicents over all paths (terminal worth less shortage and holding), and lost units."""
    scenarios, days = paths.shape
    value, lost = 0, 0
    for s in range(scenarios):
        stock = on_hand
        held = 0
        for t in range(days):
            stock += inbound[t] + extra[t] - np.int64(paths[s, t])
            if stock < 0:
                lost -= stock
                stock = 0
            held += stock
        value += terminal * int(stock + extra[days]) - holding * held
    return value - shortage * lost, lost


@njit(cache=True, nogil=True)
def _node_lines(
    paths: Demand,
    inbound: Demand,
    on_hand: int,
    shortage: int,
    holding: int,
    terminal: int,
    stand: Ints,
    leaves: Bools,
    day: Ints,
    units: Ints,
    gain: Floats,
    loss: Floats,
    sold: Floats,
    missed: Floats,
) -> None:
    """Share a node's change of worth among its lines: first what leaves, then what arrives, day after day.

    `leaves` marks lines that leave; `day` is the day a line arrives here, -1 if it does not.
    """
    scenarios, days = paths.shape
    extra = np.zeros(days + 1, np.int64)
    value, lost = _node_value(paths, inbound, extra, on_hand, shortage, holding, terminal)
    value += scenarios * standing(stand, 0)
    out = units[leaves].sum()
    if out > 0:
        less, more_lost = _node_value(paths, inbound, extra, on_hand - out, shortage, holding, terminal)
        less += scenarios * standing(stand, -out)
        for n in range(len(units)):
            if leaves[n]:
                loss[n] = (value - less) * (units[n] / out)
                missed[n] = (more_lost - lost) * (units[n] / out)
        value, lost = less, more_lost
    for t in range(days + 1):
        arriving = units[day == t].sum()
        if arriving == 0:
            continue
        extra[t] = arriving
        more, less_lost = _node_value(paths, inbound, extra, on_hand - out, shortage, holding, terminal)
        more += scenarios * standing(stand, extra.sum() - out)
        for n in range(len(units)):
            if day[n] == t:
                gain[n] = (more - value) * (units[n] / arriving)
                sold[n] = (lost - less_lost) * (units[n] / arriving)
        value, lost = more, less_lost


@njit(cache=True, nogil=True)
def line_worth(
    paths: Demand,
    on_hand: Ints,
    inbound: Demand,
    shortage: Ints,
    holding: Ints,
    terminal: Ints,
    stands: Ints,
    lane_origin: Ints,
    lane_destination: Ints,
    lane_lead: Ints,
    start: Ints,
    lane: Ints,
    units: Ints,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Gain at the destination, loss at the origin, units sold more there and less here; each by line, over all paths.

    What a node's position costs outside its band counts as worth. A node's lines share its change by units; arrivals of an earlier day count before those of a later one.
    """
    items, nodes = on_hand.shape
    lines = len(units)
    gain, loss, sold, missed = np.zeros(lines), np.zeros(lines), np.zeros(lines), np.zeros(lines)
    leaves, day = np.zeros(lines, np.bool_), np.zeros(lines, np.int64)
    for k in range(items):
        at, end = start[k], start[k + 1]
        for w in range(nodes if end > at else 0):
            touched = False
            for n in range(at, end):
                leaves[n] = lane_origin[lane[n]] == w
                day[n] = lane_lead[lane[n]] if lane_destination[lane[n]] == w else -1
                touched = touched or leaves[n] or day[n] >= 0
            if touched:
                _node_lines(
                    paths[k, w],
                    inbound[k, w],
                    on_hand[k, w],
                    shortage[k, w],
                    holding[k, w],
                    terminal[k, w],
                    stands[k, w],
                    leaves[at:end],
                    day[at:end],
                    units[at:end],
                    gain[at:end],
                    loss[at:end],
                    sold[at:end],
                    missed[at:end],
                )
    return gain, loss, sold, missed
