"""An order arrives as fast as was bought: `next_day` within one day, `two_day` within two.

Parameters: `next_day_days` (1), `two_day_days` (2) and `ground_days` (left out, ground is not bound), and conditions on
the order. Days count from the first day on which any candidate could leave, so that an order of Friday night is not
impossible; a candidate is in time if 95 % of such parcels are delivered by then. Where that is unknown it is in time if it
keeps the promise with at least `min_probability` (0.9); where that is unknown too, nothing is forbidden. Best made a wish:
late is better than never.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from evenstock.domain import ServiceLevel
from evenstock.policy.conditions import ORDER_WHEN, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Bar, Question, Ruling

PARAMETERS: Final = (
    Parameter("next_day_days", "count", "days of next_day", default=1, phrase="next_day", unit="days"),
    Parameter("two_day_days", "count", "days of two_day", default=2, phrase="two_day", unit="days"),
    Parameter("ground_days", "count", "days of ground", phrase="ground", unit="days"),
    Parameter("min_probability", "share", "probability that stands in where days are unknown", default=0.9),
    *ORDER_WHEN,
)


class Fast(Ruling):
    __slots__ = ("_days", "_least", "_order")

    def __init__(self, given: Given) -> None:
        self._order, self._least = OrderWhen(given), given.share("min_probability")
        self._days = {
            level: given.at_most(f"{level.value}_days")
            for level in (ServiceLevel.NEXT_DAY, ServiceLevel.TWO_DAY, ServiceLevel.GROUND)
        }

    def bars(self, question: Question) -> Iterable[Bar]:
        level = question.order.service_level
        days = self._days.get(level)
        if days is None or not question.candidates or not self._order.holds(question.order):
            return
        first = int(question.waiting_days().min())
        p95 = question.facts.transit_days_p95
        known = np.zeros(len(question.candidates), dtype=np.bool_) if p95 is None else p95 >= 0
        slow = known & (p95 - first > days) if p95 is not None else known
        unsure = ~known & (question.facts.on_time_probability < self._least)
        for node, there in question.by_node(slow):
            assert p95 is not None
            best = int(p95[there].min()) - first
            yield Bar(there, f"{node.id} needs {best} days at best, and {level.value} means {days}")
        for node, there in question.by_node(unsure):
            best_share = float(question.facts.on_time_probability[there].max())
            yield Bar(
                there,
                f"{node.id} keeps the promise with {int(best_share * 100 + 1e-9)}% at best, and {level.value} wants"
                f" {int(self._least * 100 + 1e-9)}% where transit days are unknown",
            )


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    if given.whole("next_day_days") > given.whole("two_day_days"):
        raise ValueError(
            f"rule {given.rule.id} (service_level): next_day_days is above two_day_days; the faster level arrives first"
        )
    return Fast(given)
