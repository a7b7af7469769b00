"""A plan of transfers and purchases: its content is the whole proposal, its proposer whoever made or edited it last."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import ApprovalRequest, PlanId
from evenstock.operations.access.limits import Limits
from evenstock.operations.approvals.carrying_out import Place
from evenstock.operations.autonomy.in_force import governance_in_force
from evenstock.operations.transfers import approve_plan

PREFIX: Final = "plan"


def carry_out(place: Place, request: ApprovalRequest, by: str, now: datetime) -> str:
    """Release its transfers; a line without a day of its own leaves today."""
    plan = PlanId(request.about.removeprefix(f"{PREFIX}:"))
    # Whoever approved was held to his limits when he voted.
    rules = governance_in_force(place.store, place.snapshots, now.date())
    done = approve_plan(place.store, plan, now.date(), by, now, limits=Limits(()), rules=rules)
    return f"plan {plan}: {len(done)} transfer{'' if len(done) == 1 else 's'} released"
