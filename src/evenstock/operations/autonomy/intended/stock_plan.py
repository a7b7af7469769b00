"""Lines of a night's plan: a transfer for each line that moves stock, a purchase for each that buys, and what is sped up besides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from evenstock.domain import (
    ActionKind,
    Cents,
    IntendedAction,
    Lane,
    PurchaseLine,
    Supply,
    TransferLine,
    TransferPlan,
    Units,
)
from evenstock.operations.autonomy.actor import Actor
from evenstock.operations.autonomy.intended.facts import categories, country_of, data_age_s
from evenstock.policy import CompiledPolicy
from evenstock.routing.knowledge import Knowledge

KINDS: Final = (ActionKind.TRANSFER, ActionKind.BUY, ActionKind.EXPEDITE)


def transfer_line(
    actor: Actor,
    policy: CompiledPolicy,
    line: TransferLine,
    now: datetime,
    *,
    known: Knowledge | None = None,
    lanes: Sequence[Lane] = (),
) -> list[IntendedAction]:
    """A transfer, and an expedition where a slower kind of carriage leads there too.

    Money is what the line costs, not the worth of the goods; confidence the probability that it brings more than that.
    """
    ends = (line.origin, line.destination)
    days = {lane.mode: lane.lead_days for lane in lanes if (lane.origin, lane.destination) == ends}
    rushed = line.mode in days and max(days.values()) > days[line.mode]
    return [
        IntendedAction(
            kind, actor.kind, actor.roles(ends, policy), ends, "", categories(policy.network.items, [line.sku]),
            Cents(max(0, line.cost_cents)), line.units, line.chance_ppm, data_age_s(known, ends, now),
            country_of(policy, line.origin), country_of(policy, line.destination),
        )
        for kind in (ActionKind.TRANSFER, *((ActionKind.EXPEDITE,) if rushed else ()))
    ]  # fmt: skip


def purchase_line(
    actor: Actor,
    policy: CompiledPolicy,
    line: PurchaseLine,
    now: datetime,
    *,
    known: Knowledge | None = None,
    supplies: Sequence[Supply] = (),
) -> list[IntendedAction]:
    """A purchase, and an expedition where the item can be bought there by a slower way too.

    Money is what the line costs with the goods. How sure it is, nobody reckons, and where a supplier ships from no table says.
    """
    days = {one.way: one.lead_days for one in supplies if (one.sku, one.node) == (line.sku, line.node)}
    rushed = line.way in days and max(days.values()) > days[line.way]
    nodes = (line.node,)
    return [
        IntendedAction(
            kind, actor.kind, actor.roles(nodes, policy), nodes, "", categories(policy.network.items, [line.sku]),
            Cents(max(0, line.cost_cents)), line.units, None, data_age_s(known, nodes, now), None,
            country_of(policy, line.node),
        )
        for kind in (ActionKind.BUY, *((ActionKind.EXPEDITE,) if rushed else ()))
    ]  # fmt: skip


def money_of(plan: TransferPlan) -> tuple[Cents, Units]:
    """What a plan costs to move and to buy, and its units."""
    cents = plan.cost_cents + sum(purchase.cost_cents for purchase in plan.purchases)
    units = sum(line.units for line in plan.lines) + sum(purchase.units for purchase in plan.purchases)
    return Cents(max(0, cents)), Units(units)
