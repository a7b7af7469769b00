"""Routes orders that wait at the same moment together, where stock and places in a day are short of what they want.

A wave, or the morning after a stop: one after the other, an early order may take the last place of a node that a later
one has no other node than. Here all are looked at first, then each is routed by `route_order` with the plan that it got
together: records, cases, events and what happens when a command comes twice are the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any, Final

import numpy as np

from evenstock.domain import (
    Candidate,
    CapacityPrice,
    Cents,
    LineId,
    NodeId,
    Order,
    OrderId,
    OrderPlan,
    Price,
    Quota,
    ServiceId,
    Sku,
    StockBalance,
    Units,
    promisable,
)
from evenstock.operations.deciding import HOLD, Books, Decide, RouteOrder, decide_order, law_of, route_key
from evenstock.operations.exceptions.questions import nodes_down, services_down
from evenstock.operations.ports import Store
from evenstock.operations.roll_out import RollOut
from evenstock.operations.route_order import Routed, read_books, route_order
from evenstock.operations.substitution import Substitutes
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import Candidates, candidates, refusal
from evenstock.routing.choose import Choice
from evenstock.routing.decide import Decision
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.pool_columns import Asked, Joined, Option, join
from evenstock.routing.priced import Priced, Whole

SHIP_DAYS: Final = 3
"""Days offered at nodes with a ceiling; an order that no place is left for in them is routed alone, to any later day."""
SOURCE: Final = "pool"
MOST_CLASSES: Final = 4
"""Classes with protected units of one item at one node of which every combination is kept; the store guards the rest."""

Shipped = frozenset[tuple[Candidate, frozenset[tuple[LineId, int]]]]
"""A plan without its costs: who ships how many units of which lines."""


@dataclass(frozen=True, slots=True)
class Supply:
    """Units of an item at a node, or places in a day of a node or a service: of which there is only so much."""

    scope: str
    """`stock`, `node` or `service`."""
    name: str
    """The node's or the service's."""
    what: str
    """The item, or the day."""
    left: int
    spared: tuple[str, ...] = ()
    """Classes of customers whose protected units are not counted."""

    @property
    def said(self) -> str:
        """What there is of it, and that it is gone."""
        if self.scope == "stock":
            spared = f" beside those protected for {', '.join(self.spared)}" if self.spared else ""
            return f"the {self.left} {self.what} at {self.name}{spared} go to other orders"
        return f"the {self.left} places of {self.name} on {self.what} go to other orders"


@dataclass(frozen=True, slots=True)
class PoolRouted:
    """What became of orders routed together."""

    routed: tuple[Routed, ...]
    """In the order they were given."""
    together: int
    """Orders decided together: new ones that some node can serve from its free stock."""
    served: int
    """Of those."""
    most_served: int
    """No choice of whole lines serves more of them."""
    cents: int
    least_cents: int
    """No choice of whole lines that serves as many costs less, beyond what each of its orders costs alone."""
    proven: bool
    """Whether it is the most and the least."""
    moved: int
    """Orders that got another plan than each would have taken alone."""
    left_out: tuple[tuple[OrderId, str], ...]
    """Orders that others left no stock or place for, and what is short. They were then routed alone to what is left."""
    worth: tuple[tuple[Supply, int], ...]
    """Cents that one more unit or place would have saved, of those above zero."""

    def prices(self, now: datetime) -> list[Price]:
        """What one more unit is worth to these orders."""
        cents: dict[tuple[str, str], int] = defaultdict(int)
        for supply, worth in self.worth:
            if supply.scope == "stock":
                cents[supply.what, supply.name] += worth
        return [Price(Sku(sku), NodeId(node), now, SOURCE, Cents(n)) for (sku, node), n in sorted(cents.items())]

    def capacity_prices(self, now: datetime) -> list[CapacityPrice]:
        """What one more place in a day is worth to these orders."""
        return [
            CapacityPrice(s.scope, s.name, date.fromisoformat(s.what), now, SOURCE, Cents(worth))
            for s, worth in self.worth
            if s.scope != "stock"
        ]


def route_pool(
    store: Store,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    orders: Iterable[Order],
    now: datetime,
    *,
    shadow: bool = False,
    hold: timedelta = HOLD,
    stage: RollOut | None = None,
    substitutes: Substitutes | None = None,
    ship_days: int = SHIP_DAYS,
    service_ceilings: Mapping[str, int] | None = None,
) -> PoolRouted:
    """Decide orders together, then reserve each by a transaction of its own.

    What others took meanwhile is decided anew for that order alone, as is an order that the pool has no plan for: nothing
    is lost, and an order routed before keeps its record.

    Parameters
    ----------
    ship_days
        Days offered at nodes with a ceiling, and by services in `service_ceilings`.
    service_ceilings
        Shipments that a carrier's service still picks up on each day, over all nodes.

    Raises
    ------
    ConflictError
        If another order was routed under the id of one of them before.
    """
    given = list(orders)
    wave = _look(store, network, policy, given, now, stage, ship_days, service_ceilings or {})
    joined = join([wait.asked for wait in wave.waiting], wave.left)
    plans, moved = dict[OrderId, Decide](), 0
    left_out: list[tuple[OrderId, str]] = []
    for number, wait in enumerate(wave.waiting):
        option = joined.chosen(number)
        if option is None:
            short = joined.pooled.binding(joined.columns, number)
            because = "; ".join(wave.supplies[s].said for s in short) or "no plan of it fits beside other orders"
            left_out.append((wait.order.id, because))
            plans[wait.order.id] = LeftOut(because, len(wave.waiting))
            continue
        shipped = wait.shipped(option)
        moved += shipped != wait.alone
        plans[wait.order.id] = Together(wait.order, shipped, wave.wide, len(wave.waiting))
    late = {order for order, _ in left_out}
    routed: dict[int, Routed] = {}
    # Those with a plan first: what is left is then free for the others.
    for position in sorted(range(len(given)), key=lambda k: (given[k].id in late, k)):
        order = given[position]
        command = RouteOrder(order, now, shadow, hold)
        routed[position] = route_order(
            store, network, policy, command, decide=plans.get(order.id), stage=stage, substitutes=substitutes
        )
    done = joined.pooled
    return PoolRouted(
        tuple(routed[k] for k in range(len(given))),
        len(wave.waiting),
        done.served,
        joined.most_served if not joined.torn else max(done.served, joined.most_served),
        done.cents,
        joined.least_cents,
        joined.proven,
        moved,
        tuple(left_out),
        _worth(joined, wave),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """An order of the pool, looked at alone."""

    order: Order
    found: Candidates
    asked: Asked
    alone: Shipped
    """The plan it would take alone."""

    def shipped(self, option: Option) -> Shipped:
        return frozenset(
            (
                self.found.ways[candidate],
                frozenset((line.id, n) for line, n in zip(self.found.lines, units, strict=True) if n),
            )
            for candidate, units in option.shipments
        )


@dataclass(slots=True, eq=False)
class _Wave:
    """All of them, and what they share."""

    ship_days: int
    service_ceilings: Mapping[str, int]
    now: datetime
    without_nodes: frozenset[NodeId] = frozenset()
    without_services: frozenset[str] = frozenset()
    waiting: list[_Waiting] = field(default_factory=list)
    supplies: list[Supply] = field(default_factory=list)
    number: dict[tuple[str, str, str, tuple[str, ...]], int] = field(default_factory=dict)

    @property
    def left(self) -> Whole:
        return np.array([max(0, supply.left) for supply in self.supplies], np.int64)

    def of(self, scope: str, name: str, what: str, left: int, spared: tuple[str, ...] = ()) -> int:
        """Number of a supply."""
        key = (scope, name, what, spared)
        if key not in self.number:
            self.number[key] = len(self.supplies)
            self.supplies.append(Supply(scope, name, what, left, spared))
        return self.number[key]

    @property
    def wide(self) -> Wide:
        """How the ways of its orders are found."""
        capped = frozenset(self.service_ceilings)
        return Wide(self.now, self.ship_days, capped, self.without_nodes, self.without_services)


@dataclass(frozen=True, slots=True)
class Wide:
    """Every way to ship an order, on several days where places are counted."""

    now: datetime
    ship_days: int
    capped_services: frozenset[str]
    without_nodes: frozenset[NodeId]
    without_services: frozenset[str]

    def ways(self, order: Order, network: ShippingNetwork, read: Books) -> Candidates:
        return candidates(
            order,
            network,
            self.now,
            read.slots_taken,
            ship_days=self.ship_days,
            capped_services=self.capped_services,
            without_nodes=self.without_nodes,
            without_services=self.without_services,
            without_because="reported as down",
        )


def _look(
    store: Store,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    orders: Sequence[Order],
    now: datetime,
    stage: RollOut | None,
    ship_days: int,
    service_ceilings: Mapping[str, int],
) -> _Wave:
    """Look at every new order alone, at one moment of the books; sorted by id, so that how they are listed decides nothing."""
    able = {
        order.id: order for order in orders if not refusal(order, network) and (stage is None or stage.takes(order))
    }
    with store.reading() as books:
        fresh = [able[key] for key in sorted(able) if books.recall(route_key(key)) is None]
        wave = _Wave(ship_days, service_ceilings, now, nodes_down(books, now), services_down(books, now))
        if not fresh:
            return wave
        skus = sorted({line.sku for order in fresh for line in order.lines})
        read = read_books(books, network, fresh[0], now, skus)
    by_sku = _by_sku(read)
    for order in fresh:
        own = replace(
            read,
            balances=[row for sku in sorted({line.sku for line in order.lines}) for row in by_sku[0][sku]],
            prices=[row for sku in sorted({line.sku for line in order.lines}) for row in by_sku[1][sku]],
            quotas=[row for sku in sorted({line.sku for line in order.lines}) for row in by_sku[2][sku]],
        )
        found = wave.wide.ways(order, network, own)
        decision = decide_order(found, network, policy, own)
        # What takes stock protected for others is a person's to decide, not the pool's.
        if decision.plan is not None and decision.priced is not None and not decision.takes_protected:
            asked = _asked(wave, found, network, policy, own, decision.priced)
            # An order left out now ships later: what it costs anyway is no reason to leave it out.
            asked = replace(asked, credit_cents=int(decision.plan.cents))
            wave.waiting.append(_Waiting(order, found, asked, _shipped(decision.plan)))
    return wave


def _by_sku(
    read: Books,
) -> tuple[Mapping[Sku, list[StockBalance]], Mapping[Sku, list[Price]], Mapping[Sku, list[Quota]]]:
    balances, prices, quotas = defaultdict(list), defaultdict(list), defaultdict(list)
    for balance in read.balances:
        balances[balance.sku].append(balance)
    for row in read.prices:
        prices[row.sku].append(row)
    for quota in read.quotas:
        quotas[quota.sku].append(quota)
    return balances, prices, quotas


def _asked(
    wave: _Wave, found: Candidates, network: ShippingNetwork, policy: CompiledPolicy, read: Books, priced: Priced
) -> Asked:
    """An order as the pool sees it: with the wishes it can keep alone, and under law alone."""
    looked: list[tuple[np.ndarray, int, int]] = []

    def look(mask: np.ndarray, max_shipments: int, min_split_value_cents: int) -> Choice | None:
        looked.append((mask, max_shipments, min_split_value_cents))
        return None

    law_of(found, policy).settle(look)  # asks with every wish, then under law alone
    lawful = None
    if len(looked) > 1:
        mask, most, least = looked[-1]
        lawful = replace(priced, permitted=mask, max_shipments=most, min_split_value_cents=least)
    places = np.full((2, len(found.ways)), -1, np.int64)
    ceilings = {node.id: node.orders_per_day for node in network.nodes}
    for c, way in enumerate(found.ways):
        ceiling, day = ceilings[way.node], way.ship_on.isoformat()
        if ceiling is not None:
            taken = read.slots_taken.get((way.node, way.ship_on), 0)
            places[0, c] = wave.of("node", way.node, day, ceiling - taken)
        if way.service in wave.service_ceilings:
            places[1, c] = wave.of("service", way.service, day, wave.service_ceilings[way.service])
    return Asked(priced, _stock(wave, found, network, read), places, lawful)


def _stock(wave: _Wave, found: Candidates, network: ShippingNetwork, read: Books) -> Whole:
    """Supplies of each line's item at each node: all units, and those left beside other classes' protected ones."""
    there = promisable(read.balances)
    kept: dict[tuple[Sku, NodeId], dict[str, int]] = defaultdict(dict)
    for quota in read.quotas:
        if quota.left and quota.order_class != found.order.order_class:
            kept[quota.sku, quota.node][quota.order_class] = quota.left
    drawn: list[tuple[int, int, list[int]]] = []
    for k, node in enumerate(network.nodes):
        for i, line in enumerate(found.lines):
            own = kept.get((line.sku, node.id), {})
            units = there.get((line.sku, node.id), 0)
            sets = [spared for n in range(len(own) + 1) for spared in combinations(sorted(own), n)]
            if len(own) > MOST_CLASSES:
                sets = [(), tuple(sorted(own))]
            numbers = [
                wave.of("stock", node.id, line.sku, units - sum(own[name] for name in spared), spared)
                for spared in sets
            ]
            drawn.append((k, i, numbers))
    stock = np.full((max(len(n) for *_, n in drawn), len(network.nodes), len(found.lines)), -1, np.int64)
    for k, i, numbers in drawn:
        stock[: len(numbers), k, i] = numbers
    return stock


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """Decides for the plan that the pool chose, while its stock and places are there; else what is best for the order alone."""

    order: Order
    shipped: Shipped
    wide: Wide
    count: int
    """Orders decided together."""

    def __call__(self, found: Candidates, network: ShippingNetwork, policy: CompiledPolicy, read: Books) -> Decision:
        order, shipped = self.order, self.shipped
        alone = decide_order(found, network, policy, read)
        if found.order.lines != order.lines or (alone.plan is not None and _shipped(alone.plan) == shipped):
            return alone
        wide = self.wide.ways(order, network, read)
        chosen = {candidate for candidate, _ in shipped}
        kept = np.array([way in chosen for way in wide.ways], np.bool_)
        stock = _only(read.balances, order, shipped)
        if stock is None or int(kept.sum()) < len(chosen):
            return alone
        # With no more than its units in sight, the search has nothing else to choose.
        planned = decide_order(wide.only(kept), network, policy, replace(read, balances=stock, quotas=()))
        if planned.plan is None:
            return alone
        others = [
            plan for plan in (alone.plan, *alone.alternatives) if plan and _shipped(plan) != _shipped(planned.plan)
        ]
        others_too = "one other order" if self.count == 2 else f"{self.count - 1} other orders"
        said = f"{planned.sentence} Decided together with {others_too}"
        if alone.plan is not None:
            said += f": alone it would ship from {'+'.join(alone.plan.nodes)} for {_money(alone.plan.cents)}"
        return replace(planned, alternatives=tuple(others), barred=alone.barred, sentence=f"{said}.")

    def told(self) -> dict[str, Any]:
        """As JSON says it, for whoever decides it again."""
        plan = sorted(
            [way.node, way.service, way.ship_on.isoformat(), sorted([line, units] for line, units in carried)]
            for way, carried in self.shipped
        )
        wide = self.wide
        return {
            "together": self.count,
            "plan": plan,
            "ship_days": wide.ship_days,
            "capped": sorted(wide.capped_services),
            "without": [sorted(wide.without_nodes), sorted(wide.without_services)],
        }


@dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """Decides alone, from what the others leave; where that is nothing, what was short is said."""

    because: str
    count: int

    def __call__(self, found: Candidates, network: ShippingNetwork, policy: CompiledPolicy, read: Books) -> Decision:
        alone = decide_order(found, network, policy, read)
        if alone.plan is not None:
            return alone
        return replace(alone, sentence=f"{alone.sentence} Of {self.count} orders decided together, {self.because}.")

    def told(self) -> dict[str, Any]:
        return {"together": self.count, "left_out": self.because}


def pool_decider(said: Mapping[str, Any], order: Order, now: datetime) -> Together | LeftOut:
    """What decided about an order of a pool, from what it told."""
    if "left_out" in said:
        return LeftOut(said["left_out"], said["together"])
    shipped = frozenset(
        (
            Candidate(NodeId(node), ServiceId(service), date.fromisoformat(day)),
            frozenset((LineId(line), units) for line, units in lines),
        )
        for node, service, day, lines in said["plan"]
    )
    nodes, services = said["without"]
    wide = Wide(now, said["ship_days"], frozenset(said["capped"]), frozenset(map(NodeId, nodes)), frozenset(services))
    return Together(order, shipped, wide, said["together"])


def _only(balances: Sequence[StockBalance], order: Order, shipped: Shipped) -> list[StockBalance] | None:
    """The balances with no more than the plan takes, first lots first; None where they have less."""
    sku = {line.id: line.sku for line in order.lines}
    wanted: dict[tuple[Sku, NodeId], int] = defaultdict(int)
    for candidate, carried in shipped:
        for line, units in carried:
            wanted[sku[line], candidate.node] += units
    kept = []
    for balance in sorted(balances, key=lambda b: (b.sku, b.node, b.lot)):
        key = (balance.sku, balance.node)
        units = min(balance.atp, wanted.get(key, 0))
        if units:
            wanted[key] -= units
            kept.append(replace(balance, available=Units(balance.buffer + units)))
    return None if any(wanted.values()) else kept


def _shipped(plan: OrderPlan) -> Shipped:
    return frozenset((s.candidate, frozenset((line.line, int(line.units)) for line in s.lines)) for s in plan.shipments)


def _worth(joined: Joined, wave: _Wave) -> tuple[tuple[Supply, int], ...]:
    cents = np.rint(joined.pooled.worth).astype(np.int64)
    return tuple((wave.supplies[s], int(cents[s])) for s in np.flatnonzero(cents).tolist())


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
