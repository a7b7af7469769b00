"""Policies that rank the centres and walk down the list: what the platforms document, and no cost is reckoned.

========================  ==============================================================================================
nearest                   Each line from the nearest centre that has it, by live stock.
ranked_list               Shopify "ranked locations", and routing guides: the first of one list that has all that is
                          wanted; if none has, down the list, each line from the first that has it.
coverage_nearest          Spree's default rules and Shopify's "minimise split fulfilments" before "closest": centres by how
                          many lines of the whole order they have, then by distance, ranked once; then down the list.
magento_priority          Magento's source selection by priority: each line from the first source in the stock's order.
magento_distance          Magento's source selection by distance: each line down the list of sources by distance. With one
                          unit a line it decides as `nearest` does: whole lines never need a second source.
saleor_sorting            Saleor's `PRIORITIZE_SORTING_ORDER`: each line from the first warehouse in the channel's order.
saleor_high_stock         Saleor's `PRIORITIZE_HIGH_STOCK`: each line from the warehouse that has most of it left.
medusa_first              Medusa: each line from the first location, in the order they were created, that has it.
========================  ==============================================================================================

A merchant's own list (priority, sorting order, ranking) puts the centre with the fewest miles to the people first, which
is kind to it; Medusa's order is that of the instance's file. `magento_priority` and `saleor_sorting` are the same walk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from evenstock.routing.priced import Whole
from evenstock.simulation.fulfilment.kinds import Kinds
from evenstock.simulation.fulfilment.world import MOST_LINES, Costs, Ledger, Outcome, book, wanted_lines
from evenstock.simulation.multi_item import Instance


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """A list of centres for each city, and how an order walks down it."""

    ranking: Whole
    """Centres, the first first, shape ``(city, centre)``."""
    whole_first: bool = False
    """The first that has everything wanted, before any walk."""
    by_coverage: bool = False
    """Centres that have more of the order's lines come first; the list decides among equals."""
    by_stock: bool = False
    """Each line from the centre with most of it; the list decides among equals."""

    def run(self, kinds: Kinds, arrivals: Whole) -> Outcome:
        """Decide every order."""
        ledger = Ledger(kinds)
        how = np.array([self.whole_first, self.by_coverage, self.by_stock])
        arrays = kinds.batch.arrays
        _walk(arrays[0], arrays[1], kinds.city, ledger.costs, arrivals, self.ranking, how, ledger.stock, ledger.tally)
        return ledger.outcome()


def by_distance(instance: Instance) -> Whole:
    """Centres of each city, the nearest first."""
    return np.ascontiguousarray(np.argsort(instance.miles, axis=0, kind="stable").T)


def by_merchant(instance: Instance) -> Whole:
    """One list for all cities: the centre with the fewest miles to the people first."""
    people = instance.rate.sum(axis=0)
    return _everywhere(np.argsort(instance.miles @ people, kind="stable"), people.size)


def as_created(instance: Instance) -> Whole:
    """One list for all cities: centres as the instance lists them."""
    return _everywhere(np.arange(instance.miles.shape[0]), instance.miles.shape[1])


def nearest(kinds: Kinds, arrivals: Whole) -> Outcome:
    return Walk(by_distance(kinds.instance)).run(kinds, arrivals)


def ranked_list(kinds: Kinds, arrivals: Whole) -> Outcome:
    return Walk(by_merchant(kinds.instance), whole_first=True).run(kinds, arrivals)


def coverage_nearest(kinds: Kinds, arrivals: Whole) -> Outcome:
    return Walk(by_distance(kinds.instance), by_coverage=True).run(kinds, arrivals)


def magento_priority(kinds: Kinds, arrivals: Whole) -> Outcome:
    return Walk(by_merchant(kinds.instance)).run(kinds, arrivals)


def magento_distance(kinds: Kinds, arrivals: Whole) -> Outcome:
    return Walk(by_distance(kinds.instance)).run(kinds, arrivals)


def saleor_sorting(kinds: Kinds, arrivals: Whole) -> Outcome:
    return Walk(by_merchant(kinds.instance)).run(kinds, arrivals)


def saleor_high_stock(kinds: Kinds, arrivals: Whole) -> Outcome:
    return Walk(by_merchant(kinds.instance), by_stock=True).run(kinds, arrivals)


def medusa_first(kinds: Kinds, arrivals: Whole) -> Outcome:
    return Walk(as_created(kinds.instance)).run(kinds, arrivals)


def _everywhere(ranking: Whole, cities: int) -> Whole:
    return np.ascontiguousarray(np.broadcast_to(ranking, (cities, ranking.size)))


@njit(cache=True)
def _walk(
    first_line: Whole,
    item: Whole,
    city: Whole,
    costs: Costs,
    arrivals: Whole,
    ranking: Whole,
    how: np.ndarray,
    stock: Whole,
    tally: Whole,
) -> None:
    whole_first, by_coverage, by_stock = how
    centres = stock.shape[0]
    centre_of_line, has = np.zeros(MOST_LINES, np.int64), np.zeros(centres, np.int64)
    for kind in arrivals:
        if kind < 0:
            continue
        goods = item[first_line[kind] : first_line[kind + 1]]
        wanted = wanted_lines(first_line, item, kind, stock)
        wants = 0
        has[:] = 0
        for line in range(goods.size):
            centre_of_line[line] = -1
            if wanted >> line & 1:
                wants += 1
                for centre in range(centres):
                    has[centre] += stock[centre, goods[line]] > 0
        walked = ranking[city[kind]].copy()
        for place in range(1, centres):
            for at in range(place, 0, -1):
                mine, before = has[walked[at]], has[walked[at - 1]]
                if (by_coverage and mine > before) or (whole_first and mine == wants and before < wants):
                    walked[at - 1], walked[at] = walked[at], walked[at - 1]
        for line in range(goods.size):
            most = 0
            for centre in walked:
                there = stock[centre, goods[line]]
                if there > most and (by_stock or most == 0):
                    most, centre_of_line[line] = there, centre
        book(goods, city[kind], costs, centre_of_line, stock, tally)
