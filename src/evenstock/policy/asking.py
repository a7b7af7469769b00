"""A rule that has a person decide about some orders, whatever their plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evenstock.domain import Allow, Item, NeedsApproval, Order, OrderPlan, Sku, Verdict
from evenstock.policy.conditions import ItemWhen, OrderWhen
from evenstock.policy.parameters import Given
from evenstock.policy.ruling import Ruling, Waiting


class Asking(Ruling):
    """Asks the rule's role about every order under its conditions; `otherwise` is the reason where the rule gives none."""

    __slots__ = ("_because", "_item", "_items", "_order", "_role", "_waits")

    def __init__(self, given: Given, items: Mapping[Sku, Item], waits: Waiting, otherwise: str) -> None:
        self._order, self._item, self._items = OrderWhen(given), ItemWhen(given), items
        self._role, self._waits = given.text("role"), waits
        self._because = given.rule.because or otherwise

    def review(self, order: Order, plan: OrderPlan, relaxed: Sequence[str]) -> Verdict:
        del plan, relaxed
        if self._order.holds(order) and self._item.any_of(order, self._items):
            return NeedsApproval(self._role, self._because)
        return Allow()

    def waits(self) -> Waiting:
        return self._waits
