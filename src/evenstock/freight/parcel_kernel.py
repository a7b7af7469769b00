"""The loops that price many parcels; `evenstock.freight.tariff` is their readable face."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenstock.freight.marks import LENGTH_BITS, NO_LENGTH

Whole = NDArray[np.int64]
Tables = tuple[Whole, ...]
TERMS = 4
"""Base, fuel, surcharges, corrections."""


@njit(cache=True, inline="always")
def met(goods: int, above: int) -> bool:
    """Whether a charge of this number is due to goods of that, see `evenstock.freight.marks`."""
    return (goods & NO_LENGTH) > (above & NO_LENGTH) or (goods & above) >> LENGTH_BITS != 0


@njit(cache=True, inline="always")
def beside(one: int, other: int) -> int:
    """Number of goods of which some have this number, some that."""
    return max(one & NO_LENGTH, other & NO_LENGTH) | ((one | other) >> LENGTH_BITS << LENGTH_BITS)


@njit(cache=True)
def add_terms(tables: Tables, which: int, weight_g: int, volume_mm3: int, goods: int, out: Whole) -> None:
    """Add base, fuel, surcharges and corrections of goods sent together, cents, to `out`, shape ``(4,)``.

    `tables` as in `Tariff.tables`.
    """
    first_step, max_weight_g, divisor, dim_above, first_slot, above, last_step, step_terms, slot_terms = tables
    low, top = first_step[which], first_step[which + 1] - 1
    heaviest = max_weight_g[top]
    billable = weight_g
    if divisor[which] > 0 and volume_mm3 > dim_above[which]:
        billable = max(billable, -(-volume_mm3 // divisor[which]))
    full = max(0, -(-billable // heaviest) - 1)
    rest = billable - full * heaviest
    high = top
    while low < high:
        middle = (low + high) // 2
        if max_weight_g[middle] < rest:
            low = middle + 1
        else:
            high = middle
    for t in range(TERMS):
        out[t] += full * step_terms[top * TERMS + t] + step_terms[low * TERMS + t]
    for slot in range(first_slot[which], first_slot[which + 1]):
        if met(goods, above[slot]):
            times = full * (top <= last_step[slot]) + (low <= last_step[slot])
            for t in range(TERMS):
                out[t] += times * slot_terms[slot * TERMS + t]


@njit(cache=True)
def parcel_terms(tables: Tables, which: Whole, weight_g: Whole, volume_mm3: Whole, goods: Whole) -> Whole:
    """Terms of each pair, shape ``(pair, 4)``; see `Tariff.terms`."""
    out = np.zeros((which.size, TERMS), np.int64)
    for pair in range(which.size):
        add_terms(tables, which[pair], weight_g[pair], volume_mm3[pair], goods[pair], out[pair])
    return out


@njit(cache=True)
def every_ladder(tables: Tables, weight_g: int, volume_mm3: int, goods: int) -> Whole:
    """Terms of one parcel on every ladder, shape ``(ladder, 4)``."""
    count = tables[2].size
    out = np.zeros((count, TERMS), np.int64)
    for which in range(count):
        add_terms(tables, which, weight_g, volume_mm3, goods, out[which])
    return out
