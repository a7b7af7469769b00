"""A person decides where a wish had to be given up so that a paid order ships.

Parameters: `role` (who decides), `rules` (ids of the wishes it watches; left out, all), and conditions on the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from evenstock.domain import Allow, NeedsApproval, Order, OrderPlan, Verdict
from evenstock.policy.conditions import ORDER_WHEN, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Ruling

PARAMETERS: Final = (
    Parameter("role", "text", "who decides", required=True, phrase=""),
    Parameter("rules", "texts", "ids of the wishes it watches", phrase="of"),
    *ORDER_WHEN,
)
ALWAYS_LAW: Final = True


class ReviewRelaxed(Ruling):
    __slots__ = ("_role", "_rules", "_when")

    def __init__(self, given: Given) -> None:
        self._when = OrderWhen(given)
        self._role, self._rules = given.text("role"), given.names("rules")

    def review(self, order: Order, plan: OrderPlan, relaxed: Sequence[str]) -> Verdict:
        del plan
        watched = [rule for rule in relaxed if not self._rules or rule in self._rules]
        if not watched or not self._when.holds(order):
            return Allow()
        return NeedsApproval(self._role, f"no plan keeps {', '.join(watched)}")


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    return ReviewRelaxed(given)
