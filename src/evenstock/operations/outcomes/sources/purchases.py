"""Lines of what a plan would buy: answered with the plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from evenstock.domain import PurchaseLine
from evenstock.operations.outcomes.answers import answers_of_plans
from evenstock.operations.outcomes.recommendation import Became, Recommendation
from evenstock.operations.outcomes.told import Told

LAYER: Final = "rebalancing"
KIND: Final = "purchase line"
MONEY: Final = "net gain expected of the line"


def rows(told: Told) -> Iterable[Recommendation]:
    for answer in answers_of_plans(told):
        kept = {_what(line): int(line.units) for line in answer.last.purchases}
        for number, line in enumerate(answer.first.purchases):
            became = answer.became
            if became is Became.ADOPTED and kept.get(_what(line)) != int(line.units):
                became = Became.EDITED if _what(line) in kept else Became.REFUSED
            yield Recommendation(
                f"{KIND}|{answer.first.id}|{number:06d}", LAYER, KIND, f"{line.sku} {line.node} {line.way}",
                str(line.node), (str(line.node),), "planner", became, answer.first.made_at, answer.by, answer.because,
                answer.at, int(line.net_cents),
            )  # fmt: skip


def _what(line: PurchaseLine) -> tuple[str, ...]:
    return (line.sku, line.node, line.way)


__all__ = ["KIND", "LAYER", "MONEY", "rows"]
