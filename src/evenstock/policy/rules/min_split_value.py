"""Where an order is split, every shipment carries goods of at least this price.

Parameters: `cents`, and conditions on the order.
"""

from __future__ import annotations

from typing import Final

from evenstock.domain import Cents, Order
from evenstock.policy.conditions import ORDER_WHEN, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import UNBOUNDED, OrderBounds, Ruling

PARAMETERS: Final = (
    Parameter("cents", "cents", "least price of the goods in each shipment", required=True, phrase=""),
    *ORDER_WHEN,
)


class MinSplitValue(Ruling):
    __slots__ = ("_bounds", "_when")

    def __init__(self, given: Given) -> None:
        self._when = OrderWhen(given)
        self._bounds = OrderBounds(min_split_value_cents=Cents(given.whole("cents")))

    def bound(self, order: Order) -> OrderBounds:
        return self._bounds if self._when.holds(order) else UNBOUNDED


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    return MinSplitValue(given)
