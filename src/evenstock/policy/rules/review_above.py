"""A person decides about an order above a value, or a plan above a cost.

Parameters: `role` (who decides), `order_value_cents` and `plan_cost_cents` (at least one; above either asks), and
conditions on the order.
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
    Parameter("order_value_cents", "cents", "price of the order above which it asks", phrase="order above"),
    Parameter("plan_cost_cents", "cents", "cost of the plan above which it asks", phrase="plan above"),
    *ORDER_WHEN,
)
ALWAYS_LAW: Final = True


class ReviewAbove(Ruling):
    __slots__ = ("_cost", "_role", "_value", "_when")

    def __init__(self, given: Given) -> None:
        self._when = OrderWhen(given)
        self._role = given.text("role")
        self._value = given.whole("order_value_cents") if given.has("order_value_cents") else None
        self._cost = given.whole("plan_cost_cents") if given.has("plan_cost_cents") else None

    def review(self, order: Order, plan: OrderPlan, relaxed: Sequence[str]) -> Verdict:
        del relaxed
        if not self._when.holds(order):
            return Allow()
        if self._value is not None and order.value_cents > self._value:
            return NeedsApproval(
                self._role, f"the order is worth {order.value_cents / 100:.2f}, above {self._value / 100:.2f}"
            )
        if self._cost is not None and plan.cents > self._cost:
            return NeedsApproval(self._role, f"the plan costs {plan.cents / 100:.2f}, above {self._cost / 100:.2f}")
        return Allow()


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    if not (given.has("order_value_cents") or given.has("plan_cost_cents")):
        raise ValueError(f"rule {given.rule.id} (review_above): give order_value_cents or plan_cost_cents")
    return ReviewAbove(given)
