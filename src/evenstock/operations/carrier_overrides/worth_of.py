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
from evenstock.operations.carrier_overrides.proposal import Worth
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

Choose = Callable[[Order, ShippingNetwork, CompiledPolicy], OrderPlan | None]
"""Decides about one order without a store."""


@dataclass(frozen=True, slots=True, eq=False)
class Worlds:
    """The network as it is priced now, and as it is on the lane that fails."""

    today: ShippingNetwork
    failing: ShippingNetwork


def failing_network(
    frames: Mapping[str, pl.DataFrame],
    rules: Policy | None,
    now: Now,
    known: Knowledge | None,
    docks: Mapping[str, str],
) -> ShippingNetwork:
    """The network with the days and the harm that a failing makes of its lanes.

    Parameters
    ----------
    docks
        Postal code by node: transit times are by postal area.
    """
    shares = now.shares.with_columns(
        pl.col("origin").replace_strict({k: area(v) for k, v in docks.items()}, default=pl.col("origin"))
    )
    others = frames.get("transit_lanes", pl.DataFrame(schema={"service": pl.String}))
    if others.height:
        if "weekday" not in others.columns:
            others = pl.concat([others.with_columns(weekday=pl.lit(day, dtype=pl.Int64)) for day in range(7)])
        others = others.select(shares.columns).join(
            shares.select("service", "origin", "destination").unique(),
            on=["service", "origin", "destination"],
            how="anti",
        )
        shares = pl.concat([others.cast(shares.schema), shares])
    network = Network.from_frames({**frames, "transit_lanes": shares}, rules).shipping("failing")
    known = known or NOTHING
    harm = dict(known.damage_millionths)
    for (service, node, place), more in now.harm_millionths.items():
        here = area(docks.get(node, node))
        harm[service, here, place] = min(share_of_lane(known.damage_millionths, service, here, place) + more, MILLION)
    network.known = replace(known, damage_millionths=harm)
    return network


def worth_of(
    orders: Sequence[Order],
    failing: Failing,
    worlds: Worlds,
    policies: tuple[CompiledPolicy, CompiledPolicy],
    choose: Choose,
) -> tuple[Worth | None, tuple[str, ...]]:
    """What it is worth by the lane's orders of the last `WEEKS_LOOKED_AT` weeks, and what they take instead.

    Each order is decided with the prices of today under both policies, without the override and with it; the two plans
    are then paid for as the failing makes it. None where there are no such orders.
    """
    if not orders:
        return None, ()
    last = max(order.placed_at for order in orders)
    lately = [
        order
        for order in orders
        if order.placed_at > last - timedelta(weeks=WEEKS_LOOKED_AT)
        and order.ship_to.postal_code.startswith(failing.areas)
    ]
    freight = lateness = harm = 0
    late_before = late_after = 0.0
    met = promised = 0
    taken: Counter[str] = Counter()
    for order in lately:
        before = choose(order, worlds.today, policies[0])
        if before is None or not _uses(before, failing):
            continue
        after = choose(order, worlds.today, policies[1])
        if after is None:
            continue
        met += 1
        taken.update(f"{s.candidate.service} from {s.candidate.node}" for s in after.shipments)
        freight += _paid(after) - _paid(before)
        harm += _harm(order, before, worlds.failing) - _harm(order, after, worlds.failing)
        if order.promise is not None:
            late = [_late(order, plan, worlds.failing) for plan in (before, after)]
            promised += 1
            late_before += late[0]
            late_after += late[1]
            lateness += round((late[0] - late[1]) * worlds.today.costs.late_order_cents)
    if not met:
        return None, ()
    first = min(order.placed_at for order in lately)
    weeks = min(max((last - first) / timedelta(weeks=1), 1 / 7), WEEKS_LOOKED_AT)
    of_promised = max(promised, 1)
    worth = Worth(
        met / weeks, round(freight / weeks), round(lateness / weeks), round(harm / weeks), late_before / of_promised,
        late_after / of_promised,
    )  # fmt: skip
    return worth, tuple(name for name, _ in taken.most_common(3))


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
