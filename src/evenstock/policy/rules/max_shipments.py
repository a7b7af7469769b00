"""An order leaves in at most so many shipments.

Parameters: `shipments`, and conditions on the order.
"""

from __future__ import annotations

from typing import Final

from evenstock.domain import Order
from evenstock.policy.conditions import ORDER_WHEN, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import UNBOUNDED, OrderBounds, Ruling

PARAMETERS: Final = (
    Parameter("shipments", "count", "most shipments of an order", required=True, phrase=""),
    *ORDER_WHEN,
)


class MaxShipments(Ruling):
    __slots__ = ("_bounds", "_when")

    def __init__(self, given: Given) -> None:
        self._when = OrderWhen(given)
        self._bounds = OrderBounds(max_shipments=given.whole("shipments"))

    def bound(self, order: Order) -> OrderBounds:
        return self._bounds if self._when.holds(order) else UNBOUNDED


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    return MaxShipments(given)
