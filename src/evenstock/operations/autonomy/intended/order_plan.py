"""Shipping an order: a route, or a split where it leaves in more than one shipment, and a substitution where another item ships."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from evenstock.domain import CERTAIN, ActionKind, Confidence, IntendedAction, Item, Order, OrderPlan, Sku, Units
from evenstock.operations.autonomy.actor import Actor
from evenstock.operations.autonomy.intended.facts import by_country, categories, country, data_age_s
from evenstock.policy import CompiledPolicy
from evenstock.routing.knowledge import Knowledge

KINDS: Final = (ActionKind.ROUTE, ActionKind.SPLIT, ActionKind.SUBSTITUTE, ActionKind.EXPEDITE)


def order_plan(
    actor: Actor,
    policy: CompiledPolicy,
    items: Mapping[Sku, Item],
    order: Order,
    plan: OrderPlan,
    now: datetime,
    *,
    sure: Confidence | None = None,
    known: Knowledge | None = None,
    also: tuple[ActionKind, ...] = (),
) -> list[IntendedAction]:
    """One action for each country that the goods leave, and for each kind that it is.

    Money is the plan's cost as routing reckons it, with what it takes from other orders; not the price of the goods. Bond is
    unknown: no table says it.

    Parameters
    ----------
    order
        As the customer placed it: whatever of the plan is none of its items is a substitute.
    sure
        Of this very plan; None where nobody reckoned it.
    also
        Further kinds that it is, such as setting aside a lane's carrier.
    """
    nodes, cents = plan.nodes, plan.cents
    kinds = [ActionKind.SPLIT if len(nodes) > 1 else ActionKind.ROUTE, *also]
    skus, units = set(), 0
    for shipment in plan.shipments:
        for line in shipment.lines:
            skus.add(line.sku)
            units += line.units
    if not skus.issubset([line.sku for line in order.lines]):
        kinds.append(ActionKind.SUBSTITUTE)
    groups = categories(items, skus)
    age, to = data_age_s(known, nodes, now), country(order.ship_to.country)
    confidence = None if sure is None else confidence_of(sure, plan)
    return [
        IntendedAction(
            kind, actor.kind, actor.roles(here, policy), here, order.channel, groups, cents, Units(units), confidence, age,
            where, to,
        )
        for where, here in by_country(policy, nodes).items()
        for kind in kinds
    ]  # fmt: skip


def confidence_of(sure: Confidence | None, plan: OrderPlan) -> int | None:
    """Share of the plan's cost, in millionths, that perfect foresight is not expected to save; None where nobody reckoned it.

    It is one less expected regret over cost, and no probability: regret is what the gate counts, and is told apart by cause.
    """
    if sure is None:
        return None
    if plan.cents <= 0:
        return CERTAIN if sure.regret_millicents <= 0 else 0
    return CERTAIN - min(CERTAIN, max(0, sure.regret_millicents) * CERTAIN // (plan.cents * 1_000))
