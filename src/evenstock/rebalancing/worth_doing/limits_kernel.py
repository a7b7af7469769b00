"""Compiled: takes lines in a given order as far as docks, room and trucks allow."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Floats, Ints

_ROUNDING = 1e-9


@njit(cache=True, nogil=True)
def allowed_cases(
    order: Ints,
    cases: Ints,
    case_units: Ints,
    pallets_a_case: Floats,
    origin: Ints,
    destination: Ints,
    day: Ints,
    lane: Ints,
    out_units: Ints,
    in_units: Ints,
    room_pallets: Floats,
    most_pallets: Floats,
) -> Ints:
    """Cases of each line that still fit; the ceilings are counted down in place. `day` beyond the last needs no room."""
    days = in_units.shape[1]
    kept = np.zeros(len(cases), np.int64)
    for n in order:
        i, j, t, share = origin[n], destination[n], day[n], pallets_a_case[n]
        fits = min(cases[n], out_units[i] // case_units[n])
        if t < days:
            fits = min(fits, in_units[j, t] // case_units[n])
        if share > 0:
            fits = min(fits, np.int64(max(most_pallets[lane[n]], 0.0) / share + _ROUNDING))
            for later in range(t, days):
                if np.isfinite(room_pallets[j, later]):
                    fits = min(fits, np.int64(max(room_pallets[j, later], 0.0) / share + _ROUNDING))
        if fits <= 0:
            continue
        kept[n] = fits
        out_units[i] -= fits * case_units[n]
        most_pallets[lane[n]] -= fits * share
        if t < days:
            in_units[j, t] -= fits * case_units[n]
        room_pallets[j, t:] -= fits * share
    return kept
