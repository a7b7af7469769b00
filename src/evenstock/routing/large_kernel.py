"""The loop that prices a first plan for a large order within each set of places; `evenstock.routing.large` explains it."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenstock.freight.parcel_kernel import beside
from evenstock.routing.priced import Whole
from evenstock.routing.subset_kernel import INFEASIBLE, carton_cents

Truth = NDArray[np.bool_]
Tables = tuple[Whole, ...]
Offers = tuple[Whole, Truth, Whole, Whole, Whole]
"""First candidate of each place, permitted, ladder, shipment cents and line cents of each candidate."""


@njit(cache=True)
def plan_cents(lines: Tables, offers: Offers, ladders: Tables, limits: Whole, places: Whole, assigned: Whole) -> int:
    """Cents of an assignment of lines to places, each place one shipment by its cheapest candidate."""
    weight_g, volume_mm3, longest_mm, value_cents = lines
    first, permitted, ladder, shipment_cents, line_cents = offers
    extra_cents, min_split_value_cents = limits[0], limits[1]
    total, shipments, least_value = 0, 0, INFEASIBLE
    for place in places:
        weight, volume, longest, value, some = 0, 0, 0, 0, False
        for i in range(assigned.size):
            if assigned[i] == place:
                some = True
                weight += weight_g[i]
                volume += volume_mm3[i]
                longest = beside(longest, longest_mm[i])
                value += value_cents[i]
        if not some:
            continue
        shipments += 1
        least_value = min(least_value, value)
        best = INFEASIBLE
        for c in range(first[place], first[place + 1]):
            cents = shipment_cents[c]
            for i in range(assigned.size):
                if assigned[i] == place:
                    cents += line_cents[c, i]
                    if not permitted[c, i]:
                        cents = INFEASIBLE
                        break
            if cents < best:
                best = min(best, cents + carton_cents(ladders, ladder[c], weight, volume, longest))
        if best >= INFEASIBLE:
            return INFEASIBLE
        total += best
    if shipments > 1 and least_value < min_split_value_cents:
        return INFEASIBLE
    return int(total + (shipments - 1) * extra_cents)


@njit(cache=True)
def try_places(
    lines: Tables, offers: Offers, ladders: Tables, limits: Whole, subsets: Whole, able: Truth
) -> tuple[Whole, Whole]:
    """Cents and assignment of the best first plan of each set of places, shapes ``(subset,)``, ``(subset, line)``.

    Each place in turn takes all lines it can carry; the others go to the next that can.
    """
    count = able.shape[1]
    cents = np.full(subsets.shape[0], INFEASIBLE, np.int64)
    kept = np.zeros((subsets.shape[0], count), np.int64)
    assigned = np.zeros(count, np.int64)
    for s in range(subsets.shape[0]):
        size = 0
        while size < subsets.shape[1] and subsets[s, size] >= 0:
            size += 1
        for start in range(size):
            for i in range(count):
                for turn in range(size):
                    place = subsets[s, (start + turn) % size]
                    if able[place, i]:
                        assigned[i] = place
                        break
            found = plan_cents(lines, offers, ladders, limits, subsets[s, :size], assigned)
            if found < cents[s]:
                cents[s] = found
                for i in range(count):
                    kept[s, i] = assigned[i]
    return cents, kept
