"""Nodes or services that are preferred: every shipment by any other is charged stated cents in the choice.

Parameters: `nodes` and `services` (what is preferred; at least one of them; with both, those services at those nodes),
`cents` (what each other shipment is charged), and conditions on order and item. With a condition on items it speaks of
every shipment of an order that holds such an item. It never forbids: where another plan is cheaper by more than the
cents, that plan ships. So the wish has a price that everybody can read in the explanation.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.policy.conditions import ITEM_WHEN, ORDER_WHEN, ItemWhen, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.reach import Reach
from evenstock.policy.ruling import Question, Ruling

PARAMETERS: Final = (
    Parameter("nodes", "nodes", "nodes that are preferred"),
    Parameter("services", "services", "services that are preferred"),
    Parameter("cents", "cents", "what a shipment that is not preferred is charged", required=True, phrase="worth"),
    *ORDER_WHEN,
    *ITEM_WHEN,
)
NEVER_LAW: Final = True


class Prefer(Ruling):
    __slots__ = ("_cents", "_item", "_order", "_reach")

    def __init__(self, given: Given, network: Network) -> None:
        self._order, self._item, self._reach = OrderWhen(given), ItemWhen(given), Reach(given, network)
        self._cents = given.whole("cents")

    def charges(self, question: Question) -> NDArray[np.int64] | None:
        if not self._order.holds(question.order):
            return None
        lines = self._item.lines(question.items)
        if lines is not None and not lines.any():
            return None
        return np.where(self._reach.of(question), 0, self._cents).astype(np.int64)


def compile_rule(given: Given, network: Network) -> Ruling:
    if not (given.has("nodes") or given.has("services")):
        raise ValueError(f"rule {given.rule.id} (prefer): name nodes or services that are preferred")
    if given.whole("cents") == 0:
        raise ValueError(
            f"rule {given.rule.id} (prefer): 0 cents prefer nothing; say what it is worth, or leave it out"
        )
    return Prefer(given, network)
