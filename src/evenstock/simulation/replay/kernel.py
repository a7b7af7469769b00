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
    service: Whole,
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
    service : row of each way's service in `places`, shape ``(way,)``; -1 where it has no ceiling.
    places : shipments a node, and below the nodes a service with a ceiling, can still take on a day, shape
        ``(node and service, day)``; what is taken leaves.
    cost, way : receive each order's cost with prices, and the way of each line.

    Returns
    -------
    `end` when all are decided; else the first order that whole lines and free places do not serve.
    """
    no_way_price = np.zeros(0, np.int64)
    for o in range(begin, end):
        first, last = arrays[0][o], arrays[0][o + 1]
        for c in range(arrays[3][o], arrays[3][o + 1]):
            if places[arrays[4][c], day[c]] <= 0 or (service[c] >= 0 and places[service[c], day[c]] <= 0):
                return o
        wanted = (1 << (last - first)) - 1
        if arrays[5][o + 1] == arrays[5][o]:
            return o
        found = cheapest(arrays, o, wanted, price, no_way_price, stock, way[first:last])
        if found >= INFEASIBLE:
            return o
        if not _placed(first, last, arrays[3][o], arrays[4], way, day, service, places):
            return o
        cost[o] = found
        for i in range(first, last):
            stock[arrays[4][arrays[3][o] + way[i]], arrays[1][i]] -= arrays[2][i]
    return end


@njit(cache=True)
def _placed(
    first: int, last: int, begin: int, node: Whole, way: Whole, day: Whole, service: Whole, places: Whole
) -> bool:
    """Take a place for each shipment of an order's lines; where they are too many together, take none."""
    enough = True
    for undo in range(2):
        for i in range(first, last):
            seen = False
            for other in range(first, i):
                seen = seen or way[other] == way[i]
            if not seen:
                c = begin + way[i]
                change = 1 if undo else -1
                places[node[c], day[c]] += change
                enough = enough and places[node[c], day[c]] >= 0
                if service[c] >= 0:
                    places[service[c], day[c]] += change
                    enough = enough and places[service[c], day[c]] >= 0
        if enough:
            return True
    return False
