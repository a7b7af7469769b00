"""Nodes or services that may not carry some orders or items.

Parameters: `nodes` and `services` (what is barred; left out, all), and conditions on order and item (when). At least one
of the four is given. With a condition on items only those lines are barred.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from evenstock.policy.conditions import ITEM_WHEN, ORDER_WHEN, ItemWhen, OrderWhen, conditions_said
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.reach import Reach, places
from evenstock.policy.ruling import Bar, Question, Ruling

PARAMETERS: Final = (
    Parameter("nodes", "nodes", "nodes that may not ship"),
    Parameter("services", "services", "services that may not be used"),
    *ORDER_WHEN,
    *ITEM_WHEN,
)


class Forbid(Ruling):
    yields_to_permit = True
    __slots__ = ("_item", "_order", "_reach", "_why")

    def __init__(self, given: Given, network: Network) -> None:
        self._order, self._item, self._reach = OrderWhen(given), ItemWhen(given), Reach(given, network)
        self._why = _reasons(given) + self._reach.by

    def bars(self, question: Question) -> Iterable[Bar]:
        if not self._order.holds(question.order):
            return
        lines = self._item.lines(question.items)
        if lines is not None and not lines.any():
            return
        out = self._reach.of(question)
        if out.any():
            yield Bar(out, f"{places(out, question)} may not carry {self._why}", lines)


def compile_rule(given: Given, network: Network) -> Ruling:
    if not any(given.has(parameter.name) for parameter in PARAMETERS):
        raise ValueError(f"rule {given.rule.id} (forbid): nothing is named; it would bar every order")
    return Forbid(given, network)


def _reasons(given: Given) -> str:
    """The conditions of the rule, in words."""
    said = conditions_said(given)
    return f"orders with {said}" if said else "any order"
