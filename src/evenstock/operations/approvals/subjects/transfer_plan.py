"""A plan of transfers and purchases: its content is the whole proposal, its proposer whoever made or edited it last."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import ApprovalRequest, Cents, PlanId, PlanState, Role, Units
from evenstock.operations.access.limits import Limits
from evenstock.operations.approvals.asking import Ask
from evenstock.operations.approvals.carrying_out import Place
from evenstock.operations.approvals.plan_content import about_plan, plan_digest, plan_nodes
from evenstock.operations.ports import ConflictError, StoreError
from evenstock.operations.transfers import approve_plan

PREFIX: Final = "plan"


def ask(place: Place, name: str) -> Ask:
    """Of what it costs to move and to buy. Raises ConflictError for a plan that is not proposed any more."""
    with place.store.reading() as books:
        plan = books.plan(PlanId(name))
    if plan is None:
        raise StoreError(f"there is no plan {name}; `evenstock plan` makes one")
    if plan.state is not PlanState.PROPOSED:
        raise ConflictError(f"plan {name} is {plan.state}: nobody is asked about it any more")
    cents = plan.cost_cents + sum(purchase.cost_cents for purchase in plan.purchases)
    units = sum(line.units for line in plan.lines) + sum(purchase.units for purchase in plan.purchases)
    return Ask(
        "transfer", about_plan(plan), plan_digest(plan), plan.edited_by or "schedule", Role.APPROVER.value,
        plan_nodes(plan), Cents(cents), Units(units),
    )  # fmt: skip


def carry_out(place: Place, request: ApprovalRequest, by: str, now: datetime) -> str:
    """Release its transfers; a line without a day of its own leaves today."""
    plan = PlanId(request.about.removeprefix(f"{PREFIX}:"))
    # Whoever approved was held to his limits when he voted.
    done = approve_plan(place.store, plan, now.date(), by, now, limits=Limits(()))
    return f"plan {plan}: {len(done)} transfer{'' if len(done) == 1 else 's'} released"
