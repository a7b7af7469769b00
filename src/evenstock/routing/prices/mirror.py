r"""Prices without any forecast: each order moves them a little.

After an order the price of a unit rises by a step for each unit taken and falls by a step for the share of the stock
that each order to come could have:

.. math:: \pi_{ki} \leftarrow \max(0, \pi_{ki} + \eta (u_{ki} - I_{ki} / T))

Only the number :math:`T` of orders to come must be known. Where orders are few the prices are far behind: a safety net.

References
----------
Balseiro, Lu and Mirrokni (2023), dual mirror descent with the Euclidean mirror.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenstock.routing.batch import Batch
from evenstock.routing.batch_kernel import Arrays, cheapest
from evenstock.routing.priced import Whole
from evenstock.routing.subset_kernel import INFEASIBLE

Real = NDArray[np.float64]

STEP: Final = 0.025
"""Of the mean cost of a unit."""


def running_prices(
    batch: Batch, came: Whole, stock: Whole, *, to_come: int, start: Real | None = None, step: float | None = None
) -> Real:
    """Prices after these orders, one after the other, shape ``(node, item)``.

    Parameters
    ----------
    came : numbers of orders of the batch as they came, oldest first, shape ``(n,)``; one may come often.
    stock : units there before the orders to come, shape ``(node, item)``; they limit each order, and do not shrink.
    to_come : orders among which the stock is shared out.
    step : money a unit; by default `STEP` of what a unit costs on average at the prices to start from.

    Raises
    ------
    ValueError
        If no order is to come, or stock does not cover the batch.
    """
    if to_come < 1:
        raise ValueError("the stock is shared out among at least one order")
    if stock.ndim != 2 or stock.shape[0] < batch.nodes or stock.shape[1] < batch.items:
        raise ValueError(f"stock {stock.shape} does not cover {batch.nodes} nodes and {batch.items} items")
    price = np.zeros(stock.shape) if start is None else np.maximum(start, 0.0).astype(np.float64)
    there = np.ascontiguousarray(stock, np.int64)
    moved = -1.0 if step is None else float(step)
    run(batch.arrays, np.asarray(came, np.int64), there, there / to_come, price, moved)
    return price


@njit(cache=True)
def run(arrays: Arrays, came: Whole, stock: Whole, share: Real, price: Real, step: float) -> None:
    """Decide order after order, and move `price`; a step below zero is set from the mean cost of the units so far."""
    no_way_price, most = np.zeros(0), 0
    for order in range(arrays[0].size - 1):
        most = max(most, arrays[0][order + 1] - arrays[0][order])
    way = np.zeros(most, np.int64)
    cost, units = 0.0, 0
    for order in came:
        begin, lines = arrays[0][order], arrays[0][order + 1] - arrays[0][order]
        found = cheapest(arrays, order, (1 << lines) - 1, price, no_way_price, stock, way)
        if found >= INFEASIBLE:
            continue
        cost += found
        for i in range(lines):
            units += arrays[2][begin + i]
        moved = step if step >= 0 else STEP * cost / units
        for k in range(price.shape[0]):
            for n in range(price.shape[1]):
                price[k, n] -= moved * share[k, n]
        for i in range(lines):
            price[arrays[4][arrays[3][order] + way[i]], arrays[1][begin + i]] += moved * arrays[2][begin + i]
        for k in range(price.shape[0]):
            for n in range(price.shape[1]):
                price[k, n] = max(0.0, price[k, n])
