"""Nodes or services kept for some orders or items: they carry nothing else.

Parameters: `nodes` and `services` (what is kept; at least one of them; with both, those services at those nodes), and the
orders and items they are kept for, as conditions on order and item (at least one). So a vendor-managed stock serves its
customers alone, and a plant ships only what it makes.
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
    Parameter("nodes", "nodes", "nodes that are kept"),
    Parameter("services", "services", "services that are kept"),
    *ORDER_WHEN,
    *ITEM_WHEN,
)


class Dedicate(Ruling):
    __slots__ = ("_at", "_by", "_item", "_order", "_services")

    def __init__(self, given: Given, network: Network) -> None:
        self._order, self._item = OrderWhen(given), ItemWhen(given)
        nodes, self._services = given.names("nodes"), given.names("services")
        self._at = np.array([not nodes or node.id in nodes for node in network.nodes], dtype=np.bool_)
        self._by = f" by {', '.join(given.listed('services'))}" if self._services else ""

    def bars(self, question: Question) -> Iterable[Bar]:
        kept_for = self._item.lines(question.items)
        lines, what = None, "this order"
        if self._order.holds(question.order):
            if kept_for is None or kept_for.all():
                return
            lines = ~kept_for
            named = [str(i.sku) for i, out in zip(question.items, lines.tolist(), strict=True) if out]
            what = ", ".join(dict.fromkeys(named))
        kept = self._at[question.node_of]
        if self._services:
            kept &= np.array([c.service in self._services for c in question.candidates], dtype=np.bool_)
        if kept.any():
            nodes = dict.fromkeys(str(question.candidates[k].node) for k in np.flatnonzero(kept).tolist())
            yield Bar(kept, f"{', '.join(nodes)}{self._by} is kept for others than {what}", lines)


def compile_rule(given: Given, network: Network) -> Ruling:
    if not (given.has("nodes") or given.has("services")):
        raise ValueError(f"rule {given.rule.id} (dedicate): name nodes or services that are kept")
    if not any(given.has(parameter.name) for parameter in (*ORDER_WHEN, *ITEM_WHEN)):
        raise ValueError(f"rule {given.rule.id} (dedicate): say what they are kept for; it would bar every order")
    return Dedicate(given, network)
