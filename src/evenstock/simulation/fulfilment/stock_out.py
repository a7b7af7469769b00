"""Cheapest now with a stock-out penalty set by hand, as IBM Sterling documents its stock-out avoidance.

A unit costs the more the fewer days a centre's stock of the item would cover: nothing where it lasts to the horizon, the
weight times a second parcel for the last unit. What a centre sells is reckoned as if each item went to the nearest of
the centres that carry it. IBM refreshes its penalties offline; here they follow the live stock, which is kind to it. The
weight (0 to 1 there) and what a stock-out costs are the merchant's to guess: ours were tried on other instances than
those reported.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenstock.routing.batch_kernel import Arrays, cheapest
from evenstock.routing.priced import Whole
from evenstock.simulation.fulfilment.kinds import Kinds
from evenstock.simulation.fulfilment.world import MOST_LINES, Costs, Ledger, Outcome, book, wanted_lines
from evenstock.simulation.multi_item import Instance

WEIGHT: float = 2.0
"""Times what a second parcel costs. Of 0.25, 0.5, 1, 2 and 3 the best over both horizons."""


def stock_out_penalty(kinds: Kinds, arrivals: Whole, *, weight: float = WEIGHT) -> Outcome:
    """The exact cheapest plan of each order with the penalties of that moment's stock."""
    ledger = Ledger(kinds)
    _serve(
        kinds.batch.arrays,
        kinds.city,
        ledger.costs,
        arrivals,
        demand_by_centre(kinds.instance),
        round(weight * kinds.parcel),
        ledger.stock,
        ledger.tally,
    )
    return ledger.outcome()


def demand_by_centre(instance: Instance) -> NDArray[np.float64]:
    """Units a period of each item that the nearest centre with stock of it would ship, shape ``(centre, item)``."""
    demand = np.zeros(instance.stock.shape)
    far = np.where(instance.stock[:, None, :] > 0, instance.miles[:, :, None], np.inf)
    nearest: Whole = far.argmin(axis=0)
    carried = instance.stock.sum(axis=0) > 0
    for kind, goods in enumerate(instance.types):
        for item in goods:
            if carried[item]:
                np.add.at(demand[:, item], nearest[:, item], instance.rate[kind])
    return demand


@njit(cache=True)
def _serve(
    arrays: Arrays,
    city: Whole,
    costs: Costs,
    arrivals: Whole,
    demand: NDArray[np.float64],
    penalty: int,
    stock: Whole,
    tally: Whole,
) -> None:
    first_line, item = arrays[0], arrays[1]
    centre_of_line, free, price = np.zeros(MOST_LINES, np.int64), np.zeros(0, np.int64), np.zeros_like(stock)
    for period in range(arrivals.size):
        kind = arrivals[period]
        if kind < 0:
            continue
        left = arrivals.size - period
        goods = item[first_line[kind] : first_line[kind + 1]]
        for centre in range(stock.shape[0]):
            for i in goods:
                wanted = demand[centre, i] * left
                short = max(0.0, 1.0 - stock[centre, i] / wanted) if wanted > 0 else 0.0
                price[centre, i] = np.int64(np.rint(penalty * short))
        wanted_set = wanted_lines(first_line, item, kind, stock)
        cheapest(arrays, kind, wanted_set, price, free, stock, centre_of_line)
        book(goods, city[kind], costs, centre_of_line, stock, tally)
