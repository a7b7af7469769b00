"""A correction of rates that a drift proposes: its content is the drift's own row."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import ApprovalRequest, Role
from evenstock.operations.approvals.asking import Ask
from evenstock.operations.approvals.carrying_out import Place
from evenstock.operations.rates.adopt import adopt, proposed_correction

PREFIX: Final = "rate-correction"


def ask(place: Place, name: str) -> Ask:
    row, content = proposed_correction(place.store, place.snapshots, name)
    return Ask("correct_rates", f"{PREFIX}:{row['drift']}", content, "schedule", Role.APPROVER.value)


def carry_out(place: Place, request: ApprovalRequest, by: str, now: datetime) -> str:
    name = request.about.removeprefix(f"{PREFIX}:")
    adopt(place.store, place.snapshots, name, by=by, now=now)
    return f"correction {name} is added to quotes from today"
