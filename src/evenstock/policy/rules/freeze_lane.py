"""No transfer runs on these lanes.

Parameters: `origins` and `destinations` (nodes; left out, all; at least one of them), and conditions on the item.
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
    Parameter("origins", "nodes", "nodes from which nothing moves"),
    Parameter("destinations", "nodes", "nodes to which nothing moves"),
    *ITEM_WHEN,
)
ALWAYS_LAW: Final = True


class FreezeLane(Ruling):
    __slots__ = ("_from", "_item", "_to")

    def __init__(self, given: Given) -> None:
        self._from, self._to, self._item = given.names("origins"), given.names("destinations"), ItemWhen(given)

    def closes(self, movement: Movement) -> NDArray[np.bool_] | None:
        frozen = np.array(
            [(not self._from or a in self._from) and (not self._to or b in self._to) for a, b in movement.lanes],
            dtype=np.bool_,
        )
        lines = self._item.lines(movement.items)
        items = np.ones(len(movement.items), dtype=np.bool_) if lines is None else lines
        return frozen[:, None] & items


def compile_rule(given: Given, network: Network) -> Ruling:
    del network
    if not (given.has("origins") or given.has("destinations")):
        raise ValueError(
            f"rule {given.rule.id} (freeze_lane): name origins or destinations; it would freeze every lane"
        )
    return FreezeLane(given)
