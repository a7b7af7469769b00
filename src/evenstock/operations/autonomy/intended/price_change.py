"""Changing the price at which a unit is valued, or a place in a day."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import ActionKind, Cents, IntendedAction, NodeId, Sku, Units
from evenstock.operations.autonomy.actor import Actor
from evenstock.operations.autonomy.intended.facts import categories, country_of, data_age_s
from evenstock.policy import CompiledPolicy
from evenstock.routing.knowledge import Knowledge

KINDS: Final = (ActionKind.CHANGE_PRICE,)


def unit_price(
    actor: Actor,
    policy: CompiledPolicy,
    sku: Sku,
    node: NodeId,
    before: int,
    after: int,
    now: datetime,
    *,
    known: Knowledge | None = None,
) -> IntendedAction:
    """Money is by how much the price of one unit moves, either way; nobody says how sure that is."""
    nodes, here = (node,), country_of(policy, node)
    return IntendedAction(
        ActionKind.CHANGE_PRICE, actor.kind, actor.roles(nodes, policy), nodes, "",
        categories(policy.network.items, [sku]), Cents(abs(after - before)), Units(1), None,
        data_age_s(known, nodes, now), here, here,
    )  # fmt: skip


def place_price(
    actor: Actor, policy: CompiledPolicy, scope: str, name: str, before: int, after: int, now: datetime,
    *, known: Knowledge | None = None,
) -> IntendedAction:  # fmt: skip
    """The same of a place in the day of a node; of a carrier's day the node is unknown, for it concerns every one."""
    nodes = (NodeId(name),) if scope == "node" else ()
    here = country_of(policy, nodes[0]) if nodes else None
    return IntendedAction(
        ActionKind.CHANGE_PRICE, actor.kind, actor.roles(nodes, policy), nodes, "", ("",), Cents(abs(after - before)),
        Units(1), None, data_age_s(known, nodes, now) if nodes else None, here, here,
    )  # fmt: skip
