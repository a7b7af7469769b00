"""What is approved of a plan of transfers: all of it but how far it has come."""

from __future__ import annotations

from dataclasses import replace

from evenstock.domain import NodeId, PlanState, TransferPlan, digest


def about_plan(plan: TransferPlan) -> str:
    """What its request is about."""
    return f"plan:{plan.id}"


def plan_digest(plan: TransferPlan) -> str:
    """Of its content: any line, date, price or note that differs makes it another."""
    return digest(replace(plan, state=PlanState.PROPOSED))


def plan_nodes(plan: TransferPlan) -> tuple[NodeId, ...]:
    """Both ends of each line, and where purchases arrive, sorted."""
    ends = {node for line in plan.lines for node in (line.origin, line.destination)}
    return tuple(sorted(ends | {purchase.node for purchase in plan.purchases}))
