"""What people answered to plans: who, when, and why where somebody said no."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from evenstock.domain import PlanId, PlanState, TransferPlan
from evenstock.operations.outcomes.plan_answers import KIND
from evenstock.operations.outcomes.recommendation import Became
from evenstock.operations.outcomes.told import Told, who_of

_BECAME: Final = {
    PlanState.APPROVED: Became.ADOPTED,
    PlanState.REJECTED: Became.REFUSED,
    PlanState.SUPERSEDED: Became.OVERTAKEN,
    PlanState.PROPOSED: Became.WAITS,
}


@dataclass(frozen=True, slots=True)
class PlanAnswer:
    """A plan as it was proposed, and as it stood when it was answered."""

    first: TransferPlan
    last: TransferPlan
    """After all changes by hand."""
    became: Became
    by: str
    """Whoever answered, as the audit log or the answer names them; empty where nobody did."""
    because: str
    at: datetime | None

    @property
    def edited_by(self) -> str:
        return self.last.edited_by


def answers_of_plans(told: Told) -> Iterator[PlanAnswer]:
    """Of each plan made in the period that is not a change of another."""
    later: dict[PlanId, TransferPlan] = {plan.edited_from: plan for plan in told.plans if plan.edited_from is not None}
    for plan in told.plans:
        if plan.edited_from is not None or not told.period.holds(plan.made_at):
            continue
        last = _last(plan, later)
        became = _BECAME[last.state]
        by, because, at = _said(told, last) if became is not Became.WAITS else ("", "", None)
        yield PlanAnswer(plan, last, became, by, because, at)


def _last(plan: TransferPlan, later: Mapping[PlanId, TransferPlan]) -> TransferPlan:
    while plan.id in later:
        plan = later[plan.id]
    return plan


def _said(told: Told, plan: TransferPlan) -> tuple[str, str, datetime | None]:
    with told.store.reading() as books:
        kept = books.entry(KIND, str(plan.id))
    if kept is not None:
        return str(kept.body["by"]), str(kept.body["because"]), datetime.fromisoformat(str(kept.body["at"]))
    for row in reversed(told.log_of_plans.get(str(plan.id), ())):
        deeds = json.loads(row.said)["deeds"]
        if any(deed.get("did") == "move_plan" and deed.get("to") == plan.state.value for deed in deeds):
            return who_of(row), "", row.at
    return "", "", None
