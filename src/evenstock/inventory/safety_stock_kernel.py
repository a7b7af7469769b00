"""The least stock for a service wanted, by halving over whole units on given paths of demand."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def _covered(up: Ints, start: int, shift: int, low: int, by: Floats, x: int) -> float:
    """Chance that demand of the days up to the arrival is at most x; `by` is the chance of a lead of low + k days or less."""
    found = 0.0
    for s in range(up.shape[0]):
        base = up[s, start]
        # Demand grows with the lead, so the leads that are covered come first.
        a, b = 0, by.size
        while a < b:
            k = (a + b) // 2
            if up[s, start + shift + low + k] - base <= x:
                a = k + 1
            else:
                b = k
        if a > 0:
            found += by[a - 1]
    return float(found / up.shape[0])


@numba.njit(cache=True, nogil=True)
def _short(up: Ints, start: int, shift: int, low: int, share: Floats, x: float) -> float:
    """Expected demand of the same days beyond x units."""
    found = 0.0
    for s in range(up.shape[0]):
        base = up[s, start]
        for k in range(share.size - 1, -1, -1):
            over = up[s, start + shift + low + k] - base - x
            if over <= 0:
                break
            found += share[k] * over
    return float(found / up.shape[0])


@numba.njit(cache=True, nogil=True)
def _least(
    up: Ints,
    start: int,
    before: int,
    after: int,
    low: int,
    share: Floats,
    by: Floats,
    most: int,
    rule: int,
    wanted: float,
) -> int:
    """Least x that covers with chance `wanted` (rule 0), or leaves at most `wanted` short: in a review (1), in all days (2)."""
    a, b = 0, most
    while a < b:
        x = (a + b) // 2
        if rule == 0:
            enough = _covered(up, start, after, low, by, x) >= wanted - 1e-12
        else:
            short = _short(up, start, after, low, share, float(x))
            if rule == 1:
                short -= _short(up, start, before, low, share, float(x))
            enough = short <= wanted + 1e-12
        if enough:
            b = x
        else:
            a = x + 1
    return a


@numba.njit(cache=True, nogil=True)
def levels(
    paths: npt.NDArray[np.int32],
    lead: Floats,
    starts: Ints,
    wait: Ints,
    review: Ints,
    cycle: Floats,
    fill: Floats,
    quantity: Floats,
    position: Ints,
    level: Ints,
    mean: Floats,
    sd: Floats,
    short: Floats,
) -> None:
    """Fill the last four, ``(row, start)``; what they mean is said at `safety_stock.levels`."""
    rows, n, days = paths.shape
    up = np.zeros((n, days + 1), np.int64)
    for r in range(rows):
        low, high = 0, lead.shape[1]
        while low < high - 1 and lead[r, low] == 0.0:
            low += 1
        while high > low + 1 and lead[r, high - 1] == 0.0:
            high -= 1
        share = lead[r, low:high]
        by = np.cumsum(share)
        for s in range(n):
            for t in range(days):
                up[s, t + 1] = up[s, t] + paths[r, s, t]
        for j in range(starts.size):
            start, before = starts[j], wait[r, j]
            after = before + review[r, j]
            first, second, most, gone = 0.0, 0.0, 0, 0.0
            for s in range(n):
                for k in range(share.size):
                    units = up[s, start + after + low + k] - up[s, start]
                    first += share[k] * units
                    second += share[k] * float(units) * units
                    gone += share[k] * (units - (up[s, start + before + low + k] - up[s, start]))
                    most = max(most, units)
            mean[r, j] = first / n
            sd[r, j] = np.sqrt(max(second / n - mean[r, j] ** 2, 0.0))
            short[r, j] = _short(up, start, after, low, share, float(position[r]))
            found = 0
            if cycle[r] > 0:
                found = _least(up, start, before, after, low, share, by, most, 0, cycle[r])
            if fill[r] > 0:
                allowed = (1.0 - fill[r]) * gone / n
                least = _least(up, start, before, after, low, share, by, most, 1, allowed)
                if quantity[r] > gone / n:
                    # What lasts longer than one review is short less often: Silver's rule for (s, Q).
                    whole = (1.0 - fill[r]) * quantity[r]
                    least = min(least, _least(up, start, before, after, low, share, by, most, 2, whole))
                found = max(found, least)
            level[r, j] = found
