"""A node that does not ship at present carries nothing, and no transfer leaves or reaches it.

Takes no parameter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Bar, Movement, Question, Ruling

PARAMETERS: Final[tuple[Parameter, ...]] = ()


class Active(Ruling):
    __slots__ = ("_idle",)

    def __init__(self, network: Network) -> None:
        self._idle = [(k, str(node.id)) for k, node in enumerate(network.nodes) if not node.active]

    def bars(self, question: Question) -> Iterable[Bar]:
        for k, name in self._idle:
            there = question.node_of == k
            if there.any():
                yield Bar(there, f"{name} does not ship at present")

    def closes(self, movement: Movement) -> NDArray[np.bool_] | None:
        idle = {name for _, name in self._idle}
        closed = np.array([not idle.isdisjoint(lane) for lane in movement.lanes], dtype=np.bool_)
        return np.repeat(closed[:, None], len(movement.items), axis=1) if idle else None


def compile_rule(given: Given, network: Network) -> Ruling:
    del given
    return Active(network)
