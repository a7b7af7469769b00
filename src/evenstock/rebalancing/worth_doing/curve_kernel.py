"""Compiled: a night's costs by day if nothing is done, and what the plan is still worth if it leaves on a later day."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Bools, Demand, Ints


@njit(cache=True, nogil=True)
def nothing_by_day(paths: Demand, on_hand: Ints, inbound: Demand, shortage: Ints, holding: Ints) -> Ints:
    """Millicents of shortage and storing on each day by item (K, T), summed over paths."""
    items, nodes, scenarios, days = paths.shape
    cost = np.zeros((items, days), np.int64)
    for k in range(items):
        for w in range(nodes):
            for s in range(scenarios):
                stock = on_hand[k, w]
                for t in range(days):
                    stock += inbound[k, w, t] - np.int64(paths[k, w, s, t])
                    if stock < 0:
                        cost[k, t] -= stock * shortage[k, w]
                        stock = 0
                    cost[k, t] += stock * holding[k, w]
    return cost


@njit(cache=True, nogil=True)
def _rest(
    paths: Demand, inbound: Demand, extra: Ints, stock: int, since: int, shortage: int, holding: int, kept: int
) -> int:
    """Millicents from day `since` to the end, worth of what is left taken off."""
    days = len(paths)
    cost = 0
    for t in range(since, days):
        stock += inbound[t] + extra[t] - np.int64(paths[t])
        if stock < 0:
            cost -= stock * shortage
            stock = 0
        cost += stock * holding
    left: int = stock + extra[days]
    return cost - kept * left


@njit(cache=True, nogil=True)
def _dispatch(
    stock: Ints, floor: Ints, case: int, origin: Ints, destination: Ints, lead: Ints, units: Ints, day: int, extra: Ints
) -> int:
    """Take what is still there of each line, in their order, and put it where it arrives; units sent."""
    days, sent = extra.shape[1] - 1, 0
    for n in range(len(units)):
        i = origin[n]
        taken = min(units[n], max(stock[i] - floor[i], 0) // case * case)
        stock[i] -= taken
        extra[destination[n], min(day + lead[n], days)] += taken
        sent += taken
    return sent


@njit(cache=True, nogil=True)
def worth_by_departure(
    paths: Demand,
    on_hand: Ints,
    inbound: Demand,
    floor: Ints,
    case_units: Ints,
    shortage: Ints,
    holding: Ints,
    kept: Ints,
    start: Ints,
    origin: Ints,
    destination: Ints,
    lead: Ints,
    units: Ints,
) -> tuple[Ints, Ints]:
    """Millicents that the moves bring, and units they still find, if they leave on each day; both (K, T), over all paths."""
    items, nodes, scenarios, days = paths.shape
    worth, sent = np.zeros((items, days), np.int64), np.zeros((items, days), np.int64)
    before, now = np.zeros((days, nodes), np.int64), np.zeros(nodes, np.int64)
    extra = np.zeros((nodes, days + 1), np.int64)
    none = np.zeros(days + 1, np.int64)
    touched: Bools = np.zeros(nodes, np.bool_)
    for k in range(items):
        at, end = start[k], start[k + 1]
        if at == end:
            continue
        touched[:] = False
        for n in range(at, end):
            touched[origin[n]] = True
            touched[destination[n]] = True
        for s in range(scenarios):
            for w in range(nodes):
                stock = on_hand[k, w]
                for t in range(days):
                    before[t, w] = stock
                    stock = max(stock + inbound[k, w, t] - np.int64(paths[k, w, s, t]), 0)
            for day in range(days):
                now[:] = before[day]
                extra[:] = 0
                sent[k, day] += _dispatch(
                    now, floor[k], case_units[k], origin[at:end], destination[at:end], lead[at:end], units[at:end],
                    day, extra,
                )  # fmt: skip
                for w in range(nodes):
                    if not touched[w]:
                        continue
                    path, due, price = paths[k, w, s], inbound[k, w], shortage[k, w]
                    worth[k, day] += _rest(path, due, none, before[day, w], day, price, holding[k, w], kept[k, w])
                    worth[k, day] -= _rest(path, due, extra[w], now[w], day, price, holding[k, w], kept[k, w])
    return worth, sent
