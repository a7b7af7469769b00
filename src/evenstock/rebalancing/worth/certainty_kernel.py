"""Compiled: what each line brings on each path."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Bools, Demand, Floats, Ints


@njit(cache=True, nogil=True)
def _value(path: Demand, inbound: Demand, extra: Ints, on_hand: int, shortage: int, holding: int, terminal: int) -> int:
    """Millicents of one path at one node: terminal worth less shortage and holding."""
    stock, held, lost = on_hand, 0, 0
    days = len(path)
    for t in range(days):
        stock += inbound[t] + extra[t] - np.int64(path[t])
        if stock < 0:
            lost -= stock
            stock = 0
        held += stock
    return terminal * int(stock + extra[days]) - holding * held - shortage * lost


@njit(cache=True, nogil=True)
def _node(
    paths: Demand,
    inbound: Demand,
    on_hand: int,
    shortage: int,
    holding: int,
    terminal: int,
    leaves: Bools,
    day: Ints,
    units: Ints,
    brings: Floats,
) -> None:
    """Add to each line's paths its share of the node's change: first what leaves, then what arrives, day after day."""
    scenarios, days = paths.shape
    extra = np.zeros(days + 1, np.int64)
    out = 0
    for n in range(len(units)):
        if leaves[n]:
            out += units[n]
    for s in range(scenarios):
        extra[:] = 0
        value = _value(paths[s], inbound, extra, on_hand, shortage, holding, terminal)
        if out > 0:
            less = _value(paths[s], inbound, extra, on_hand - out, shortage, holding, terminal)
            for n in range(len(units)):
                if leaves[n]:
                    brings[n, s] += (less - value) * (units[n] / out)
            value = less
        for t in range(days + 1):
            arriving = 0
            for n in range(len(units)):
                if day[n] == t:
                    arriving += units[n]
            if arriving == 0:
                continue
            extra[t] = arriving
            more = _value(paths[s], inbound, extra, on_hand - out, shortage, holding, terminal)
            for n in range(len(units)):
                if day[n] == t:
                    brings[n, s] += (more - value) * (units[n] / arriving)
            value = more


@njit(cache=True, nogil=True)
def line_paths(
    paths: Demand,
    on_hand: Ints,
    inbound: Demand,
    shortage: Ints,
    holding: Ints,
    terminal: Ints,
    lane_origin: Ints,
    lane_destination: Ints,
    lane_lead: Ints,
    start: Ints,
    lane: Ints,
    units: Ints,
) -> Floats:
    """Millicents by line and path; the lines of a node share its change by units."""
    items, nodes = on_hand.shape
    brings = np.zeros((len(units), paths.shape[2]))
    leaves, day = np.zeros(len(units), np.bool_), np.zeros(len(units), np.int64)
    for k in range(items):
        at, end = start[k], start[k + 1]
        for w in range(nodes if end > at else 0):
            touched = False
            for n in range(at, end):
                leaves[n] = lane_origin[lane[n]] == w
                day[n] = lane_lead[lane[n]] if lane_destination[lane[n]] == w else -1
                touched = touched or leaves[n] or day[n] >= 0
            if touched:
                _node(
                    paths[k, w], inbound[k, w], on_hand[k, w], shortage[k, w], holding[k, w], terminal[k, w],
                    leaves[at:end], day[at:end], units[at:end], brings[at:end],
                )  # fmt: skip
    return brings
