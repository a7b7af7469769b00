"""The sequential world of the fair variant: one order a period, decided at once with what stock is left.

The guard: a paid order is never refused while stock exists. Of each order, the lines that some centre has are shipped
whole; a unit that no centre has is lost, at the same price whoever loses it. What is lost therefore depends on the
orders alone, and every policy leaves the same share unfilled, which `Outcome` measures rather than assumes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenstock.routing.batch_kernel import Arrays, cheapest
from evenstock.routing.priced import Whole
from evenstock.simulation.fulfilment.kinds import MILLICENTS, Kinds

MOST_LINES = 64
COST, PARCELS, ORDERS, WANTED, LOST, SPLIT = range(6)
"""Places in a tally."""
Costs = tuple[int, Whole, int]
"""Millicents of a parcel, of a unit by ``(centre, city)`` and of a lost unit."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy's decisions came to."""

    millicents: int
    """Shipping and lost units."""
    parcels: int
    orders: int
    units: int
    """Wanted."""
    lost_units: int
    split_orders: int
    """Orders of more than one parcel."""

    @property
    def dollars(self) -> float:
        return self.millicents / MILLICENTS

    @property
    def parcels_an_order(self) -> float:
        return self.parcels / max(self.orders, 1)

    @property
    def unfilled_share(self) -> float:
        return self.lost_units / max(self.units, 1)


class Ledger:
    """Stock left and what was paid, while a policy works through its periods."""

    def __init__(self, kinds: Kinds) -> None:
        self.kinds = kinds
        self.stock: Whole = np.ascontiguousarray(kinds.instance.stock, np.int64).copy()
        """Shape ``(centre, item)``."""
        self.tally: Whole = np.zeros(6, np.int64)

    @property
    def costs(self) -> Costs:
        return self.kinds.parcel, self.kinds.unit, self.kinds.lost

    def serve(self, arrivals: Whole, price: NDArray[np.float64]) -> None:
        """Decide these orders one after another at these prices of a unit, in millicents, shape ``(centre, item)``."""
        serve(
            self.kinds.batch.arrays,
            self.kinds.city,
            self.costs,
            arrivals,
            np.rint(price).astype(np.int64),
            self.stock,
            self.tally,
        )

    def outcome(self) -> Outcome:
        return Outcome(*(int(x) for x in self.tally))


@njit(cache=True)
def wanted_lines(first_line: Whole, item: Whole, kind: int, stock: Whole) -> int:
    """The guard: the set of a kind's lines that some centre has."""
    wanted = 0
    for line in range(first_line[kind], first_line[kind + 1]):
        for centre in range(stock.shape[0]):
            if stock[centre, item[line]] > 0:
                wanted |= 1 << (line - first_line[kind])
                break
    return wanted


@njit(cache=True)
def book(goods: Whole, city: int, costs: Costs, centre_of_line: Whole, stock: Whole, tally: Whole) -> None:
    """Pay for one order and take its units; a line of no centre, -1, is lost."""
    parcel, unit, lost = costs
    used = np.zeros(stock.shape[0], np.bool_)
    parcels = 0
    for line in range(goods.size):
        centre = centre_of_line[line]
        tally[WANTED] += 1
        if centre < 0:
            tally[LOST] += 1
            tally[COST] += lost
            continue
        tally[COST] += unit[centre, city]
        stock[centre, goods[line]] -= 1
        if not used[centre]:
            used[centre] = True
            parcels += 1
    tally[COST] += parcels * parcel
    tally[PARCELS] += parcels
    tally[ORDERS] += 1
    tally[SPLIT] += parcels > 1


@njit(cache=True)
def serve(arrays: Arrays, city: Whole, costs: Costs, arrivals: Whole, price: Whole, stock: Whole, tally: Whole) -> None:
    """Decide each order by the production search at these prices, and book it."""
    first_line, item = arrays[0], arrays[1]
    centre_of_line, free = np.zeros(MOST_LINES, np.int64), np.zeros(0, np.int64)
    for kind in arrivals:
        if kind < 0:
            continue
        wanted = wanted_lines(first_line, item, kind, stock)
        cheapest(arrays, kind, wanted, price, free, stock, centre_of_line)
        book(item[first_line[kind] : first_line[kind + 1]], city[kind], costs, centre_of_line, stock, tally)


def cheapest_now(kinds: Kinds, arrivals: Whole) -> Outcome:
    """The exact cheapest way to ship each order, as if no other would come: the myopic policy."""
    ledger = Ledger(kinds)
    ledger.serve(arrivals, np.zeros(ledger.stock.shape))
    return ledger.outcome()
