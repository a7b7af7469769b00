"""Plans of orders that were set aside while a person decided."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from evenstock.domain import Case, CaseKind, CaseState
from evenstock.operations.outcomes.recommendation import Became, Recommendation
from evenstock.operations.outcomes.told import Told, home

LAYER: Final = "routing"
KIND: Final = "order plan"
MONEY: Final = "cost of the plan recommended"
PROPOSER: Final = "router"
_OVERTAKEN: Final = ("overtaken", "its pick was released", "its stock was given back")
_ACCEPTED: Final = "ships "


def rows(told: Told) -> Iterable[Recommendation]:
    for case in told.cases:
        if case.kind is CaseKind.REVIEW:
            record = told.behind(case)
            nodes = tuple(sorted({str(node) for node in record.choice.nodes})) if record and record.choice else ()
            answer = became(case)
            yield Recommendation(
                f"{KIND}|{case.id}", LAYER, KIND, case.about, home(record) if record else "", nodes, PROPOSER, answer,
                case.opened_at, case.closed_by if answer is not Became.WAITS else "", _reason(case, answer), case.closed_at,
                int(case.fact("plan_cents") or 0), int(case.fact("override_cents") or 0),
            )  # fmt: skip


def became(case: Case) -> Became:
    """What became of the plan that a review was about."""
    if case.state is CaseState.OPEN:
        return Became.WAITS
    if case.closed_by == "system" or case.resolution.startswith(_OVERTAKEN):
        return Became.OVERTAKEN
    if case.closed_by == "deadline":
        return Became.EXPIRED
    if case.fact("override_cents"):
        return Became.EDITED
    return Became.ADOPTED if case.resolution.startswith(_ACCEPTED) else Became.REFUSED


def _reason(case: Case, became: Became) -> str:
    if became is Became.EDITED:
        return case.fact("reason")
    if became is Became.ADOPTED:
        said = case.resolution.partition("accepted it (")[2]
        return said.removesuffix(")")
    return case.resolution


__all__ = ["KIND", "LAYER", "MONEY", "rows"]
