"""A candidate keeps the promise with at least a stated probability; best made a wish, for late is better than never.

Parameters: `min_probability` (0.9), and conditions on the order. A customer who was told a greater probability is kept to
it; one of 1 was never reckoned, and binds no more than the rule. Where nothing is promised, or transit is unknown, it
forbids nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

from evenstock.domain import Promise
from evenstock.policy.conditions import ORDER_WHEN, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Bar, Question, Ruling

PARAMETERS: Final = (
    Parameter("min_probability", "share", "least probability of delivery by the promise", default=0.9, phrase=""),
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
        least = self._least if promise.probability >= 1.0 else max(self._least, promise.probability)
        # A hair, so that what was told of the same parcel does not bar it.
        late = question.facts.on_time_probability < least - 1e-9
        of_node: dict[int, list[int]] = {}
        for k in np.flatnonzero(late).tolist():
            of_node.setdefault(int(question.node_of[k]), []).append(k)
        share = question.facts.on_time_probability.tolist()
        # The likeliest first: it is the one a person reads where the wish has to be given up.
        ranked = [sorted(ks, key=lambda k: -share[k]) for ks in of_node.values()]
        for ks in sorted(ranked, key=lambda ks: -share[ks[0]]):
            there = question.node_of == question.node_of[ks[0]]
            if np.count_nonzero(there) == len(ks):
                yield Bar(there, ("at best " if len(ks) > 1 else "") + self._said(question, promise, least, ks[0]))
                continue
            for k in ks:
                this = np.zeros(len(share), dtype=np.bool_)
                this[k] = True
                yield Bar(this, self._said(question, promise, least, k))

    @staticmethod
    def _said(question: Question, promise: Promise, least: float, k: int) -> str:
        way, share = question.candidates[k], float(question.facts.on_time_probability[k])
        return (
            f"{way.service} from {way.node} on {way.ship_on} arrives by {promise.deliver_by} with {_percent(share)},"
            f" wanted {_percent(least)}"
        )


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    return OnTime(given)


def _percent(share: float) -> str:
    """Rounded down, so that 89.99 % never reads as the 90 % that was wanted."""
    return f"{math.floor(share * 1000 + 1e-9) / 10:g}%"
