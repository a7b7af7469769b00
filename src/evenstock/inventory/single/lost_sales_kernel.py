"""Compiled loops of lost sales: where a pipeline leads, what a policy costs in the long run, and on given days."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@njit(cache=True, nogil=True)
def arrival_stock(on_hand: int, pipeline: Ints, chances: Floats) -> Floats:
    """Chances of 0, 1, ... units being left just before what is ordered today arrives."""
    law = np.zeros(on_hand + pipeline.sum() + 1)
    law[on_hand] = 1.0
    top = on_hand
    for k in range(pipeline.size + 1):
        left = np.zeros(law.size)
        for x in range(top + 1):
            if law[x] > 0.0:
                sold = 0.0
                for d in range(min(x, chances.size)):
                    left[x - d] += law[x] * chances[d]
                    sold += chances[d]
                left[0] += law[x] * (1.0 - sold)
        law = left
        if k < pipeline.size and pipeline[k] > 0:
            q = pipeline[k]
            for x in range(top, -1, -1):
                law[x + q] = law[x]
            law[:q] = 0.0
            top += q
    return law


@njit(cache=True, nogil=True)
def order_for(on_hand: int, pipeline: Ints, chances: Floats, cover: float, cap: int) -> int:
    """Largest order up to `cap` with which the arrival day is served in full with a chance of at most `cover`."""
    law = arrival_stock(on_hand, pipeline, chances)
    up = np.cumsum(chances)
    for q in range(cap + 1):
        served = 0.0
        for x in range(law.size):
            served += law[x] * up[min(x + q, up.size - 1)]
        if served > cover:
            return max(q - 1, 0)
    return cap


@njit(cache=True, nogil=True)
def cost_on_days(
    demand: Ints, skip: int, chances: Floats, lead_days: int, cover: float, cap: int, holding: float, penalty: float
) -> float:
    """Mean cost a day of the policy over `demand`, the first `skip` days left out."""
    pipeline = np.zeros(lead_days - 1, np.int64)
    on_hand, total = cap, 0.0
    for t in range(demand.size):
        q = order_for(on_hand, pipeline, chances, cover, cap)
        left = on_hand - demand[t]
        if t >= skip:
            total += holding * left if left > 0 else -penalty * left
        on_hand = max(left, 0)
        if pipeline.size == 0:
            on_hand += q
        else:
            on_hand += pipeline[0]
            pipeline[:-1] = pipeline[1:]
            pipeline[-1] = q
    return total / (demand.size - skip)


@njit(cache=True, nogil=True)
def _reach(orders: Ints, top: int, tail: int, base: int) -> tuple[Ints, Ints, Ints, int]:
    """States reachable from an empty system: their numbers, positions, and where each leads once its shelf is empty."""
    place = np.full(orders.size, -1, np.int64)
    found = np.empty(orders.size, np.int64)
    leads = np.empty(orders.size, np.int64)
    shelf = tail * base if tail > 0 else 1
    found[0], place[0], n, i = 0, 0, 1, 0
    while i < n:
        s = found[i]
        if tail > 0:
            rest = s % shelf
            arrives, younger = rest // tail, (rest % tail) * base + orders[s]
        else:
            arrives, younger = orders[s], 0
        leads[i] = arrives * shelf + younger
        for y in range(s // shelf + 1):
            to = min(y + arrives, top) * shelf + younger
            if place[to] < 0:
                place[to], found[n] = n, to
                n += 1
        i += 1
    return found, place, leads, n


@njit(cache=True, nogil=True)
def long_run_cost(orders: Ints, end: Floats, cost: Floats, lead_days: int, order_limit: int, tolerance: float) -> float:
    """Expected cost a day under the stationary distribution, by repeated steps from an empty system."""
    base, top = order_limit + 1, cost.size - 1
    tail = 0 if lead_days == 1 else base ** (lead_days - 2)
    shelf = tail * base if tail > 0 else 1
    found, place, leads, n = _reach(orders, top, tail, base)
    now, then = np.zeros(n), np.zeros(n)
    now[0] = 1.0
    for _ in range(20_000):
        then[:] = 0.0
        for i in range(n):
            if now[i] < 1e-15:
                continue
            x = found[i] // shelf
            for y in range(x + 1):
                to = min(leads[i] + y * shelf, top * shelf + leads[i] % shelf)
                then[place[to]] += now[i] * end[x, y]
        change = 0.0
        for i in range(n):
            # A little of the old is kept: so a chain that goes in circles settles too.
            then[i] = 0.97 * then[i] + 0.03 * now[i]
            change += abs(then[i] - now[i])
        now, then = then, now
        if change < tolerance:
            break
    total, mass = 0.0, 0.0
    for i in range(n):
        total += now[i] * cost[found[i] // shelf]
        mass += now[i]
    return total / mass
