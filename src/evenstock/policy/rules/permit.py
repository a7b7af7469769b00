"""Nodes or services that may carry some orders or items whatever a later rule of the operator's own list says.

Parameters: `nodes` and `services` (what may carry; left out, all), and conditions on order and item (when). At least one
of the four is given. Among `permit`, `forbid`, `require`, `dedicate` and `limit` the first listed that speaks of a way
to ship a line decides about it: a `permit` exempts from those after it and changes nothing about those before. It never
exempts from what the trade or the goods demand: closed nodes, certifications, pools, ceilings, the promise, perishables,
hazards, size and speed.
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
    Parameter("nodes", "nodes", "nodes that may ship"),
    Parameter("services", "services", "services that may be used"),
    *ORDER_WHEN,
    *ITEM_WHEN,
)
ALWAYS_LAW: Final = True


class Permit(Ruling):
    __slots__ = ("_item", "_order", "_reach")

    def __init__(self, given: Given, network: Network) -> None:
        self._order, self._item, self._reach = OrderWhen(given), ItemWhen(given), Reach(given, network)

    def exempts(self, question: Question) -> NDArray[np.bool_] | None:
        if not self._order.holds(question.order):
            return None
        lines = self._item.lines(question.items)
        chosen = np.ones(len(question.items), dtype=np.bool_) if lines is None else lines
        exempt: NDArray[np.bool_] = self._reach.of(question)[:, None] & chosen
        return exempt


def compile_rule(given: Given, network: Network) -> Ruling:
    if not any(given.has(parameter.name) for parameter in PARAMETERS):
        raise ValueError(f"rule {given.rule.id} (permit): nothing is named; every rule after it would be void")
    return Permit(given, network)
