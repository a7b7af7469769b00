"""Compiled: lives a schedule on demand, node by node and lot by lot, in whole units and millicents."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Demand, Ints


@njit(cache=True, nogil=True)
def live(  # noqa: PLR0912
    demand: Demand,
    day: Ints,
    last_day: Ints,
    units: Ints,
    leaves: Ints,
    shortage: int,
    waiting: int,
    storing: int,
    kept: int,
    write_off: int,
    money: Ints,
) -> Ints:
    """Units served, lost, still waiting, left, expired, unit-days stored and unit-days waited at one node, over all paths.

    Lines ``(N,)`` stand in the order of their last day: `units` come on `day` and can be sold until `last_day`; those of
    the day after the last are only left. `leaves` (N, T) departs in the morning, line by line. What leaves later is set
    aside as soon as stock and what comes before would not be enough without it. `waiting` below zero: unmet demand is
    lost. Expired units are stored until the evening of their last day. `money` (S,) is added to.
    """
    paths, days = demand.shape
    lines = len(day)
    total = np.zeros(7, np.int64)
    aside = np.zeros(days, np.int64)
    come, gone = np.zeros(days + 1, np.int64), np.zeros(days + 1, np.int64)
    for n in range(lines):
        come[day[n]] += units[n]
        for t in range(days):
            gone[t] += leaves[n, t]
    for t in range(days - 2, -1, -1):
        aside[t] = max(0, aside[t + 1] + gone[t + 1] - come[t + 1])
    stock = np.zeros(lines, np.int64)
    for s in range(paths):
        stock[:] = 0
        owed = np.int64(0)
        for t in range(days):
            there = np.int64(0)
            for n in range(lines):
                if day[n] == t:
                    stock[n] += units[n]
                stock[n] -= leaves[n, t]
                there += stock[n]
            owed += np.int64(demand[s, t])
            sell = min(owed, max(there - aside[t], 0))
            owed -= sell
            total[0] += sell
            for n in range(lines):
                taken = min(sell, stock[n])
                stock[n] -= taken
                sell -= taken
            held = np.int64(0)
            for n in range(lines):
                held += stock[n]
                if last_day[n] == t:
                    total[4] += stock[n]
                    money[s] += write_off * stock[n]
                    stock[n] = 0
            total[5] += held
            money[s] += storing * held
            if waiting < 0:
                total[1] += owed
                money[s] += shortage * owed
                owed = np.int64(0)
            else:
                total[6] += owed
                money[s] += waiting * owed
        total[2] += owed
        left = come[days]
        for n in range(lines):
            left += stock[n]
        total[3] += left
        money[s] -= kept * left
    return total
