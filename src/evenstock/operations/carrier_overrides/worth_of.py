"""What an override is worth: the lane's latest orders decided as now and under it, both paid at what the failing makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import polars as pl

from evenstock.domain import Order, OrderPlan, Policy, Rule
from evenstock.freight.failing import Failing, Now
from evenstock.freight.zones import area
from evenstock.operations.carrier_overrides.in_force import Slowed, harm_with, with_overrides
from evenstock.operations.carrier_overrides.proposal import Form, Worth
from evenstock.operations.network import Network
from evenstock.policy import compile as compile_policy
from evenstock.policy.compiled import CompiledPolicy
from evenstock.routing.commitment import whole_by
from evenstock.routing.knowledge import NOTHING, Knowledge, share_of_lane
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.term import MILLION

WEEKS_LOOKED_AT: Final = 4
APART: Final = frozenset({"lateness", "damage", "inventory price", "node capacity", "carrier capacity", "preference"})
"""Terms that are no freight or handling: lateness and harm are reckoned here, the others are paid to nobody."""

NEARLY: Final = 0.97
"""A rule that brings this part of what pricing brings is preferred."""

Choose = Callable[[Order, ShippingNetwork, CompiledPolicy], OrderPlan | None]
"""Decides about one order without a store."""


@dataclass(frozen=True, slots=True, eq=False)
class Worlds:
    """The network as it is priced now, and as it is on the lane that fails."""

    today: ShippingNetwork
    failing: ShippingNetwork


def failing_network(
    frames: Mapping[str, pl.DataFrame], rules: Policy | None, now: Now, known: Knowledge | None
) -> ShippingNetwork:
    """The network with the days and the harm that a failing makes of its lanes."""
    slowed = Slowed(now.shares, now.harm_millionths)
    network = Network.from_frames(with_overrides(frames, slowed), rules).shipping("failing")
    known = known or NOTHING
    docks = {str(node.id): node.postal_code for node in network.nodes}
    harm = harm_with(known.damage_millionths, slowed, docks)
    network.known = replace(known, damage_millionths=harm)
    return network


@dataclass(frozen=True, slots=True)
class Gain:
    """What the override means for one order, in cents."""

    order_class: str
    value_cents: int
    freight_cents: int
    """More than now."""
    lateness_cents: int
    harm_cents: int
    """Both less than now."""
    late_now: float
    late_then: float
    promised: bool

    @property
    def cents(self) -> int:
        return self.lateness_cents + self.harm_cents - self.freight_cents


@dataclass(frozen=True, slots=True)
class Best:
    """The orders for which an override pays most, and what it is worth for them."""

    worth: Worth | None
    """None where there is no order to judge by."""
    instead: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    """Classes of orders; empty for all."""
    min_value_cents: int = 0
    """Least value of an order; 0 for any."""
    form: Form = Form.PRICE
    """Where nobody knows what it is worth, each order had better weigh it for itself."""


def worth_of(
    orders: Sequence[Order],
    failing: Failing,
    worlds: Worlds,
    policies: tuple[CompiledPolicy, CompiledPolicy],
    choose: Choose,
) -> Best:
    """For which of the lane's orders of the last `WEEKS_LOOKED_AT` weeks it pays, how much, and what they take instead.

    Each order is decided as today, under the rule that bars the failing services, and with what they have become in the
    price; the plans are then paid for as the failing makes them. The rule is simpler to read, so it is taken where
    it brings `NEARLY` as much as the price does.
    """
    if not orders:
        return Best(None)
    last = max(order.placed_at for order in orders)
    lately = [
        order
        for order in orders
        if order.placed_at > last - timedelta(weeks=WEEKS_LOOKED_AT)
        and order.ship_to.postal_code.startswith(failing.areas)
    ]
    ruled: list[tuple[Gain, OrderPlan]] = []
    priced: list[tuple[Gain, OrderPlan]] = []
    for order in lately:
        before = choose(order, worlds.today, policies[0])
        if before is None or not _uses(before, failing):
            continue
        for found, after in (
            (ruled, choose(order, worlds.today, policies[1])),
            (priced, choose(order, worlds.failing, policies[0])),
        ):
            found.append((_gain(order, before, after or before, worlds), after or before))
    if not ruled:
        return Best(None)
    # Weeks that the orders at hand speak of: all orders, not those of the lane alone, say how long that is.
    first = min(order.placed_at for order in orders)
    weeks = min(((last.date() - first.date()).days + 1) / 7, WEEKS_LOOKED_AT)
    classes, least = best_for([gain for gain, _ in ruled])
    kept = [one for one in ruled if _within(one[0], classes, least)]
    if sum(gain.cents for gain, _ in kept) >= NEARLY * sum(gain.cents for gain, _ in priced):
        return Best(_worth(kept, weeks), _instead(kept, failing), classes, least, Form.RULE)
    return Best(_worth(priced, weeks), _instead(priced, failing), form=Form.PRICE)


def best_for(gains: Sequence[Gain]) -> tuple[tuple[str, ...], int]:
    """Classes of orders, and the least value of an order, for which the sum of gains is largest; all where that is largest.

    Examples
    --------
    Express orders are late and gain 5.00 each; the others are not and would pay 1.00 more for nothing.

    >>> late, early = Gain("express", 4000, 100, 600, 0, 0.9, 0.1, True), Gain("standard", 4000, 100, 0, 0, 0.0, 0.0, True)
    >>> best_for([late, early, late])
    (('express',), 0)
    >>> best_for([late, late]), best_for([early])
    (((), 0), ((), 0))
    """
    by_class: dict[str, int] = {}
    for gain in gains:
        by_class[gain.order_class] = by_class.get(gain.order_class, 0) + gain.cents
    paying = tuple(sorted(name for name, cents in by_class.items() if cents > 0))
    found: list[tuple[int, tuple[str, ...], int]] = []
    for classes in ((), paying) if 0 < len(paying) < len(by_class) else ((),):
        of = sorted((g for g in gains if not classes or g.order_class in classes), key=lambda g: g.value_cents)
        total = sum(gain.cents for gain in of)
        found.append((total, classes, 0))
        for k, gain in enumerate(of[:-1]):
            # Borders in steps of 5.00, as a person would draw them.
            least = -(-of[k + 1].value_cents // 500) * 500
            if least > gain.value_cents:
                found.append((sum(g.cents for g in of if g.value_cents >= least), classes, least))
    simplest = found[0]
    best = max(found, key=lambda one: one[0])
    # A condition is drawn only where it is worth a tenth more: what it is fitted to are few orders.
    return (best[1], best[2]) if best[0] > max(simplest[0], 0) * 1.1 else (simplest[1], simplest[2])


def _within(gain: Gain, classes: tuple[str, ...], least: int) -> bool:
    return (not classes or gain.order_class in classes) and gain.value_cents >= least


def _gain(order: Order, before: OrderPlan, after: OrderPlan, worlds: Worlds) -> Gain:
    late = [0.0 if order.promise is None else _late(order, plan, worlds.failing) for plan in (before, after)]
    return Gain(
        order.order_class,
        order.value_cents,
        _paid(after) - _paid(before),
        round((late[0] - late[1]) * worlds.today.costs.late_order_cents),
        _harm(order, before, worlds.failing) - _harm(order, after, worlds.failing),
        late[0],
        late[1],
        order.promise is not None,
    )


def _instead(found: Sequence[tuple[Gain, OrderPlan]], failing: Failing) -> tuple[str, ...]:
    """The ways most often taken in place of what fails."""
    count = Counter(
        f"{s.candidate.service} from {s.candidate.node}"
        for _, plan in found
        for s in plan.shipments
        if s.candidate.service not in failing.services or s.candidate.node != failing.origin
    )
    return tuple(name for name, _ in count.most_common(3))


def _worth(found: Sequence[tuple[Gain, OrderPlan]], weeks: float) -> Worth:
    gains = [gain for gain, _ in found]
    promised = max(sum(gain.promised for gain in gains), 1)
    return Worth(
        len(gains) / weeks,
        round(sum(gain.freight_cents for gain in gains) / weeks),
        round(sum(gain.lateness_cents for gain in gains) / weeks),
        round(sum(gain.harm_cents for gain in gains) / weeks),
        sum(gain.late_now for gain in gains) / promised,
        sum(gain.late_then for gain in gains) / promised,
    )


def with_rules(policy: Policy, rules: Sequence[Rule], network: Network) -> CompiledPolicy:
    """The policy with further rules after all others."""
    services = network.rates.services if network.rates else ()
    return compile_policy(replace(policy, rules=(*policy.rules, *rules)), network.nodes, network.items, services)


def _uses(plan: OrderPlan, failing: Failing) -> bool:
    return any(
        shipment.candidate.service in failing.services and shipment.candidate.node == failing.origin
        for shipment in plan.shipments
    )


def _paid(plan: OrderPlan) -> int:
    return sum(int(term.cents) for shipment in plan.shipments for term in shipment.terms if term.name not in APART)


def _late(order: Order, plan: OrderPlan, network: ShippingNetwork) -> float:
    """P(the order is late); 0 where nobody knows."""
    whole = whole_by(order, plan, network)
    return 0.0 if whole is None else 1.0 - whole / MILLION


def _harm(order: Order, plan: OrderPlan, network: ShippingNetwork) -> int:
    """Cents expected to be lost with parcels and in claims."""
    shares = (network.known or NOTHING).damage_millionths
    docks = {node.id: area(node.postal_code) for node in network.nodes}
    to, price, cents = area(order.ship_to.postal_code), {line.id: line.price_cents for line in order.lines}, 0
    for shipment in plan.shipments:
        service, here = shipment.candidate.service, docks[shipment.candidate.node]
        share = share_of_lane(shares, service, here, to)
        goods = sum(
            line.units * max(price.get(line.line, 0), network.items[line.sku].unit_cost_cents)
            for line in shipment.lines
        )
        cents += round(share * (goods + network.costs.claim_cents) / MILLION)
    return cents
