"""A carrier override that people must agree to: for as many weeks as they agreed to."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from evenstock.domain import ApprovalRequest
from evenstock.operations.approvals.carrying_out import Place
from evenstock.operations.carrier_overrides.answer import adopt_override

PREFIX: Final = "carrier-override"


def carry_out(place: Place, request: ApprovalRequest, by: str, now: datetime) -> str:
    """Adopt it from today."""
    name, weeks = request.about.removeprefix(f"{PREFIX}:"), json.loads(request.content)["weeks"]
    done = adopt_override(place.store, place.snapshots, name, by=by, now=now, weeks=weeks)
    return f"carrier override {done.proposal.id} is in force until {done.valid_to}"
