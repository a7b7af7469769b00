"""Changing what the books say is there: what a count, a feed or a report would change on one shelf."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import ActionKind, Cents, IntendedAction, NodeId, Sku, Units
from evenstock.operations.autonomy.actor import Actor
from evenstock.operations.autonomy.intended.facts import categories, country_of
from evenstock.policy import CompiledPolicy

KINDS: Final = (ActionKind.ADJUST,)


def adjustment(
    actor: Actor, policy: CompiledPolicy, sku: Sku, node: NodeId, change: int, seen_at: datetime, now: datetime
) -> IntendedAction:
    """Units gained or lost, either way, at what they cost to buy; the age is that of what was seen. Nobody says how sure it is.

    Parameters
    ----------
    change
        Units that the books would have more (or, below zero, fewer).
    """
    nodes, item, here = (node,), policy.network.items.get(sku), country_of(policy, node)
    units = Units(abs(change))
    cents = None if item is None else Cents(units * item.unit_cost_cents)
    return IntendedAction(
        ActionKind.ADJUST, actor.kind, actor.roles(nodes, policy), nodes, "", categories(policy.network.items, [sku]),
        cents, units, None, max(0, int((now - seen_at).total_seconds())), here, here,
    )  # fmt: skip
