"""Plans as documents of the databases, and back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from evenstock.domain import (
    Alternative,
    Cents,
    CostTerm,
    CurveDay,
    HeldLine,
    LineOutcome,
    PlanId,
    PlanOutcome,
    PlanState,
    Played,
    PurchaseLine,
    Rival,
    TransferLine,
    TransferPlan,
    Way,
)

_DAYS = ("ship_by", "eta_p50", "eta_p90", "order_by")


def plan(body: str, state: str) -> TransferPlan:
    """A plan as it was kept; what plans of earlier versions did not say takes its default."""
    told = json.loads(body)
    return TransferPlan(
        id=PlanId(told["id"]),
        made_at=datetime.fromisoformat(told["made_at"]).astimezone(UTC),
        inputs=tuple((name, digest) for name, digest in told["inputs"]),
        seed=told["seed"],
        lines=tuple(TransferLine(**_line(line)) for line in told["lines"]),
        notes=tuple(told["notes"]),
        state=PlanState(state),
        purchases=tuple(PurchaseLine(**_line(line)) for line in told.get("purchases", ())),
        held=tuple(_held(line) for line in told.get("held", ())),
        bound_cents=told.get("bound_cents"),
        solved_cents=told.get("solved_cents"),
        played=_played(told.get("played")),
        rivals=tuple(Rival(**(r | {"played": _played(r["played"])})) for r in told.get("rivals", ())),
        curve=tuple(CurveDay(**(day | {"on": date.fromisoformat(day["on"])})) for day in told.get("curve", ())),
        violations=tuple(told.get("violations", ())),
        edited_from=told.get("edited_from"),
        edited_by=told.get("edited_by", ""),
    )


def outcome(body: str) -> PlanOutcome:
    told = json.loads(body)
    return PlanOutcome(
        PlanId(told["plan"]),
        date.fromisoformat(told["judged_on"]),
        tuple(LineOutcome(**line) for line in told["lines"]),
        tuple(told["notes"]),
    )


def _line(told: dict[str, Any]) -> dict[str, Any]:
    days = {name: date.fromisoformat(told[name]) for name in _DAYS if told.get(name) is not None}
    costs = tuple(CostTerm(term["name"], Cents(term["cents"])) for term in told["costs"])
    others = tuple(_alternative(other) for other in told.get("alternatives", ()))
    return told | days | {"costs": costs, "alternatives": others}


def _played(told: dict[str, Any] | None) -> Played | None:
    return None if told is None else Played(**told)


def _alternative(told: dict[str, Any]) -> Alternative:
    on = date.fromisoformat(told["on"]) if told["on"] else None
    return Alternative(Way(told["way"]), Cents(told["net_cents"]), told["sentence"], on)


def _held(told: dict[str, Any]) -> HeldLine:
    leaves_on = date.fromisoformat(told["leaves_on"]) if told["leaves_on"] else None
    return HeldLine(TransferLine(**_line(told["line"])), Cents(told["wait_cents"]), leaves_on)
