"""Orders about which a person decides: the best lawful plan is reserved and suggested, and executes at the deadline.

Parameters: `role` (who decides), `hours` (how long they have; left out, the company's usual time), and conditions on order
and item, at least one. Unlike `hold`, nothing is wrong with the order: if nobody answers, it ships.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from evenstock.domain import Allow, Item, NeedsApproval, Order, OrderPlan, Sku, Verdict
from evenstock.policy.conditions import ITEM_WHEN, ORDER_WHEN, ItemWhen, OrderWhen, conditions_said
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Ruling, Waiting

PARAMETERS: Final = (
    Parameter("role", "text", "who decides", required=True, phrase="for"),
    Parameter("hours", "count", "hours they have", phrase="within", unit="hours"),
    *ORDER_WHEN,
    *ITEM_WHEN,
)
ALWAYS_LAW: Final = True


class ToQueue(Ruling):
    __slots__ = ("_because", "_item", "_items", "_order", "_role", "_waits")

    def __init__(self, given: Given, items: Mapping[Sku, Item]) -> None:
        self._order, self._item, self._items = OrderWhen(given), ItemWhen(given), items
        self._role, self._waits = given.text("role"), Waiting(hours=given.at_most("hours"))
        self._because = given.rule.because or f"a person decides about orders with {conditions_said(given)}"

    def review(self, order: Order, plan: OrderPlan, relaxed: Sequence[str]) -> Verdict:
        del plan, relaxed
        if self._order.holds(order) and self._item.any_of(order, self._items):
            return NeedsApproval(self._role, self._because)
        return Allow()

    def waits(self) -> Waiting:
        return self._waits


def compile_rule(given: Given, network: Network) -> Ruling:
    if not any(given.has(parameter.name) for parameter in (*ORDER_WHEN, *ITEM_WHEN)):
        raise ValueError(f"rule {given.rule.id} (to_queue): say which orders; a person would decide about every one")
    return ToQueue(given, network.items)
