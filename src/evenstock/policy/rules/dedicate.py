"""Nodes or services kept for some orders or items: they carry nothing else.

Parameters: `nodes` and `services` (what is kept; at least one of them; with both, those services at those nodes), and the
orders and items they are kept for, as conditions on order and item (at least one). So a vendor-managed stock serves its
customers alone, and a plant ships only what it makes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from evenstock.policy.conditions import ITEM_WHEN, ORDER_WHEN, ItemWhen, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.reach import Reach, goods, places
from evenstock.policy.ruling import Bar, Question, Ruling

PARAMETERS: Final = (
    Parameter("nodes", "nodes", "nodes that are kept"),
    Parameter("services", "services", "services that are kept"),
    *ORDER_WHEN,
    *ITEM_WHEN,
)


class Dedicate(Ruling):
    yields_to_permit = True
    __slots__ = ("_item", "_order", "_reach")

    def __init__(self, given: Given, network: Network) -> None:
        self._order, self._item, self._reach = OrderWhen(given), ItemWhen(given), Reach(given, network)

    def bars(self, question: Question) -> Iterable[Bar]:
        lines = None
        if self._order.holds(question.order):
            kept_for = self._item.lines(question.items)
            if kept_for is None or kept_for.all():
                return
            lines = ~kept_for
        kept = self._reach.of(question)
        if kept.any():
            who = f"{places(kept, question)}{self._reach.by}"
            yield Bar(kept, f"{who} is kept for others than {goods(lines, question)}", lines)


def compile_rule(given: Given, network: Network) -> Ruling:
    if not (given.has("nodes") or given.has("services")):
        raise ValueError(f"rule {given.rule.id} (dedicate): name nodes or services that are kept")
    if not any(given.has(parameter.name) for parameter in (*ORDER_WHEN, *ITEM_WHEN)):
        raise ValueError(f"rule {given.rule.id} (dedicate): say what they are kept for; it would bar every order")
    return Dedicate(given, network)
