"""Orders or items that only some nodes, or only some services, may carry.

Parameters: `nodes` and `services` (what alone is allowed; at least one of them), and conditions on order and item.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from evenstock.policy.conditions import ITEM_WHEN, ORDER_WHEN, ItemWhen, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.reach import Reach, goods
from evenstock.policy.ruling import Bar, Question, Ruling

PARAMETERS: Final = (
    Parameter("nodes", "nodes", "the only nodes that may ship"),
    Parameter("services", "services", "the only services that may be used"),
    *ORDER_WHEN,
    *ITEM_WHEN,
)


class Require(Ruling):
    yields_to_permit = True
    __slots__ = ("_item", "_order", "_reach")

    def __init__(self, given: Given, network: Network) -> None:
        self._order, self._item, self._reach = OrderWhen(given), ItemWhen(given), Reach(given, network)

    def bars(self, question: Question) -> Iterable[Bar]:
        if not self._order.holds(question.order):
            return
        lines = self._item.lines(question.items)
        if lines is not None and not lines.any():
            return
        out = ~self._reach.of(question)
        if out.any():
            yield Bar(out, f"{goods(lines, question)} ships only{self._reach.at}{self._reach.by}", lines)


def compile_rule(given: Given, network: Network) -> Ruling:
    if not (given.has("nodes") or given.has("services")):
        raise ValueError(f"rule {given.rule.id} (require): name nodes or services that alone may ship")
    return Require(given, network)
