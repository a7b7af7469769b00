"""How much of what is proposed people adopt as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from evenstock.domain import PlanId, PlanState, TransferLine, TransferPlan
from evenstock.operations.kpis.evidence import Evidence
from evenstock.operations.kpis.figure import frame
from evenstock.operations.kpis.figure import once as scale

NAME: Final = "recommendation_adoption"
TITLE: Final = "Recommendation adoption"
DEFINITION: Final = (
    "Share of proposed transfer lines that were approved with the units proposed, of plans made in the period that somebody "
    "approved, changed or set aside; a line changed by hand was not adopted, one that waits for an answer does not count"
)
SOURCE: Final = "plans, the changes made to them by hand, and their states"
UNIT: Final = "share"
_ANSWERED: Final = frozenset({PlanState.APPROVED, PlanState.REJECTED})


def rows(told: Evidence) -> pl.DataFrame:
    later: dict[PlanId, TransferPlan] = {plan.edited_from: plan for plan in told.plans if plan.edited_from is not None}
    found = []
    for plan in told.plans:
        last = _last(plan, later)
        if plan.edited_from is not None or last.state not in _ANSWERED or not told.within(plan.made_at.date()):
            continue
        kept = {_what(line) for line in last.lines} if last.state is PlanState.APPROVED else set()
        for number, line in enumerate(plan.lines):
            found.append(
                {"key": f"{plan.id}|{number:06d}", "nodes": sorted((str(line.origin), str(line.destination))),
                 "part": int(_what(line) in kept), "whole": 1, "plan": str(plan.id), "sku": str(line.sku),
                 "origin": str(line.origin), "destination": str(line.destination), "units": int(line.units),
                 "answered_as": last.state.value}
            )  # fmt: skip
    text = dict.fromkeys(("plan", "sku", "origin", "destination"), pl.String)
    return frame(found, {**text, "units": pl.Int64, "answered_as": pl.String})


def _last(plan: TransferPlan, later: Mapping[PlanId, TransferPlan]) -> TransferPlan:
    """The plan after all changes made to it by hand."""
    while plan.id in later:
        plan = later[plan.id]
    return plan


def _what(line: TransferLine) -> tuple[str, ...]:
    return (line.sku, line.origin, line.destination, line.mode, line.lot, str(line.units))


__all__ = ["DEFINITION", "NAME", "SOURCE", "TITLE", "UNIT", "rows", "scale"]
