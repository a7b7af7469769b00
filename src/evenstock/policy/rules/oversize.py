"""Large or heavy items that only some services, or only some nodes, may carry.

Parameters: `longest_mm` (longest side above which an item counts) and `weight_g` (weight of one unit above which it
counts), at least one, above either counts; `services` and `nodes` (what alone may carry it; at least one), and conditions
on the order. An item whose sides are unknown (0) is not long.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from evenstock.domain import Item
from evenstock.policy.conditions import ORDER_WHEN, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.reach import Reach, goods
from evenstock.policy.ruling import Bar, Question, Ruling

PARAMETERS: Final = (
    Parameter("longest_mm", "count", "longest side above which an item counts", phrase="longer than", unit="mm"),
    Parameter("weight_g", "count", "weight of one unit above which it counts", phrase="heavier than", unit="g"),
    Parameter("nodes", "nodes", "the only nodes that may ship it", phrase="only at"),
    Parameter("services", "services", "the only services that may carry it", phrase="only by"),
    *ORDER_WHEN,
)


class Oversize(Ruling):
    __slots__ = ("_longest", "_order", "_reach", "_weight")

    def __init__(self, given: Given, network: Network) -> None:
        self._order, self._reach = OrderWhen(given), Reach(given, network)
        self._longest, self._weight = given.at_most("longest_mm"), given.at_most("weight_g")

    def bars(self, question: Question) -> Iterable[Bar]:
        lines = np.array([self._large(item) for item in question.items], dtype=np.bool_)
        if not lines.any() or not self._order.holds(question.order):
            return
        out = ~self._reach.of(question)
        if out.any():
            yield Bar(
                out, f"{goods(lines, question)} is oversize and ships only{self._reach.at}{self._reach.by}", lines
            )

    def _large(self, item: Item) -> bool:
        longest = max(item.length_mm, item.width_mm, item.height_mm)
        return (self._longest is not None and longest > self._longest) or (
            self._weight is not None and item.weight_g > self._weight
        )


def compile_rule(given: Given, network: Network) -> Ruling:
    where = f"rule {given.rule.id} (oversize):"
    if not (given.has("longest_mm") or given.has("weight_g")):
        raise ValueError(f"{where} give longest_mm, weight_g or both")
    if not (given.has("nodes") or given.has("services")):
        raise ValueError(f"{where} name services or nodes that alone may carry it")
    return Oversize(given, network)
