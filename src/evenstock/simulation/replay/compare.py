"""Arms side by side on the same orders: what each paid, how often it split, was late or had nothing, and how surely they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Final

import numpy as np

from evenstock.domain import Order, OrderId, OrderPlan
from evenstock.learning.paired_bootstrap import Ratio, loss_ratio
from evenstock.routing.explain import by_term
from evenstock.routing.network import ShippingNetwork

FREIGHT: Final = ("base freight", "fuel", "surcharges")
WORST: Final = 20
SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Score:
    """What one arm's decisions cost."""

    arm: str
    orders: int
    """Decided about and served."""
    cents: int
    """Everything paid for the orders served: freight, handling, lateness expected, second parcels."""
    freight_cents: int
    """Freight-out: base, fuel and surcharges."""
    parcels: int
    """Shipments."""
    split_orders: int
    split_cents: int
    """Of all shipments of split orders but the dearest of each, and the trouble of each further one."""
    late_orders: float
    """Expected: what lateness was charged, over the cost of a late order."""
    unserved_orders: int
    """Nothing lawful covered them: stock-out cancellations, as far as an arm can tell."""
    lost_cents: int
    """Margin and goodwill of what was not served."""
    terms: tuple[tuple[str, int], ...]

    @property
    def total_cents(self) -> int:
        return self.cents + self.lost_cents


@dataclass(frozen=True, slots=True)
class Pair:
    """One order by two arms."""

    order: OrderId
    first_cents: int
    second_cents: int
    first: str
    """Nodes and services, in words."""
    second: str

    @property
    def difference_cents(self) -> int:
        return self.first_cents - self.second_cents


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms on the orders that both served."""

    first: str
    second: str
    orders: int
    ratio: Ratio
    """Cents of the first over cents of the second, with a paired interval over days."""
    difference_cents: int
    worst: tuple[Pair, ...]
    """Orders for which the first is dearest against the second, at most 20."""
    best: tuple[Pair, ...]


def score(arm: str, orders: Sequence[Order], plans: Sequence[OrderPlan | None], network: ShippingNetwork) -> Score:
    """Add up one arm; `plans` in the order of `orders`, None where an order was not served."""
    terms: dict[str, int] = {}
    parcels = split = split_cents = served = lost = unserved = 0
    for order, plan in zip(orders, plans, strict=True):
        if plan is None:
            unserved += 1
            lost += lost_of(order, network)
            continue
        served += 1
        parcels += len(plan.shipments)
        for name, cents in by_term(plan).items():
            terms[name] = terms.get(name, 0) + cents
        if len(plan.shipments) > 1:
            split += 1
            each = [shipment.cents for shipment in plan.shipments]
            split_cents += sum(each) - max(each)
    costs = network.costs
    late = terms.get("lateness", 0) / costs.late_order_cents if costs.late_order_cents else 0.0
    freight = sum(terms.get(name, 0) for name in FREIGHT)
    return Score(
        arm, served, sum(terms.values()), freight, parcels, split, split_cents, late, unserved, lost,
        tuple(sorted(terms.items())),
    )  # fmt: skip


def compare(
    names: tuple[str, str],
    orders: Sequence[Order],
    first: Sequence[OrderPlan | None],
    second: Sequence[OrderPlan | None],
) -> Comparison:
    """Hold two arms against each other on what both served.

    Orders of one day share their stock and their prices, so whole days are drawn for the interval.
    """
    pairs, days = [], []
    for order, one, other in zip(orders, first, second, strict=True):
        if one is not None and other is not None:
            pairs.append(Pair(order.id, one.cents, other.cents, ways(one), ways(other)))
            days.append(order.placed_at.astimezone(UTC).date().toordinal())
    mine = np.array([pair.first_cents for pair in pairs], np.float64)
    theirs = np.array([pair.second_cents for pair in pairs], np.float64)
    block = np.unique(np.array(days, np.int64), return_inverse=True)[1].astype(np.int64)
    ranked = sorted(pairs, key=lambda pair: (-pair.difference_cents, pair.order))
    return Comparison(
        *names,
        len(pairs),
        loss_ratio(mine, theirs, block, seed=SEED),
        int(mine.sum() - theirs.sum()),
        tuple(pair for pair in ranked[:WORST] if pair.difference_cents > 0),
        tuple(pair for pair in ranked[::-1][:WORST] if pair.difference_cents < 0),
    )


def lost_of(order: Order, network: ShippingNetwork) -> int:
    """What it costs not to serve an order, as far as its items are known."""
    return sum(
        line.units * network.costs.lost_unit_cents(network.items[line.sku])
        for line in order.lines
        if line.sku in network.items
    )


def ways(plan: OrderPlan) -> str:
    return " + ".join(f"{s.candidate.node} {s.candidate.service}" for s in plan.shipments)


def gap(score: Score, bound_cents: float) -> float:
    """How far an arm is from perfect: its total over the bound, less one; nan where the bound is not above zero."""
    return score.total_cents / bound_cents - 1.0 if bound_cents > 0 else float("nan")
