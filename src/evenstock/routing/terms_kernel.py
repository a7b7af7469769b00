"""The loop that takes finished plans apart again, term by term."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.freight.parcel_kernel import beside, met
from evenstock.routing.priced import Whole
from evenstock.routing.subset_kernel import Tables, carton_step


@njit(cache=True)
def shipment_terms(
    candidate: Whole,
    units: Whole,
    ladder: Whole,
    goods: tuple[Whole, Whole, Whole],
    ladders: Tables,
    shipment_cents: Whole,
    unit_cents: Whole,
    step_cents: Whole,
    long_cents: Whole,
) -> Whole:
    """Cents of each shipment by term, shape ``(shipment, term)``.

    `goods` are weight and volume of one unit and its marks; the last four are by term, then as in `Charge`.
    """
    weight_g, volume_mm3, longest_mm = goods
    first_step, first_long, long_above, long_last = ladders[0], ladders[4], ladders[5], ladders[8]
    terms = shipment_cents.shape[0]
    out = np.zeros((candidate.size, terms), np.int64)
    for s in range(candidate.size):
        c = candidate[s]
        weight, volume, longest = 0, 0, 0
        for i in range(units.shape[1]):
            if units[s, i]:
                weight += units[s, i] * weight_g[i]
                volume += units[s, i] * volume_mm3[i]
                longest = beside(longest, longest_mm[i])
        full, step = carton_step(ladders, ladder[c], weight, volume)
        top = first_step[ladder[c] + 1] - 1
        for t in range(terms):
            cents = shipment_cents[t, c] + full * step_cents[t, top] + step_cents[t, step]
            for i in range(units.shape[1]):
                cents += units[s, i] * unit_cents[t, c, i]
            for charge in range(first_long[ladder[c]], first_long[ladder[c] + 1]):
                if met(longest, long_above[charge]):
                    times = full * (top <= long_last[charge]) + (step <= long_last[charge])
                    cents += times * long_cents[t, charge]
            out[s, t] = cents
    return out
