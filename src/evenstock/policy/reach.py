"""Which candidates a rule speaks of: those of some nodes, by some services."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from evenstock.policy.network import Network
from evenstock.policy.parameters import Given
from evenstock.policy.ruling import Question


class Reach:
    """The parameters `nodes` and `services`; one that is left out means all."""

    __slots__ = ("_nodes", "_services", "at", "by")

    def __init__(self, given: Given, network: Network) -> None:
        nodes = given.names("nodes")
        self._nodes = np.array([not nodes or node.id in nodes for node in network.nodes], dtype=np.bool_)
        self._services = given.names("services")
        self.at = f" at {', '.join(given.listed('nodes'))}" if nodes else ""
        self.by = f" by {', '.join(given.listed('services'))}" if self._services else ""
        """In words; empty for all."""

    def of(self, question: Question) -> NDArray[np.bool_]:
        """Shape ``(candidate,)``."""
        reached: NDArray[np.bool_] = self._nodes[question.node_of]
        if self._services:
            reached &= np.array([c.service in self._services for c in question.candidates], dtype=np.bool_)
        return reached


def places(reached: NDArray[np.bool_], question: Question) -> str:
    """Nodes of these candidates, in words."""
    return ", ".join(dict.fromkeys(str(question.candidates[k].node) for k in np.flatnonzero(reached).tolist()))


def goods(lines: NDArray[np.bool_] | None, question: Question) -> str:
    """Items of these lines, in words."""
    if lines is None:
        return "this order"
    return _listed(str(i.sku) for i, chosen in zip(question.items, lines.tolist(), strict=True) if chosen)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
