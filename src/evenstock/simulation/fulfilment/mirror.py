"""Prices without a forecast: dual mirror descent, every order a step.

After each period the price of a unit rises by a step for each unit taken and falls by the step for its even share of the
stock at the start, the stock over the periods. Only the number of periods must be known.

References
----------
Balseiro, Lu and Mirrokni (2023), with the Euclidean mirror; `evenstock.routing.prices.mirror` falls back on the same.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenstock.routing.batch_kernel import Arrays, cheapest
from evenstock.routing.priced import Whole
from evenstock.simulation.fulfilment.kinds import MILLICENTS, Kinds
from evenstock.simulation.fulfilment.world import MOST_LINES, Costs, Ledger, Outcome, book, wanted_lines

STEP: float = 0.2
"""Dollars a unit."""


def mirror_descent(kinds: Kinds, arrivals: Whole, *, step: float = STEP) -> Outcome:
    """Each order at the prices that the orders before it left."""
    ledger = Ledger(kinds)
    _serve(
        kinds.batch.arrays,
        kinds.city,
        ledger.costs,
        arrivals,
        ledger.stock / max(arrivals.size, 1),
        step * MILLICENTS,
        ledger.stock,
        ledger.tally,
    )
    return ledger.outcome()


@njit(cache=True)
def _serve(
    arrays: Arrays,
    city: Whole,
    costs: Costs,
    arrivals: Whole,
    share: NDArray[np.float64],
    step: float,
    stock: Whole,
    tally: Whole,
) -> None:
    first_line, item = arrays[0], arrays[1]
    centre_of_line, free, price = np.zeros(MOST_LINES, np.int64), np.zeros(0), np.zeros(stock.shape)
    for kind in arrivals:
        if kind >= 0:
            goods = item[first_line[kind] : first_line[kind + 1]]
            wanted = wanted_lines(first_line, item, kind, stock)
            cheapest(arrays, kind, wanted, price, free, stock, centre_of_line)
            book(goods, city[kind], costs, centre_of_line, stock, tally)
            for line in range(goods.size):
                if centre_of_line[line] >= 0:
                    price[centre_of_line[line], goods[line]] += step
        price = np.maximum(price - step * share, 0.0)
