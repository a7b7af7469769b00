"""A candidate keeps the promise with at least a stated probability; best made a wish, for late is better than never.

Parameters: `min_probability` (0.9), and conditions on the order. Where nothing is promised, or transit is unknown, it
forbids nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

from evenstock.policy.conditions import ORDER_WHEN, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Bar, Question, Ruling

PARAMETERS: Final = (
    Parameter("min_probability", "share", "least probability of delivery by the promise", default=0.9),
    *ORDER_WHEN,
)


class OnTime(Ruling):
    __slots__ = ("_least", "_when")

    def __init__(self, given: Given) -> None:
        self._when = OrderWhen(given)
        self._least = given.share("min_probability")

    def bars(self, question: Question) -> Iterable[Bar]:
        promise = question.order.promise
        if promise is None or not self._when.holds(question.order):
            return
        probability = question.facts.on_time_probability
        for k in np.flatnonzero(probability < self._least).tolist():
            this = np.zeros(len(probability), dtype=np.bool_)
            this[k] = True
            way = question.candidates[k]
            yield Bar(
                this,
                f"{way.service} from {way.node} on {way.ship_on} arrives by {promise.deliver_by} with"
                f" {_percent(probability[k])}, wanted {_percent(self._least)}",
            )


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    return OnTime(given)


def _percent(share: float) -> str:
    """Rounded down, so that 89.99 % never reads as the 90 % that was wanted."""
    return f"{math.floor(share * 1000 + 1e-9) / 10:g}%"
