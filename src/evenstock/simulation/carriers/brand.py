"""A brand whose orders ship day by day, and what each would ship by under other rules or with other knowledge.

A fortnight of customers is decided by the operations that run in production, and comes again and again with fresh luck.
Stock is filled up every night, so that a decision about one order changes nothing for another: an order is decided again
only where its lane is concerned, and every way of acting meets the same customers and the same luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from evenstock.domain import NodeId, Order, OrderPlan, Policy, Sku, StockBalance, Units
from evenstock.freight.zones import area
from evenstock.operations.carrier_overrides.worth_of import APART
from evenstock.operations.deciding import Books, decide_order
from evenstock.operations.network import Network, orders_from_frame, policy_from_frames
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import candidates, refusal
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.baskets import Habits
from evenstock.simulation.carriers.failures import DAYS, Floats, Ints, Ways, make_ways
from evenstock.simulation.world import future_orders, make_world

FORTNIGHT: Final = 14
HISTORY_BLOCKS: Final = 11
"""Fortnights of parcels before the quarter."""
LIVE_BLOCKS: Final = 7
QUARTER: Final = 91
TWO_DAY: Final = 0.5
"""Share of orders that are promised soon: only those mind whether a parcel takes two days more."""
SHIPMENTS: Final = 3
"""Most shipments of an order, as the brand's rules have it."""
_LUCK, _WAYS = 201, 202


@dataclass(frozen=True, slots=True, eq=False)
class Plans:
    """How orders ship, by order and shipment; -1 where there is no such shipment."""

    service: Ints
    origin: Ints
    zone: Ints
    ship: Ints
    """Day it leaves, counted from the first of the fortnight."""
    paid: Ints
    """Freight and handling in cents, shape ``(order,)``; 0 where nothing served it."""
    goods: Ints
    """What is lost with a shipment, its claim included, in cents."""

    @classmethod
    def empty(cls, orders: int) -> Plans:
        none = [np.full((orders, SHIPMENTS), -1, np.int64) for _ in range(4)]
        goods = np.zeros((orders, SHIPMENTS), np.int64)
        return cls(none[0], none[1], none[2], none[3], np.zeros(orders, np.int64), goods)

    def where(self, instead: Plans, at: Ints) -> Plans:
        """These plans, but those of `instead` for the orders named."""
        columns = []
        for name in ("service", "origin", "zone", "ship", "paid", "goods"):
            column = getattr(self, name).copy()
            column[at] = getattr(instead, name)[at]
            columns.append(column)
        service, origin, zone, ship, paid, goods = columns
        return Plans(service, origin, zone, ship, paid, goods)


@dataclass(frozen=True, slots=True, eq=False)
class Brand:
    """The brand on its first morning, and how its orders ship while nothing is known to fail."""

    first: date
    frames: dict[str, pl.DataFrame]
    policy: Policy
    network: Network
    shipping: ShippingNetwork
    orders: tuple[Order, ...]
    """Of the fortnight."""
    day: Ints
    """Day of the fortnight each was placed on."""
    area: Ints
    """Number of each order's postal area in `ways.areas`."""
    due: Ints
    """Promised day, counted from the first of the fortnight."""
    balances: dict[Sku, list[StockBalance]]
    ways: Ways
    plans: Plans
    luck: Floats
    """Uniform, shape ``(block, order, shipment, 3)``; the blocks before the quarter come first."""

    @property
    def morning(self) -> int:
        """First day of the quarter, counted from 1970-01-01."""
        return (self.first - date(1970, 1, 1)).days

    def decide(self, rows: Sequence[int], network: ShippingNetwork, policy: CompiledPolicy) -> Plans:
        """Plans of these orders; the others have none."""
        found = Plans.empty(len(self.orders))
        for k in rows:
            plan = self.choose(self.orders[k], network, policy)
            if plan is not None:
                self._write(found, k, plan)
        return found

    def choose(self, order: Order, network: ShippingNetwork, policy: CompiledPolicy) -> OrderPlan | None:
        """As production decides, with the stock of the morning."""
        if refusal(order, network):
            return None
        ways = candidates(order, network, order.placed_at, {})
        balances = [balance for line in order.lines for balance in self.balances.get(line.sku, [])]
        return decide_order(ways, network, policy, Books(balances, (), {})).plan

    def _write(self, into: Plans, k: int, plan: OrderPlan) -> None:
        order, book = self.orders[k], self.network.rates
        assert book is not None
        price = {line.id: line.price_cents for line in order.lines}
        for s, shipment in enumerate(plan.shipments[:SHIPMENTS]):
            way, node = shipment.candidate, self.network.nodes[shipment.candidate.node]
            into.service[k, s] = self.ways.services.index(way.service)
            into.origin[k, s] = self.ways.origins.index(way.node)
            into.zone[k, s] = book.zone(node.postal_code, order.ship_to.postal_code) or 0
            into.ship[k, s] = (way.ship_on - self.first).days
            worth = sum(
                line.units * max(price[line.line], self.network.items[line.sku].unit_cost_cents)
                for line in shipment.lines
            )
            into.goods[k, s] = worth + self.network.costs.claim_cents
            into.paid[k] += sum(int(term.cents) for term in shipment.terms if term.name not in APART)


def make_brand(seed: int, *, orders_per_day: int = 600, nodes: int = 4, skus: int = 400) -> Brand:
    """A brand of the made-up country; the same arguments give the same brand."""
    habits = Habits(two_day=TWO_DAY)
    world = make_world(seed, nodes=nodes, skus=skus, days=60, orders_per_day=orders_per_day, habits=habits)
    # What lateness costs decides, not a wish that outbids it: so money and being on time can be weighed.
    world.frames["rules"] = world.frames["rules"].filter(pl.col("kind") != "promise")
    network = Network.from_frames(world.frames)
    shipping = network.shipping(f"brand {seed}")
    frames = [future_orders(world, world.as_of + timedelta(days=k)) for k in range(FORTNIGHT)]
    by_day = [orders_from_frame(frame) for frame in frames]
    orders = tuple(order for day in by_day for order in day)
    places = sorted({area(order.ship_to.postal_code) for order in orders})
    assert network.rates is not None
    services, origins = network.rates.services, tuple(sorted(map(str, network.nodes)))
    first = (world.as_of - date(1970, 1, 1)).days - FORTNIGHT * HISTORY_BLOCKS
    ways = make_ways(
        services, origins, places, _chances(world.frames["transit"], services), first=first,
        days=FORTNIGHT * (HISTORY_BLOCKS + LIVE_BLOCKS) + 2 * FORTNIGHT, rng=np.random.default_rng([seed, _WAYS]),
    )  # fmt: skip
    blocks = HISTORY_BLOCKS + LIVE_BLOCKS
    brand = Brand(
        world.as_of, world.frames, policy_from_frames(world.frames), network, shipping, orders,
        np.repeat(np.arange(FORTNIGHT), [len(day) for day in by_day]),
        np.array([places.index(area(order.ship_to.postal_code)) for order in orders], np.int64),
        np.array([_due(order, world.as_of) for order in orders], np.int64), _balances(world.frames["stock"]), ways,
        Plans.empty(len(orders)),
        np.random.default_rng([seed, _LUCK]).random((blocks, len(orders), SHIPMENTS, 3)),
    )  # fmt: skip
    plans = brand.decide(range(len(orders)), shipping, network.policy)
    for name in ("service", "origin", "zone", "ship", "paid", "goods"):
        getattr(brand.plans, name)[:] = getattr(plans, name)
    return brand


def _due(order: Order, first: date) -> int:
    """Promised day from the first of the fortnight; far away where nothing is promised."""
    return 10_000 if order.promise is None else (order.promise.deliver_by - first).days


def _chances(transit: pl.DataFrame, services: Sequence[str]) -> Floats:
    """Cumulated probabilities of 0, 1, … days by service and zone; at once where a zone is not served."""
    share = np.zeros((len(services), int(transit["zone"].to_numpy().max()) + 1, DAYS))
    for service, zone, days, probability in transit.select("service", "zone", "days", "probability").iter_rows():
        if service in services:
            share[services.index(service), zone, days] = probability
    share[share.sum(axis=2) == 0, 0] = 1.0
    summed: Floats = np.cumsum(share, axis=2)
    summed[:, :, -1] = 1.0
    return np.minimum(summed, 1.0)


def _balances(stock: pl.DataFrame) -> dict[Sku, list[StockBalance]]:
    found: dict[Sku, list[StockBalance]] = {}
    for sku, node, on_hand in (
        stock.group_by("sku", "node").agg(pl.col("on_hand").sum()).sort("sku", "node").iter_rows()
    ):
        found.setdefault(Sku(sku), []).append(StockBalance(Sku(sku), NodeId(node), available=Units(on_hand)))
    return found
