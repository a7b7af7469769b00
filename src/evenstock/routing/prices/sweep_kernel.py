"""One pass over weighted orders under given prices: their cost in all, and what they take."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenstock.routing.batch_kernel import Arrays, cheapest, cheapest_or_lost, taken
from evenstock.routing.priced import Whole
from evenstock.routing.subset_kernel import INFEASIBLE

Real = NDArray[np.float64]


@njit(cache=True)
def sweep(
    arrays: Arrays,
    orders: Whole,
    weight: Real,
    price: Real,
    way_price: Real,
    stock: Whole,
    lost: Real,
    way: Whole,
    use: Real,
    way_use: Real,
) -> tuple[float, float]:
    """Weighted cost of these orders, prices and lost lines included, and the weight of those that nothing covers.

    Parameters
    ----------
    lost : cost of leaving a line out, shape ``(line,)`` over the batch; empty where an order ships whole or not at all.
    way : receives the way of each line, shape ``(line,)``.
    use, way_use : what is taken is added to them, see `evenstock.routing.batch_kernel.taken`.
    """
    total, unserved = 0.0, 0.0
    for order in orders:
        begin, end = arrays[0][order], arrays[0][order + 1]
        if lost.size > 0:
            cost = cheapest_or_lost(arrays, order, lost[begin:end], price, way_price, stock, way[begin:end])
        else:
            wanted = (1 << (end - begin)) - 1
            cost = cheapest(arrays, order, wanted, price, way_price, stock, way[begin:end])
        if cost >= INFEASIBLE:
            unserved += weight[order]
        else:
            total += weight[order] * cost
    taken(arrays, orders, way, weight, use, way_use)
    return total, unserved
