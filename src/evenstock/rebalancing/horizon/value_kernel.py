"""Compiled: the expected cost of a node for given supply, with its slopes, when goods keep."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Bools, Floats, Ints


@njit(cache=True, nogil=True)
def keeping_cost(
    wanted: Ints, arrives: Floats, shortage: float, waiting: float, holding: float, kept: float
) -> tuple[float, Floats, float, Floats]:
    """Mean cents and slopes; mean units lost (or waiting at the end) and slopes.

    `wanted` is cumulative demand ``(S, T)``; `arrives` (T + 1,) is what comes, less what leaves, each morning and after
    the last day. `waiting` below zero: unmet demand is lost at `shortage`; else it waits at `waiting` a day. Slopes are
    by unit that arrives on each day, ``(T + 1,)``: units lost are the greatest of D - Y over the days, or none.
    What leaves later is set aside before: no unit is sold that a later transfer needs.
    """
    paths, days = wanted.shape
    there, sellable, by = np.empty(days), np.empty(days), np.empty(days, np.int64)
    total = 0.0
    for t in range(days):
        total += arrives[t]
        there[t] = total
    least, at = there[days - 1], days - 1
    for t in range(days - 1, -1, -1):
        if there[t] < least:
            least, at = there[t], t
        sellable[t], by[t] = least, at
    cost, slope = 0.0, np.zeros(days + 1)
    lost, lost_slope = 0.0, np.zeros(days + 1)
    for s in range(paths):
        short, why = 0.0, -1
        for t in range(days):
            gap = wanted[s, t] - sellable[t]
            if waiting >= 0.0:
                short, why = max(gap, 0.0), by[t] if gap > 0.0 else -1
                cost += waiting * short
                if why >= 0:
                    slope[why] -= waiting
            elif gap > short:
                short, why = gap, by[t]
            cost += holding * (there[t] - wanted[s, t] + short)
            slope[t] += holding
            if why >= 0:
                slope[why] -= holding
        last = 0.0 if waiting >= 0.0 else shortage
        cost += last * short - kept * (there[days - 1] - wanted[s, days - 1] + short + arrives[days])
        slope[days - 1] -= kept
        slope[days] -= kept
        lost += short
        if why >= 0:
            slope[why] -= last - kept
            lost_slope[why] -= 1.0
    # From slopes by what is there on a day to slopes by what arrives on a day.
    for t in range(days - 2, -1, -1):
        slope[t] += slope[t + 1]
        lost_slope[t] += lost_slope[t + 1]
    return cost / paths, slope / paths, lost / paths, lost_slope / paths


@njit(cache=True, nogil=True)
def spoiling_cost(
    demand: Ints,
    day: Ints,
    last_day: Ints,
    units: Floats,
    shortage: float,
    holding: float,
    kept: float,
    write_off: float,
) -> tuple[float, Floats, float, Floats]:
    """The same for goods that expire, by line of supply ``(N,)`` in the order of their last day; unmet demand is lost.

    Each path sells what expires first; that is a greatest flow of units to days, and a line's slope is the shortest way
    of one more unit through the residual network to a lost sale, a shelf or the bin (the dual of the flow). Storing what
    expires is charged until the first day anything expires here, so that the cost is convex and never above the true one.
    """
    paths, days = demand.shape
    lines = len(day)
    soonest = days
    for n in range(lines):
        soonest = min(soonest, max(last_day[n], 0))
    ends = np.empty(lines)
    for n in range(lines):
        ends[n] = holding * days - kept if last_day[n] >= days else write_off + holding * (soonest + 1)
        ends[n] = max(ends[n], holding * days - kept)
    cost, slope = 0.0, np.zeros(lines)
    lost_mean, lost_slope = 0.0, np.zeros(lines)
    left, sold, lost = np.empty(lines), np.zeros((lines, days), np.bool_), np.empty(days)
    price, worth = np.empty(days), np.empty(lines)
    for s in range(paths):
        cost += _first_expired_first(demand[s], day, last_day, units, shortage, holding, ends, left, sold, lost)
        for weigh_money in (True, False):
            _one_more_unit(day, last_day, sold, lost, shortage, holding, ends, price, worth, weigh_money)
            for n in range(lines):
                if weigh_money:
                    slope[n] += worth[n] - holding * day[n]
                else:
                    lost_slope[n] += worth[n]
        for t in range(days):
            lost_mean += lost[t]
    return cost / paths, slope / paths, lost_mean / paths, lost_slope / paths


@njit(cache=True, nogil=True)
def _first_expired_first(
    demand: Ints,
    day: Ints,
    last_day: Ints,
    units: Floats,
    shortage: float,
    holding: float,
    ends: Floats,
    left: Floats,
    sold: Bools,
    lost: Floats,
) -> float:
    """Cost of one path; what was sold on which day and lost."""
    lines, days = len(day), len(demand)
    cost = 0.0
    for n in range(lines):
        left[n] = units[n]
        for t in range(days):
            sold[n, t] = False
    for t in range(days):
        need = float(demand[t])
        for n in range(lines):
            if need > 0.0 and left[n] > 0.0 and day[n] <= t <= last_day[n]:
                taken = min(need, left[n])
                need -= taken
                left[n] -= taken
                sold[n, t] = taken > 1e-9
                cost += holding * taken * (t - day[n])
        lost[t] = need
        cost += shortage * need
    for n in range(lines):
        cost += left[n] * (ends[n] - holding * day[n])
    return cost


@njit(cache=True, nogil=True)
def _one_more_unit(
    day: Ints,
    last_day: Ints,
    sold: Bools,
    lost: Floats,
    shortage: float,
    holding: float,
    ends: Floats,
    price: Floats,
    worth: Floats,
    weigh_money: bool,
) -> None:
    """Change of cost (or of units lost) by one more unit in each line, storage counted from day 0."""
    lines, days = len(day), len(lost)
    for n in range(lines):
        worth[n] = ends[n] if weigh_money else 0.0
    for t in range(days):
        price[t] = np.inf
        if lost[t] > 1e-9:
            price[t] = holding * t - shortage if weigh_money else -1.0
    changed = True
    while changed:
        changed = False
        for n in range(lines):
            for t in range(days):
                if sold[n, t] and worth[n] < price[t] - 1e-9:
                    price[t] = worth[n]
                    changed = True
        for n in range(lines):
            for t in range(day[n], min(last_day[n], days - 1) + 1):
                if price[t] < worth[n] - 1e-9:
                    worth[n] = price[t]
                    changed = True
