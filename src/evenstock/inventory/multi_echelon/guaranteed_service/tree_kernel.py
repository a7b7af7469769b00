"""Compiled: takes leaves off a network one by one, each replaced by the table of what it costs its only neighbour.

On a tree this is the dynamic programme of Graves and Willems (2000, section 3.2): a table by outbound service time for a
stage whose neighbour is a customer, by inbound service time for one whose neighbour is a supplier. Of another network it
leaves the core, where every variable has two neighbours or more.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.inventory.multi_echelon.guaranteed_service.arrays import Bools, Floats, Ints
from evenstock.inventory.multi_echelon.guaranteed_service.edge_kernel import FAR, send, stage_price


@njit(cache=True, nogil=True)
def leaves(tail: Ints, head: Ints, at: Ints, edges_of: Ints) -> tuple[Ints, Ints, Bools]:
    """Variables in the order they come off, each one's edge to the neighbour left then (-1: none), and what stays."""
    variables = len(at) - 1
    degree = at[1:] - at[:-1]
    stays = np.ones(variables, np.bool_)
    order, by = np.empty(variables, np.int64), np.empty(variables, np.int64)
    count = 0
    for v in range(variables):
        if degree[v] <= 1:
            order[count] = v
            stays[v] = False
            count += 1
    done = 0
    while done < count:
        v = order[done]
        by[done] = -1
        for p in range(at[v], at[v + 1]):
            e = edges_of[p]
            other = tail[e] + head[e] - v
            if degree[other] < 0:
                continue
            by[done] = e
            degree[other] -= 1
            if degree[other] <= 1 and stays[other]:
                stays[other] = False
                order[count] = other
                count += 1
        degree[v] = -1
        done += 1
    return order[:count], by[:count], stays


@njit(cache=True, nogil=True)
def take_off(
    order: Ints,
    by: Ints,
    stages: int,
    tail: Ints,
    head: Ints,
    cost: Floats,
    start: Ints,
    longest: Ints,
    low: Ints,
    high: Ints,
    own: Floats,
) -> float:
    """Add each leaf's table to its neighbour's row of `own`; gives the least cost of the trees that came off whole."""
    whole = 0.0
    out = np.empty(own.shape[1])
    for r in range(len(order)):
        v, e = order[r], by[r]
        if e < 0:
            whole += own[v, low[v] : high[v] + 1].min()
            continue
        to = tail[e] + head[e] - v
        send(tail[e], head[e], tail[e] == v, stages, cost, start, longest, own[v], low, high, out)
        for x in range(low[to], high[to] + 1):
            own[to, x] += out[x]
    return whole


@njit(cache=True, nogil=True)
def put_back(
    order: Ints,
    by: Ints,
    stages: int,
    tail: Ints,
    head: Ints,
    cost: Floats,
    start: Ints,
    longest: Ints,
    low: Ints,
    high: Ints,
    own: Floats,
    chosen: Ints,
) -> None:
    """Choose the best day of each leaf for the day its neighbour chose, the last taken off first."""
    for r in range(len(order) - 1, -1, -1):
        v, e = order[r], by[r]
        best, best_x = FAR * 10, low[v]
        for x in range(low[v], high[v] + 1):
            value = own[v, x]
            if e >= 0:
                if tail[e] < stages:
                    a, b = (x, chosen[head[e]]) if tail[e] == v else (chosen[tail[e]], x)
                    value += stage_price(cost, start[tail[e]], longest[tail[e]], a, b)
                elif (tail[e] == v and x > chosen[head[e]]) or (head[e] == v and x < chosen[tail[e]]):
                    continue
            if value < best:
                best, best_x = value, x
        chosen[v] = best_x
