"""Lines of transfer plans: as proposed, against the plan that was answered after all changes by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from evenstock.domain import TransferLine
from evenstock.operations.outcomes.answers import PlanAnswer, answers_of_plans
from evenstock.operations.outcomes.recommendation import Became, Recommendation
from evenstock.operations.outcomes.told import Told

LAYER: Final = "rebalancing"
KIND: Final = "transfer line"
MONEY: Final = "net gain expected of the line"
PROPOSER: Final = "planner"


def rows(told: Told) -> Iterable[Recommendation]:
    for answer in answers_of_plans(told):
        first = {_lane(line): line for line in answer.first.lines}
        last = {_lane(line): line for line in answer.last.lines}
        for lane, line in first.items():
            became = _became(answer, line, last.get(lane))
            yield _row(answer, lane, line, became, PROPOSER)
        for lane, line in last.items():
            if lane not in first:
                # A person asks for what the system did not: it waits, or is done, as the plan is.
                became = Became.EDITED if answer.became is Became.ADOPTED else answer.became
                yield _row(answer, lane, line, became, answer.edited_by)


def _row(answer: PlanAnswer, lane: tuple[str, ...], line: TransferLine, became: Became, by: str) -> Recommendation:
    edited = became is Became.EDITED
    return Recommendation(
        f"{KIND}|{answer.first.id}|{'|'.join(lane)}", LAYER, KIND, f"{line.sku} {line.origin}→{line.destination}",
        str(line.destination), tuple(sorted((str(line.origin), str(line.destination)))), by, became,
        answer.first.made_at, (answer.edited_by if edited else "") or answer.by,
        "changed by hand: a plan's editor gives no reason" if edited else answer.because, answer.at, int(line.net_cents),
    )  # fmt: skip


def _became(answer: PlanAnswer, line: TransferLine, kept: TransferLine | None) -> Became:
    if answer.became is not Became.ADOPTED:
        return answer.became
    if kept is None:
        return Became.REFUSED
    return Became.ADOPTED if kept.units == line.units else Became.EDITED


def _lane(line: TransferLine) -> tuple[str, ...]:
    return (line.sku, line.origin, line.destination, line.mode, line.lot)


__all__ = ["KIND", "LAYER", "MONEY", "rows"]
