"""Compiled: a lower bound for a network with cycles, by shifting costs between its trees until they agree.

Sequential tree-reweighted message passing (Kolmogorov 2006, IEEE Transactions on Pattern Analysis and Machine Intelligence
28(10)): block-coordinate ascent of the Lagrangian dual that splits the network into spanning trees, each solved exactly by
its dynamic programme, with a multiplier for every variable and day. It bounds no worse than any one spanning tree.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.inventory.multi_echelon.guaranteed_service.arrays import Floats, Ints
from evenstock.inventory.multi_echelon.guaranteed_service.edge_kernel import FAR, send, stage_price


@njit(cache=True, nogil=True)
def _belief(
    v: int, head: Ints, at: Ints, edges_of: Ints, own: Floats, low: Ints, high: Ints, message: Floats, total: Floats
) -> float:
    """Fill `total` with own costs and all messages of `v`, least 0; gives what was least."""
    lo, hi = low[v], high[v]
    total[lo : hi + 1] = own[v, lo : hi + 1]
    for p in range(at[v], at[v + 1]):
        e = edges_of[p]
        side = 0 if head[e] == v else 1
        for x in range(lo, hi + 1):
            total[x] += message[e, side, x]
    least = FAR
    for x in range(lo, hi + 1):
        least = min(least, total[x])
    for x in range(lo, hi + 1):
        total[x] -= least
    return least


@njit(cache=True, nogil=True)
def sweep(
    forward: bool,
    order: Ints,
    stages: int,
    tail: Ints,
    head: Ints,
    at: Ints,
    edges_of: Ints,
    cost: Floats,
    start: Ints,
    longest: Ints,
    own: Floats,
    low: Ints,
    high: Ints,
    message: Floats,
) -> float:
    """Pass messages once along `order`, or once back; gives a lower bound of the least cost.

    ``message[e, 0]`` goes from the tail of e to its head, ``message[e, 1]`` back; both are changed in place.
    """
    bound = 0.0
    total, given = np.empty(own.shape[1]), np.empty(own.shape[1])
    for r in range(len(order)):
        v = order[r] if forward else order[len(order) - 1 - r]
        bound += _belief(v, head, at, edges_of, own, low, high, message, total)
        leaving = 0
        for p in range(at[v], at[v + 1]):
            leaving += 1 if tail[edges_of[p]] == v else 0
        share = 1.0 / max(1, leaving, at[v + 1] - at[v] - leaving)
        for p in range(at[v], at[v + 1]):
            e = edges_of[p]
            if (tail[e] == v) != forward:
                continue
            side = 0 if forward else 1
            for x in range(low[v], high[v] + 1):
                given[x] = share * total[x] - message[e, 1 - side, x]
            out = message[e, side]
            send(tail[e], head[e], forward, stages, cost, start, longest, given, low, high, out)
            to = head[e] if forward else tail[e]
            least = FAR
            for x in range(low[to], high[to] + 1):
                least = min(least, out[x])
            bound += least
            for x in range(low[to], high[to] + 1):
                out[x] -= least
    return bound


@njit(cache=True, nogil=True)
def decode(
    order: Ints,
    stages: int,
    tail: Ints,
    head: Ints,
    at: Ints,
    edges_of: Ints,
    cost: Floats,
    start: Ints,
    longest: Ints,
    own: Floats,
    low: Ints,
    high: Ints,
    message: Floats,
    chosen: Ints,
) -> float:
    """Choose variables in `order`, each best given those before it and the messages of those after; gives the cost."""
    whole = 0.0
    for v in order:
        floor = low[v]
        for p in range(at[v], at[v + 1]):
            e = edges_of[p]
            if head[e] == v and tail[e] >= stages:
                floor = max(floor, chosen[tail[e]])
        best, best_x, best_now = FAR * 10, floor, 0.0
        for x in range(floor, high[v] + 1):
            now, later = own[v, x], 0.0
            for p in range(at[v], at[v + 1]):
                e = edges_of[p]
                if tail[e] == v:
                    later += message[e, 1, x]
                elif tail[e] < stages:
                    now += stage_price(cost, start[tail[e]], longest[tail[e]], chosen[tail[e]], x)
            if now + later < best:
                best, best_x, best_now = now + later, x, now
        chosen[v] = best_x
        whole += best_now
    return whole


@njit(cache=True, nogil=True)
def converge(
    sweeps: int,
    enough: float,
    upper: float,
    order: Ints,
    stages: int,
    tail: Ints,
    head: Ints,
    at: Ints,
    edges_of: Ints,
    cost: Floats,
    start: Ints,
    longest: Ints,
    own: Floats,
    low: Ints,
    high: Ints,
    message: Floats,
    chosen: Ints,
) -> tuple[float, float]:
    """Sweep to and fro until the bound comes within `enough` of the best cost known, or hardly rises.

    Gives bound and least cost found here, whose variables are left in `chosen`; `upper` is a cost known from elsewhere.
    """
    bound, found, before = -FAR, FAR, -FAR
    trial = chosen.copy()
    for turn in range(sweeps):
        args = (order, stages, tail, head, at, edges_of, cost, start, longest, own, low, high, message)
        sweep(True, *args)
        bound = max(bound, sweep(False, *args))
        value = decode(*args, trial)
        if value < found:
            found = value
            chosen[:] = trial
        best = min(found, upper)
        if bound >= best - enough:
            break
        if turn % 10 == 9:
            if bound - before < 0.01 * (best - bound):
                break
            before = bound
    return bound, found


@njit(cache=True, nogil=True)
def _edge_excess(
    e: int,
    stages: int,
    tail: Ints,
    head: Ints,
    cost: Floats,
    start: Ints,
    longest: Ints,
    low: Ints,
    high: Ints,
    message: Floats,
    chosen: Ints,
) -> float:
    """How far an edge's cost less its messages, at the chosen days, is above its least."""
    v, w = tail[e], head[e]
    least, here = FAR, 0.0
    for a in range(low[v], high[v] + 1):
        for b in range(low[w] if v < stages else max(a, low[w]), high[w] + 1):
            value = -message[e, 0, b] - message[e, 1, a]
            if v < stages:
                value += stage_price(cost, start[v], longest[v], a, b)
            least = min(least, value)
            if a == chosen[v] and b == chosen[w]:
                here = value
    return here - least


@njit(cache=True, nogil=True)
def doubts(
    order: Ints,
    stages: int,
    tail: Ints,
    head: Ints,
    at: Ints,
    edges_of: Ints,
    cost: Floats,
    start: Ints,
    longest: Ints,
    own: Floats,
    low: Ints,
    high: Ints,
    message: Floats,
    chosen: Ints,
) -> tuple[int, int]:
    """The variable where what was chosen costs most above the bound, and the last day of the lower half to split it in.

    -1 where every variable has one day left.
    """
    total, above = np.empty(own.shape[1]), np.zeros(len(own))
    liked = chosen.copy()
    for v in order:
        _belief(v, head, at, edges_of, own, low, high, message, total)
        above[v] += total[chosen[v]]
        liked[v] = low[v] + total[low[v] : high[v] + 1].argmin()
        for p in range(at[v], at[v + 1]):
            e = edges_of[p]
            if tail[e] == v:
                half = 0.5 * _edge_excess(e, stages, tail, head, cost, start, longest, low, high, message, chosen)
                above[v] += half
                above[head[e]] += half
    most, worst = -1.0, -1
    for v in order:
        if high[v] > low[v] and above[v] > most:
            most, worst = above[v], v
    if worst < 0:
        return -1, 0
    if liked[worst] != chosen[worst]:
        return worst, (liked[worst] + chosen[worst]) // 2
    return worst, min(chosen[worst], high[worst] - 1)
