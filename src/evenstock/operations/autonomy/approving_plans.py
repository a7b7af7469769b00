"""Whether a plan may be carried out by whoever approves it, and what the log says of that."""

from __future__ import annotations

from datetime import datetime

from evenstock.domain import ApprovalRequest, TransferPlan
from evenstock.operations.access.limits import Limits
from evenstock.operations.approvals import approved_by
from evenstock.operations.approvals.plan_content import about_plan, plan_digest, plan_nodes
from evenstock.operations.autonomy.actor import actor_of
from evenstock.operations.autonomy.asking import Ruled
from evenstock.operations.autonomy.asking_of_plans import refusals, rule_on_plan
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.autonomy.intended.stock_plan import money_of
from evenstock.operations.autonomy.requests import ask_people
from evenstock.operations.ports import ConflictError, Transaction


def approve_under(
    books: Transaction, rules: Governance | None, plan: TransferPlan, by: str, now: datetime, limits: Limits
) -> None:
    """Let a plan be carried out, in the transaction that does it: where people must agree they have, or `by` is the last of them.

    Raises
    ------
    ConflictError
        If a line is refused, to everybody. NotApprovedError if more people, or others, must agree.
    """
    ruled = rule_on_plan(books, rules, plan, now, actor_of(books, by)) if rules is not None else None
    if ruled is not None and ruled.whole.refused is not None:
        raise ConflictError(f"plan {plan.id} holds what is refused: {'; '.join(refusals(plan, ruled))}; edit it first")
    if ruled is not None and ruled.whole.asks is not None:
        ask_for_plan(books, plan, ruled.whole, now)
    approval = approved_by(books, about_plan(plan), plan_digest(plan), by, now, limits=limits)
    if ruled is not None:
        ruled.whole.say(books, plan.id, approval.id if approval is not None else "")


def ask_for_plan(books: Transaction, plan: TransferPlan, ruled: Ruled, now: datetime) -> ApprovalRequest:
    """The request that a plan needs, proposed by whoever edited it last."""
    cents, units = money_of(plan)
    return ask_people(
        books, ruled, now, about=about_plan(plan), content_digest=plan_digest(plan),
        proposer=plan.edited_by or "schedule", nodes=plan_nodes(plan), cents=cents, units=units,
    )  # fmt: skip
