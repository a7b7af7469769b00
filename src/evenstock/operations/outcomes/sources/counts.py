"""Requests to count a shelf where a pick came up short."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from evenstock.domain import CaseKind, CaseState
from evenstock.operations.outcomes.recommendation import Became, Recommendation
from evenstock.operations.outcomes.told import Told

LAYER: Final = "stock"
KIND: Final = "count"
MONEY: Final = "units missing at the pick, at the cost of a short pick"


def rows(told: Told) -> Iterable[Recommendation]:
    cost = int(told.company.network.costs.short_pick_cents)
    for case in told.cases:
        if case.kind is not CaseKind.SHORT_PICK or not case.about.startswith("stock:"):
            continue
        node = case.fact("node")
        if case.state is CaseState.OPEN:
            became = Became.WAITS
        else:
            became = Became.EXPIRED if case.closed_by == "deadline" else Became.ADOPTED
        missing = int(case.fact("wanted", "0")) - int(case.fact("found", "0"))
        yield Recommendation(
            f"{KIND}|{case.id}", LAYER, KIND, case.about, node, (node,), "stock truth", became, case.opened_at,
            case.closed_by, case.resolution, case.closed_at, missing * cost,
        )  # fmt: skip


__all__ = ["KIND", "LAYER", "MONEY", "rows"]
