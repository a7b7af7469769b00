"""The loop that lives through past orders: each takes stock from the next."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.routing.batch_kernel import Arrays, cheapest
from evenstock.routing.priced import Whole
from evenstock.routing.subset_kernel import INFEASIBLE


@njit(cache=True)
def live(
    arrays: Arrays,
    begin: int,
    end: int,
    price: Whole,
    stock: Whole,
    day: Whole,
    places: Whole,
    cost: Whole,
    way: Whole,
) -> int:
    """Decide orders from `begin` on, one after the other; where one needs the whole machinery, stop and give its number.

    Parameters
    ----------
    price : cents of a unit, shape ``(node, item)``.
    stock : units there, shape ``(node, item)``; what is shipped leaves.
    day : of each way's ship day, a number, shape ``(way,)``.
    places : shipments a node can still take on a day, shape ``(node, day)``; what is taken leaves.
    cost, way : receive each order's cost with prices, and the way of each line.

    Returns
    -------
    `end` when all are decided; else the first order that whole lines and free places do not serve.
    """
    no_way_price = np.zeros(0, np.int64)
    for o in range(begin, end):
        first, last = arrays[0][o], arrays[0][o + 1]
        for c in range(arrays[3][o], arrays[3][o + 1]):
            if places[arrays[4][c], day[c]] <= 0:
                return o
        wanted = (1 << (last - first)) - 1
        if arrays[5][o + 1] == arrays[5][o]:
            return o
        found = cheapest(arrays, o, wanted, price, no_way_price, stock, way[first:last])
        if found >= INFEASIBLE:
            return o
        cost[o] = found
        for i in range(first, last):
            c = arrays[3][o] + way[i]
            stock[arrays[4][c], arrays[1][i]] -= arrays[2][i]
            seen = False
            for other in range(first, i):
                seen = seen or way[other] == way[i]
            if not seen:
                places[arrays[4][c], day[c]] -= 1
    return end
