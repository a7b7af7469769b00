"""Orders or items that only some nodes, or only some services, may carry.

Parameters: `nodes` and `services` (what alone is allowed; at least one of them), and conditions on order and item.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from evenstock.policy.conditions import ITEM_WHEN, ORDER_WHEN, ItemWhen, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Bar, Question, Ruling

PARAMETERS: Final = (
    Parameter("nodes", "nodes", "the only nodes that may ship"),
    Parameter("services", "services", "the only services that may be used"),
    *ORDER_WHEN,
    *ITEM_WHEN,
)


class Require(Ruling):
    __slots__ = ("_at", "_item", "_only", "_order", "_services")

    def __init__(self, given: Given, network: Network) -> None:
        self._order, self._item = OrderWhen(given), ItemWhen(given)
        nodes, self._services = given.names("nodes"), given.names("services")
        self._at = np.array([not nodes or node.id in nodes for node in network.nodes], dtype=np.bool_)
        at = f" at {', '.join(given.listed('nodes'))}" if nodes else ""
        by = f" by {', '.join(given.listed('services'))}" if self._services else ""
        self._only = f"{at}{by}"

    def bars(self, question: Question) -> Iterable[Bar]:
        if not self._order.holds(question.order):
            return
        lines = self._item.lines(question.items)
        if lines is not None and not lines.any():
            return
        allowed = self._at[question.node_of]
        if self._services:
            allowed &= np.array([c.service in self._services for c in question.candidates], dtype=np.bool_)
        if not allowed.all():
            what = (
                "this order"
                if lines is None
                else ", ".join(
                    dict.fromkeys(str(i.sku) for i, holds in zip(question.items, lines.tolist(), strict=True) if holds)
                )
            )
            yield Bar(~allowed, f"{what} ships only{self._only}", lines)


def compile_rule(given: Given, network: Network) -> Ruling:
    if not (given.has("nodes") or given.has("services")):
        raise ValueError(f"rule {given.rule.id} (require): name nodes or services that alone may ship")
    return Require(given, network)
