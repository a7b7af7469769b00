"""Shadow decisions against what was done meanwhile: the same orders, the same money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from evenstock.domain import DecisionRecord, Order, OrderId, OrderPlan, Outcome
from evenstock.operations.network import orders_from_frame
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.replay.chunks import chunks, item_numbers, paid
from evenstock.simulation.replay.compare import Comparison, Score, compare, score
from evenstock.simulation.replay.done import done
from evenstock.simulation.replay.past import Shipped, done_from
from evenstock.simulation.replay.replay import DONE

OURS = "in shadow"


@dataclass(frozen=True, slots=True)
class Shadowed:
    """What shadow decisions would have changed."""

    decided: int
    """Orders decided in shadow."""
    scores: tuple[Score, ...]
    """What was done, then the shadow, on the orders both priced."""
    comparison: Comparison
    agreed: int
    """Orders that shipped from the nodes the shadow chose."""
    not_priced: tuple[tuple[str, int], ...]
    """Why orders are left out, with how many."""


def compare_shadow(
    records: Iterable[DecisionRecord],
    tables: Mapping[str, pl.DataFrame | None],
    network: ShippingNetwork,
    policy: CompiledPolicy,
) -> Shadowed:
    """Hold the latest shadow decision about each order against its shipments.

    Parameters
    ----------
    records
        In the order recorded.
    tables
        `orders` (what was routed), and `shipments` with `shipped_units`, or `order_history` with `served_by`.

    Raises
    ------
    ValueError
        If there is no shadow decision, or nothing says what was done.
    """
    latest = {record.order: record for record in records if record.outcome is Outcome.SHADOW}
    if not latest:
        raise ValueError("no shadow decisions: run `evenstock route --shadow`, or set a roll-out stage")
    orders = _orders(tables.get("orders"), latest)
    sent = done_from(tables, {order.id: order for order in orders})
    if not sent:
        raise ValueError("nothing says what was done: import shipments and shipped_units, or order_history")
    ours: list[OrderPlan | None] = []
    theirs: list[OrderPlan | None] = []
    why_not: dict[str, int] = {}
    kept: list[Order] = []
    for chunk in chunks(orders, network, policy, item_numbers(network)):
        for order, pricing in zip(chunk.orders, chunk.pricings, strict=True):
            plan = latest[order.id].choice
            one = done(pricing, _first(sent.get(order.id, ()))) if pricing is not None else None
            why = "it was not decided" if plan is None or one is None else one.why_not
            if why or plan is None or one is None:
                why_not[why] = why_not.get(why, 0) + 1
                continue
            kept.append(order)
            ours.append(paid(plan))
            theirs.append(one.plan)
    agreed = sum(
        mine is not None and other is not None and set(mine.nodes) == set(other.nodes)
        for mine, other in zip(ours, theirs, strict=True)
    )
    scores = tuple(score(name, kept, plans, network) for name, plans in ((DONE, theirs), (OURS, ours)))
    reasons = tuple(sorted(why_not.items(), key=lambda one: (-one[1], one[0])))
    return Shadowed(len(latest), scores, compare((OURS, DONE), kept, ours, theirs), agreed, reasons)


def _orders(frame: pl.DataFrame | None, latest: Mapping[OrderId, DecisionRecord]) -> list[Order]:
    if frame is None:
        raise ValueError("no table orders: nobody knows what the shadow decisions were about; import it")
    wanted = (order for order in orders_from_frame(frame) if order.id in latest)
    # Both are priced from the moment of the decision: what was done is not given a day that the shadow did not have.
    return [replace(order, placed_at=latest[order.id].decided_at) for order in wanted]


def _first(shipments: tuple[Shipped, ...]) -> tuple[Shipped, ...]:
    return tuple(one for one in shipments if not one.reship)
