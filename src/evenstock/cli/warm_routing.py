"""Uses once what routing compiles: single orders of every size, many at once, prices, doubt and the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from typing import Final

import numpy as np

from evenstock.domain import LineId, Order, OrderLine, Units
from evenstock.operations.company import Company
from evenstock.operations.expected_orders import routable
from evenstock.routing.batch import Batch, decide_many
from evenstock.routing.candidates import candidates
from evenstock.routing.choose import EXACT_LINES, choose
from evenstock.routing.confidence import price_regret
from evenstock.routing.decide import decide, no_rules
from evenstock.routing.large import choose_large
from evenstock.routing.price import price
from evenstock.routing.prices.ascent import Capacity, ascend
from evenstock.routing.prices.mirror import running_prices
from evenstock.routing.prices.scenarios import scenario_prices
from evenstock.routing.split import choose_split
from evenstock.simulation.replay.chunks import item_numbers
from evenstock.simulation.replay.lives import Arm
from evenstock.simulation.replay.past import Past
from evenstock.simulation.replay.replay import replay

FEW: Final = 20
"""Orders are enough: what is compiled is the same for many."""


def warm_routing(company: Company, orders: Sequence[Order]) -> None:
    """Decide some orders in every way there is; what comes out is thrown away.

    Kernels are compiled once for each kind of numbers they are given: prices are whole cents where one order or the past is
    decided, and fractions where prices are looked for.
    """
    few = tuple(orders[:FEW])
    _one(company, few[0])
    _many(company, few)
    days = [order.placed_at.astimezone(UTC).date() for order in few]
    shelves = {(line.sku, node.id): 1 for order in few for line in order.lines for node in company.shipping.nodes}
    past = Past(min(days), max(days), few, {}, {}, shelves, {})
    replay(past, company.shipping, company.network.policy, [Arm("once")], sweeps=1)


def _one(company: Company, order: Order) -> None:
    """Small, large, split by quantity, in doubt."""
    shipping, skus = company.shipping, sorted(company.network.items)
    for lines in (2, EXACT_LINES + 1):
        wanted = tuple(OrderLine(LineId(str(n)), sku, Units(2)) for n, sku in enumerate(skus[:lines]))
        found = candidates(replace(order, lines=wanted), shipping, order.placed_at, {})
        worth = np.zeros((len(shipping.nodes), lines), np.int64)
        for units in (2, 1):  # with one at each node, a line comes from two
            pricing = price(found, shipping, np.full(worth.shape, units, np.int64), worth)
            decide(pricing, no_rules(pricing.priced.permitted.shape, 99), shipping)
        plenty = pricing.priced.under(pricing.priced.permitted, 99, 0)
        if lines > EXACT_LINES:
            choose_large(plenty, 1)
        else:
            choose_split(plenty, 1)
            plain = replace(plenty, atp=np.full(worth.shape, 2, np.int64))
            price_regret(plain, choose(plain), worth, np.ones((2, *worth.shape), np.int64))


def _many(company: Company, orders: Sequence[Order]) -> None:
    """Batches under prices in whole cents and in fractions, and every search for prices."""
    shipping, numbers = company.shipping, item_numbers(company.shipping)
    ways = routable(orders, shipping, company.network.policy)
    items = [np.array([numbers[sku] for sku in skus], np.int64) for skus in ways.skus]
    batch = Batch.pack(ways.priced, items, by_way=True)
    stock = np.ones((len(shipping.nodes), batch.items), np.int64)
    weight, lost = np.ones(len(batch)), np.full(batch.item.size, 5_000.0)
    for kind in (np.int64, np.float64):
        decide_many(batch, np.ones(stock.shape, kind), np.ones(batch.node.shape, kind), stock)
    capacity = Capacity(np.zeros((1, batch.node.size), np.int64), np.ones(1))
    ascend(batch, weight, stock, sweeps=1)
    start = ascend(batch, weight, stock, lost=lost, sweeps=1, capacity=capacity).price
    scenario_prices(batch, weight, stock, 1, 0, lost=lost, start=start, sweeps=1)
    running_prices(batch, np.arange(len(batch)), stock, to_come=len(batch))
