"""Compiled: what a line gains on each path if it leaves tonight, and if it leaves on a later day with what is there then."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Demand, Floats, Ints


@njit(cache=True, nogil=True)
def _value(
    demand: Demand,
    inbound: Demand,
    extra: Ints,
    on_hand: int,
    day: int,
    change: int,
    shortage: int,
    holding: int,
    terminal: int,
) -> int:
    """Millicents of one path: terminal worth less shortage and storing, with `change` units more on the morning of `day`."""
    days = len(demand)
    stock, held, lost = on_hand, 0, 0
    for t in range(days):
        if t == day:
            stock += change
        stock += inbound[t] + extra[t] - np.int64(demand[t])
        if stock < 0:
            lost -= stock
            stock = 0
        held += stock
    left = int(stock + extra[days] + (change if day >= days else 0))
    return terminal * left - shortage * lost - holding * held


@njit(cache=True, nogil=True)
def _stock_before(demand: Demand, inbound: Demand, extra: Ints, on_hand: int, day: int) -> int:
    """Units there on the evening before `day`."""
    stock = on_hand
    for t in range(day):
        stock = max(stock + inbound[t] + extra[t] - np.int64(demand[t]), 0)
    return stock


@njit(cache=True, nogil=True)
def _others(
    node: int,
    this: int,
    first: int,
    last: int,
    days: int,
    lane: Ints,
    units: Ints,
    origin: Ints,
    destination: Ints,
    lead: Ints,
    extra: Ints,
) -> int:
    """Fill `extra` with what the item's other lines bring to a node, by day; units they take from it."""
    extra[:] = 0
    taken = 0
    for n in range(first, last):
        if n == this:
            continue
        if origin[lane[n]] == node:
            taken += units[n]
        if destination[lane[n]] == node:
            extra[min(lead[lane[n]], days)] += units[n]
    return taken


@njit(cache=True, nogil=True)
def line_gains(
    paths: Demand,
    on_hand: Ints,
    inbound: Demand,
    shortage: Ints,
    holding: Ints,
    terminal: Ints,
    floor: Ints,
    case: Ints,
    origin: Ints,
    destination: Ints,
    lead: Ints,
    start: Ints,
    item: Ints,
    lane: Ints,
    units: Ints,
    cost: Floats,
    next_day: Ints,
    choices: Ints,
) -> tuple[Floats, Floats, Ints, Ints]:
    """Cents by path of each line now, ``(n, S)``; later by amount, ``(n, Q, S)``; units later ``(n, Q, S)``; known ``(n, 2, S)``.

    The other lines of the item are taken to leave tonight. `cost` is cents a unit beside the departure's own; `choices`
    are the units that may leave later, ``(n, Q)``, as far as they are there then; `known` is what was wanted at the origin
    and at the destination by then.
    """
    scenarios, days = paths.shape[2], paths.shape[3]
    lines, amounts = choices.shape
    now, later = np.zeros((lines, scenarios)), np.zeros((lines, amounts, scenarios))
    sent, known = np.zeros((lines, amounts, scenarios), np.int64), np.zeros((lines, 2, scenarios), np.int64)
    from_extra, to_extra = np.zeros(days + 1, np.int64), np.zeros(days + 1, np.int64)
    for n in range(lines):
        k, a, u = item[n], lane[n], units[n]
        i, j = origin[a], destination[a]
        first, last = start[k], start[k + 1]
        there = on_hand[k, i] - _others(i, n, first, last, days, lane, units, origin, destination, lead, from_extra)
        here = on_hand[k, j] - _others(j, n, first, last, days, lane, units, origin, destination, lead, to_extra)
        at, arrive = min(next_day[a], days), min(lead[a], days)
        p_i, h_i, e_i = shortage[k, i], holding[k, i], terminal[k, i]
        p_j, h_j, e_j = shortage[k, j], holding[k, j], terminal[k, j]
        for s in range(scenarios):
            d_i, d_j = paths[k, i, s], paths[k, j, s]
            b_i, b_j = inbound[k, i], inbound[k, j]
            stay = _value(d_i, b_i, from_extra, there, 0, 0, p_i, h_i, e_i)
            stay += _value(d_j, b_j, to_extra, here, 0, 0, p_j, h_j, e_j)
            go = _value(d_i, b_i, from_extra, there, 0, -u, p_i, h_i, e_i)
            go += _value(d_j, b_j, to_extra, here, arrive, u, p_j, h_j, e_j)
            now[n, s] = (go - stay) / 1000 - cost[n] * u
            for t in range(at):
                known[n, 0, s] += np.int64(d_i[t])
                known[n, 1, s] += np.int64(d_j[t])
            if at >= days:
                continue
            most = max(_stock_before(d_i, b_i, from_extra, there, at) - floor[k, i], 0) // case[k] * case[k]
            for q in range(amounts):
                v = min(choices[n, q], most)
                sent[n, q, s] = v
                if v > 0:
                    go = _value(d_i, b_i, from_extra, there, at, -v, p_i, h_i, e_i)
                    go += _value(d_j, b_j, to_extra, here, min(at + lead[a], days), v, p_j, h_j, e_j)
                    later[n, q, s] = (go - stay) / 1000 - cost[n] * v
    return now, later, sent, known
