"""The loop that prices many parcels; `evenstock.freight.tariff` is its readable face."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

ALWAYS, RESIDENTIAL, WEIGHT_OVER, LONGEST_OVER = range(4)


@njit(cache=True)
def parcel_terms(
    first_step: NDArray[np.int64],
    max_weight_g: NDArray[np.int64],
    base_cents: NDArray[np.int64],
    fuel_cents: NDArray[np.int64],
    divisor: NDArray[np.int64],
    first_charge: NDArray[np.int64],
    charge_applies: NDArray[np.int64],
    charge_above: NDArray[np.int64],
    charge_cents: NDArray[np.int64],
    ladder: NDArray[np.int64],
    weight_g: NDArray[np.int64],
    volume_mm3: NDArray[np.int64],
    longest_mm: NDArray[np.int64],
    residential: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Base, fuel and surcharges of each pair, shape ``(pair, 3)``, cents; see `Tariff.terms`."""
    out = np.zeros((ladder.size, 3), dtype=np.int64)
    for pair in range(ladder.size):
        which = ladder[pair]
        low, top = first_step[which], first_step[which + 1] - 1
        heaviest = max_weight_g[top]
        billable = weight_g[pair]
        if divisor[which] > 0:
            billable = max(billable, -(-volume_mm3[pair] // divisor[which]))
        full = max(0, -(-billable // heaviest) - 1)
        rest = billable - full * heaviest
        high = top
        while low < high:
            middle = (low + high) // 2
            if max_weight_g[middle] < rest:
                low = middle + 1
            else:
                high = middle
        out[pair, 0] = full * base_cents[top] + base_cents[low]
        out[pair, 1] = full * fuel_cents[top] + fuel_cents[low]
        for charge in range(first_charge[which], first_charge[which + 1]):
            applies, above = charge_applies[charge], charge_above[charge]
            times = 0
            if applies == WEIGHT_OVER:
                times = full * (heaviest > above) + (rest > above)
            elif (
                applies == ALWAYS
                or (applies == RESIDENTIAL and residential[pair])
                or (applies == LONGEST_OVER and longest_mm[pair] > above)
            ):
                times = full + 1
            out[pair, 2] += times * charge_cents[charge]
    return out
