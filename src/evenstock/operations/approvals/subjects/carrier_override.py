"""A carrier override that people must agree to: for as many weeks as they agreed to."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from evenstock.domain import ApprovalRequest, Cents, NodeId, Role, digest
from evenstock.operations.approvals.asking import Ask
from evenstock.operations.approvals.carrying_out import Place
from evenstock.operations.carrier_overrides.answer import adopt_override
from evenstock.operations.carrier_overrides.keeping import one
from evenstock.operations.carrier_overrides.proposal import WEEKS

PREFIX: Final = "carrier-override"


def ask(place: Place, name: str) -> Ask:
    """For as many weeks as an override lasts by itself; at risk is the freight that it costs more."""
    with place.store.reading() as books:
        today = books.clock().date()
    found = one(place.store, place.snapshots, name, today).proposal
    dearer = 0 if found.worth is None else max(0, found.worth.freight_cents * WEEKS)
    return Ask(
        "override_carrier", f"{PREFIX}:{found.id}", digest([found.id, WEEKS]), "schedule", Role.APPROVER.value,
        (NodeId(found.failing.origin),), Cents(dearer), content=json.dumps({"weeks": WEEKS}),
    )  # fmt: skip


def carry_out(place: Place, request: ApprovalRequest, by: str, now: datetime) -> str:
    """Adopt it from today."""
    name, weeks = request.about.removeprefix(f"{PREFIX}:"), json.loads(request.content)["weeks"]
    done = adopt_override(place.store, place.snapshots, name, by=by, now=now, weeks=weeks)
    return f"carrier override {done.proposal.id} is in force until {done.valid_to}"
