"""Compiled: gives what some nodes can spare to those that lack, item by item, the largest lack first."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Floats, Ints


@njit(cache=True, nogil=True)
def _best_lane(j: int, spare: Ints, cost: Floats, origin: Ints, destination: Ints, by_excess: bool) -> int:
    """The lane into `j` from the largest spare, or the cheapest; the first among equals, -1 if nothing can come."""
    best = -1
    for a in range(len(origin)):
        if destination[a] != j or spare[origin[a]] <= 0 or not np.isfinite(cost[a]):
            continue
        if best < 0:
            best = a
            continue
        more = spare[origin[a]] - spare[origin[best]] if by_excess else 0
        if more > 0 or (more == 0 and cost[a] < cost[best]):
            best = a
    return best


@njit(cache=True, nogil=True)
def _reach(j: int, spare: Ints, cost: Floats, origin: Ints, destination: Ints, seen: Ints) -> int:
    """Cases that could come to `j`."""
    seen[:] = 0
    total = 0
    for a in range(len(origin)):
        if destination[a] == j and seen[origin[a]] == 0 and np.isfinite(cost[a]):
            seen[origin[a]] = 1
            total += spare[origin[a]]
    return total


@njit(cache=True, nogil=True)
def match(
    spare: Ints, lack: Ints, cost: Floats, origin: Ints, destination: Ints, by_excess: bool, in_full: bool
) -> Ints:
    """Cases by item and lane; `by_excess` takes from the largest spare, `in_full` passes over a lack that cannot be filled."""
    items, nodes = spare.shape
    cases = np.zeros(cost.shape, np.int64)
    left, seen = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    for k in range(items):
        if spare[k].max() <= 0:
            continue
        left[:] = spare[k]
        for j in np.argsort(-lack[k], kind="mergesort"):
            wanted = lack[k, j]
            if wanted <= 0:
                break
            if in_full and _reach(j, left, cost[k], origin, destination, seen) < wanted:
                continue
            while wanted > 0:
                a = _best_lane(j, left, cost[k], origin, destination, by_excess)
                if a < 0:
                    break
                taken = min(wanted, left[origin[a]])
                cases[k, a] += taken
                left[origin[a]] -= taken
                wanted -= taken
    return cases
