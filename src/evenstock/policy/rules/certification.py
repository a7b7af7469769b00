"""A node ships, and receives, only items whose certifications it holds, such as hazmat or cold.

Takes no parameter: items say what they require, nodes what they hold.
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


class Certification(Ruling):
    __slots__ = ("_nodes",)

    def __init__(self, network: Network) -> None:
        self._nodes = network.nodes

    def bars(self, question: Question) -> Iterable[Bar]:
        if not any(item.requires for item in question.items):
            return
        for k, node in enumerate(self._nodes):
            there = question.node_of == k
            lacking = [sorted(item.requires - node.certifications) for item in question.items]
            if not any(lacking) or not there.any():
                continue
            lines = np.array([bool(missing) for missing in lacking])
            named = [f"{', '.join(m)} for {i.sku}" for i, m in zip(question.items, lacking, strict=True) if m]
            yield Bar(there, f"{node.id} is not certified for {'; '.join(dict.fromkeys(named))}", lines)

    def closes(self, movement: Movement) -> NDArray[np.bool_] | None:
        needs = [item.requires for item in movement.items]
        if not any(needs):
            return None
        held = [node.certifications for node in movement.nodes]
        kinds = {need: np.array([not need <= holds for holds in held]) for need in set(needs)}
        to = np.array([movement.index[destination] for _, destination in movement.lanes], dtype=np.int64)
        return np.stack([kinds[need] for need in needs], axis=1)[to]


def compile_rule(given: Given, network: Network) -> Ruling:
    del given
    return Certification(network)
