"""Lives through the past again: every arm decides the same orders with the stock that its own decisions left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, timedelta
from typing import Final

import numpy as np

from evenstock.domain import Cents, NodeId, Order, OrderId, OrderPlan, Price, Sku, StockBalance, Units
from evenstock.operations.deciding import Books, Decide, decide_order
from evenstock.policy import CompiledPolicy
from evenstock.routing.batch import Batch
from evenstock.routing.candidates import candidates
from evenstock.routing.choose import Choice, least
from evenstock.routing.explain import plans
from evenstock.routing.found_before import WITHIN_DAYS
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.priced import Whole
from evenstock.routing.prices.ascent import ascend
from evenstock.simulation.replay.bound import joined
from evenstock.simulation.replay.chunks import Chunk, item_numbers, paid
from evenstock.simulation.replay.kernel import live
from evenstock.simulation.replay.past import Past, Shelf

MARGIN_DAYS: Final = 2 * WITHIN_DAYS + 2
"""Days after the last whose places decisions may still take."""
UNLIMITED: Final = 1 << 40

Prices = Mapping[tuple[Sku, NodeId], int]
"""Cents of a unit; what is not named is free."""


@dataclass(frozen=True, slots=True)
class Repricing:
    """How an arm finds prices along the way: the last orders stand for those to come, and the ascent for the night."""

    horizon_days: int = 7
    """Days of demand that the stock at hand must serve; at the end of the past fewer."""
    look_back: int = 6_000
    """Orders that stand for those to come, the last ones."""
    sweeps: int = 30


@dataclass(frozen=True)
class Arm:
    """A way of deciding, with the prices it knew on each day."""

    name: str
    prices: Callable[[date], Prices] = field(default=lambda _: {})
    repricing: Repricing | None = None
    """Prices found along the way from the orders seen so far, in the place of `prices`; nothing that came later is used."""
    decide: Decide | None = None
    """Decides each order by itself instead of the production search, such as people's habit: slower, one by one."""


@dataclass(slots=True)
class Outcome:
    """What became of one order."""

    plan: OrderPlan | None
    """With what is really paid, prices left out; None where it was not served."""
    whole: bool = True
    """False where the whole machinery was needed: wishes given up, a quantity split, a full day."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Looks at some orders at the moment they are decided, with the stock of that moment."""

    orders: frozenset[OrderId]
    look: Callable[[Order, Books], None]


class World:
    """The shelves and the places of one arm."""

    def __init__(self, past: Past, network: ShippingNetwork) -> None:
        self.numbers = item_numbers(network)
        self.node = {node.id: k for k, node in enumerate(network.nodes)}
        self.network = network
        self.first = past.first
        self.short = 0
        """Units that left by other ways than orders and were not there in this life."""
        self.stock = np.zeros((len(network.nodes), len(self.numbers)), np.int64)
        self.add(past.opening.items())
        days = past.days + MARGIN_DAYS
        ceilings = [UNLIMITED if n.orders_per_day is None else n.orders_per_day for n in network.nodes]
        of_nodes = np.repeat(np.array(ceilings, np.int64)[:, None], days + 1, axis=1)
        book = network.book
        self.service = {name: len(network.nodes) + n for n, name in enumerate(sorted(book.capped))}
        """Row in `places` of each service that has a ceiling on some day."""
        most = [[book.ceiling(name, self._date(day)) for day in range(days + 1)] for name in self.service]
        of_services = [[UNLIMITED if n is None else n for n in row] for row in most]
        self.places = np.vstack([of_nodes, np.array(of_services, np.int64).reshape(-1, days + 1)])
        """Shipments that nodes, and below them services, can still take, shape ``(node and service, day)``."""

    def add(self, came: Iterable[tuple[Shelf, int]]) -> None:
        for (sku, node), units in came:
            if sku in self.numbers and node in self.node:
                at = self.node[node], self.numbers[sku]
                self.short += max(0, -(int(self.stock[at]) + units))
                self.stock[at] = max(0, int(self.stock[at]) + units)

    def day(self, at: date) -> int:
        return min(max(0, (at - self.first).days + 1), int(self.places.shape[1]) - 1)

    def _date(self, day: int) -> date:
        return self.first + timedelta(days=day - 1)

    def books(self, order: Order, prices: Prices, now: date) -> Books:
        """What the order's decision would read."""
        skus = sorted({line.sku for line in order.lines})
        balances, rows = [], []
        for sku in skus:
            for name, k in sorted(self.node.items()):
                units = int(self.stock[k, self.numbers[sku]])
                if units:
                    balances.append(StockBalance(sku, name, available=Units(units)))
                cents = prices.get((sku, name), 0)
                if cents:
                    rows.append(Price(sku, name, order.placed_at, "replay", Cents(cents)))
        taken = {
            (node.id, now + timedelta(days=d)): node.orders_per_day
            - int(self.places[k, self.day(now + timedelta(days=d))])
            for k, node in enumerate(self.network.nodes)
            if node.orders_per_day is not None
            for d in range(-1, MARGIN_DAYS)
        }
        for at in (now + timedelta(days=d) for d in range(-1, MARGIN_DAYS)) if self.service else ():
            for service, most in self.network.book.ceilings(at).items():
                taken[NodeId(service), at] = most - int(self.places[self.service[service], self.day(at)])
        return Books(balances, rows, taken)

    def take(self, plan: OrderPlan) -> None:
        for shipment in plan.shipments:
            k = self.node[shipment.candidate.node]
            day = self.day(shipment.candidate.ship_on)
            self.places[k, day] -= 1
            if shipment.candidate.service in self.service:
                self.places[self.service[shipment.candidate.service], day] -= 1
            for line in shipment.lines:
                self.stock[k, self.numbers[line.sku]] -= line.units


class Life:
    """One arm, living from chunk to chunk."""

    def __init__(
        self, arm: Arm, past: Past, network: ShippingNetwork, policy: CompiledPolicy, probe: Probe | None = None
    ) -> None:
        self.arm, self.past, self.network, self.policy, self.probe = arm, past, network, policy, probe
        self.world = World(past, network)
        self.outcomes: list[Outcome] = []
        self._skus = sorted(network.items)
        self._mornings = sorted(past.inflow)
        self._seen: list[tuple[Batch, date, date]] = []
        self._found: Whole | None = None
        """Prices found last, shape ``(node, item)``."""

    def live(self, chunk: Chunk) -> None:
        """Decide the chunk's orders, day by day."""
        batch, place = chunk.batch, {int(p): n for n, p in enumerate(chunk.member)}
        way, cost = np.full(batch.item.size, -1, np.int64), np.zeros(len(batch), np.int64)
        day_of, service_of = self._days(chunk)
        position = 0
        if self.arm.repricing is not None:
            self._reprice(self.arm.repricing)
        while position < len(chunk.orders):
            today = chunk.orders[position].placed_at.astimezone(UTC).date()
            self._wake(today)
            end = position
            while end < len(chunk.orders) and chunk.orders[end].placed_at.astimezone(UTC).date() == today:
                end += 1
            prices = self.arm.prices(today) if self._found is None else self._named(self._found)
            self._day(chunk, (position, end), place, (way, cost, day_of, service_of), prices, today)
            position = end
        if self.arm.repricing is not None and len(batch):
            days = [chunk.orders[p].placed_at.astimezone(UTC).date() for p in (0, -1)]
            self._seen.append((batch, days[0], days[1]))

    def _reprice(self, how: Repricing) -> None:
        """Prices for the stock at hand, if the orders of the last days came again."""
        while len(self._seen) > 1 and sum(len(batch) for batch, _, _ in self._seen[1:]) >= how.look_back:
            self._seen.pop(0)
        if not self._seen:
            return
        batch = joined([one for one, _, _ in self._seen])
        days = max(1, (self._seen[-1][2] - self._seen[0][1]).days + 1)
        items = max(batch.items, 1)
        # Nobody is paid for what is left when the days are over, so nothing is kept for the day after.
        ahead = max(1, min(how.horizon_days, (self.past.last - self._seen[-1][2]).days))
        weight = np.full(len(batch), ahead / days)
        wanted = np.bincount(batch.item, batch.units * ahead / days, minlength=items)
        stock = np.ascontiguousarray(self.world.stock[:, :items])
        nodes = self.network.nodes
        each = np.array(
            [self.network.costs.lost_unit_cents(self.network.items[sku]) for sku in sorted(self.network.items)]
        )
        start = None if self._found is None else self._found[:, :items].astype(np.float64)
        # A node that has more than everybody will want of an item has too much of it to price.
        found = ascend(
            batch, weight, stock, lost=(each[batch.item] * batch.units).astype(np.float64), start=start,
            sweeps=how.sweeps, contested=stock < wanted[None],
        )  # fmt: skip
        self._found = np.zeros((len(nodes), len(self.network.items)), np.int64)
        self._found[:, :items] = np.rint(found.price)

    def _named(self, price: Whole) -> Prices:
        skus = self._skus
        return {
            (skus[i], self.network.nodes[k].id): int(price[k, i])
            for k, i in zip(*(at.tolist() for at in np.nonzero(price)), strict=True)
        }

    def _day(
        self,
        chunk: Chunk,
        span: tuple[int, int],
        place: Mapping[int, int],
        arrays: tuple[Whole, Whole, Whole, Whole],
        prices: Prices,
        today: date,
    ) -> None:
        way, cost, day_of, service_of = arrays
        matrix = np.zeros(self.world.stock.shape, np.int64)
        for (sku, node), cents in prices.items():
            if sku in self.world.numbers and node in self.world.node:
                matrix[self.world.node[node], self.world.numbers[sku]] = cents
        position, end = span
        while position < end:
            if self._probed(chunk.orders[position]):
                assert self.probe is not None
                self.probe.look(chunk.orders[position], self.world.books(chunk.orders[position], prices, today))
            if position not in place or self.arm.decide is not None:
                self.outcomes.append(self._whole(chunk.orders[position], prices, today))
                position += 1
                continue
            begin = place[position]
            last = begin
            while position + last - begin < end and place.get(position + last - begin) == last:
                if last > begin and self._probed(chunk.orders[position + last - begin]):
                    break
                last += 1
            stopped = live(
                chunk.batch.arrays, begin, last, matrix, self.world.stock, day_of, service_of, self.world.places, cost,
                way,
            )  # fmt: skip
            self.outcomes += [self._fast(chunk, n, way, cost, matrix) for n in range(begin, stopped)]
            position += stopped - begin
            if stopped < last:
                self.outcomes.append(self._whole(chunk.orders[position], prices, today))
                position += 1

    def _probed(self, order: Order) -> bool:
        return self.probe is not None and order.id in self.probe.orders

    def _wake(self, today: date) -> None:
        """Receive what came by this morning."""
        while self._mornings and self._mornings[0] <= today:
            self.world.add(self.past.inflow[self._mornings.pop(0)])

    def _days(self, chunk: Chunk) -> tuple[Whole, Whole]:
        """Number of each way's ship day, and the row of its service in the places; -1 where it has no ceiling."""
        found = [
            (self.world.day(candidate.ship_on), self.world.service.get(candidate.service, -1))
            for position in chunk.member.tolist()
            if (pricing := chunk.pricings[position]) is not None
            for candidate in pricing.candidates.ways
        ]
        days, services = np.array(found, np.int64).reshape(-1, 2).T.copy()
        return days, services

    def _fast(self, chunk: Chunk, n: int, way: Whole, cost: Whole, matrix: Whole) -> Outcome:
        """The plan of an order that the loop decided."""
        batch: Batch = chunk.batch
        pricing = chunk.pricings[int(chunk.member[n])]
        assert pricing is not None
        lines = slice(int(batch.first_line[n]), int(batch.first_line[n + 1]))
        ways, units, items = way[lines], batch.units[lines], batch.item[lines]
        node = pricing.priced.node[ways]
        cents = int(cost[n]) - int((matrix[node, items] * units).sum())
        used = sorted(set(ways.tolist()))
        carried = np.array([[np.where(ways == c, units, 0) for c in used]], np.int64)
        choice = Choice(np.array([cents], np.int64), np.array([used], np.int64), carried)
        try:
            return Outcome(paid(plans(pricing, choice)[0]))
        except AssertionError:
            # Two parcels of one way: the loop names the way of each line, not which of them share a parcel.
            own = np.isin(np.arange(pricing.priced.node.size), used)[:, None] & (
                np.arange(pricing.priced.node.size)[:, None] == ways[None]
            )
            return Outcome(paid(plans(pricing, replace(least(pricing.priced.under(own, 99, 0)), proven_least=True))[0]))

    def _whole(self, order: Order, prices: Prices, today: date) -> Outcome:
        """The whole machinery: wishes given up one by one, quantities split, places on later days."""
        if any(line.sku not in self.world.numbers for line in order.lines):
            return Outcome(None, whole=False)
        read = self.world.books(order, prices, today)
        found = candidates(order, self.network, order.placed_at, read.slots_taken)
        decision = (self.arm.decide or decide_order)(found, self.network, self.policy, read)
        if decision.plan is None:
            return Outcome(None, whole=False)
        self.world.take(decision.plan)
        return Outcome(paid(decision.plan), whole=False)
