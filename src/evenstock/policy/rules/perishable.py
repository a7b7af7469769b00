"""What perishes travels no longer than it may: items say how many days (`max_transit_days`).

Parameters: conditions on order and item. Days count from leaving the node to the day by which 95 % of such parcels are
delivered; a way whose transit is unknown carries nothing that perishes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from evenstock.policy.conditions import ITEM_WHEN, ORDER_WHEN, ItemWhen, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Bar, Question, Ruling

PARAMETERS: Final[tuple[Parameter, ...]] = (*ORDER_WHEN, *ITEM_WHEN)


class Perishable(Ruling):
    __slots__ = ("_item", "_order")

    def __init__(self, given: Given) -> None:
        self._order, self._item = OrderWhen(given), ItemWhen(given)

    def bars(self, question: Question) -> Iterable[Bar]:
        may = [item.max_transit_days if self._item.holds(item) else None for item in question.items]
        limits = sorted({days for days in may if days is not None})
        if not limits or not self._order.holds(question.order):
            return
        p95 = question.facts.transit_days_p95
        on_the_way = np.full(len(question.candidates), -1) if p95 is None else p95 - question.waiting_days()
        known = np.zeros(len(question.candidates), dtype=np.bool_) if p95 is None else p95 >= 0
        for limit in limits:
            lines = np.array([days == limit for days in may], dtype=np.bool_)
            names = ", ".join(
                dict.fromkeys(i.sku for i, days in zip(question.items, may, strict=True) if days == limit)
            )
            for node, there in question.by_node(known & (on_the_way > limit)):
                least = int(on_the_way[there].min())
                yield Bar(there, f"{names} may travel {limit} days, and from {node.id} it takes {least} at best", lines)
            for node, there in question.by_node(~known):
                yield Bar(
                    there, f"{names} may travel {limit} days, and nobody knows how long it takes from {node.id}", lines
                )


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    return Perishable(given)
