"""A node that gives stock away keeps at least so many days of its own expected demand.

Parameters: `days`, `nodes` (left out, all), and conditions on the item. Where several speak, the longest counts.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.policy.conditions import ITEM_WHEN, ItemWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Movement, Ruling

PARAMETERS: Final = (
    Parameter("days", "whole", "days of expected demand that stay", required=True, phrase="", unit="days"),
    Parameter("nodes", "nodes", "nodes that keep them", phrase="at"),
    *ITEM_WHEN,
)
ALWAYS_LAW: Final = True


class SourceFloorDays(Ruling):
    __slots__ = ("_days", "_item", "_nodes")

    def __init__(self, given: Given) -> None:
        self._days, self._nodes, self._item = float(given.whole("days")), given.names("nodes"), ItemWhen(given)

    def floor_days(self, movement: Movement) -> NDArray[np.float64] | None:
        at = np.array([not self._nodes or node.id in self._nodes for node in movement.nodes], dtype=np.bool_)
        lines = self._item.lines(movement.items)
        items = np.ones(len(movement.items), dtype=np.bool_) if lines is None else lines
        return np.where(at[:, None] & items, self._days, 0.0)


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    return SourceFloorDays(given)
