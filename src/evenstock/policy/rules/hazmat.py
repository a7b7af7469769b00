"""Services that may not carry dangerous goods, such as lithium batteries by air.

Parameters: `services` (those that may not), `requires` (words of which an item requires one; `hazmat` where left out), and
conditions on the order. Which nodes may handle such goods is said by `certification`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from evenstock.policy.conditions import ORDER_WHEN, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.reach import Reach, goods
from evenstock.policy.ruling import Bar, Question, Ruling

PARAMETERS: Final = (
    Parameter("requires", "texts", "words of which an item requires one", default=("hazmat",), phrase=""),
    Parameter("services", "services", "services that may not carry it", required=True, phrase="not by"),
    *ORDER_WHEN,
)


class Hazmat(Ruling):
    __slots__ = ("_order", "_reach", "_words")

    def __init__(self, given: Given, network: Network) -> None:
        self._order, self._reach, self._words = OrderWhen(given), Reach(given, network), given.names("requires")

    def bars(self, question: Question) -> Iterable[Bar]:
        lines = np.array([not self._words.isdisjoint(item.requires) for item in question.items], dtype=np.bool_)
        if not lines.any() or not self._order.holds(question.order):
            return
        out = self._reach.of(question)
        if out.any():
            kinds = sorted({word for item in question.items for word in item.requires & self._words})
            yield Bar(out, f"{goods(lines, question)} ({', '.join(kinds)}) may not go{self._reach.by}", lines)


def compile_rule(given: Given, network: Network) -> Ruling:
    return Hazmat(given, network)
