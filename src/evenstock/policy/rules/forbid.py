"""Nodes or services that may not carry some orders or items.

Parameters: `nodes` and `services` (what is barred; left out, all), and conditions on order and item (when). At least one
of the four is given. With a condition on items only those lines are barred.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.policy.conditions import ITEM_WHEN, ORDER_WHEN, ItemWhen, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Bar, Question, Ruling

PARAMETERS: Final = (
    Parameter("nodes", "nodes", "nodes that may not ship"),
    Parameter("services", "services", "services that may not be used"),
    *ORDER_WHEN,
    *ITEM_WHEN,
)


class Forbid(Ruling):
    __slots__ = ("_at", "_item", "_order", "_services", "_what", "_why")

    def __init__(self, given: Given, network: Network) -> None:
        self._order, self._item = OrderWhen(given), ItemWhen(given)
        nodes, self._services = given.names("nodes"), given.names("services")
        self._at = np.array([not nodes or node.id in nodes for node in network.nodes], dtype=np.bool_)
        self._why = reasons(given)

    def bars(self, question: Question) -> Iterable[Bar]:
        if not self._order.holds(question.order):
            return
        lines = self._item.lines(question.items)
        if lines is not None and not lines.any():
            return
        out = self._at[question.node_of] & carried_by(self._services, question)
        if out.any():
            yield Bar(out, f"{places(out, question)} may not carry {self._why}", lines)


def compile_rule(given: Given, network: Network) -> Ruling:
    if not any(given.has(parameter.name) for parameter in PARAMETERS):
        raise ValueError(f"rule {given.rule.id} (forbid): nothing is named; it would bar every order")
    return Forbid(given, network)


def carried_by(services: frozenset[str], question: Question) -> NDArray[np.bool_]:
    """Candidates that use one of these services, shape ``(candidate,)``; all where none is named."""
    if not services:
        return np.ones(len(question.candidates), dtype=np.bool_)
    return np.array([candidate.service in services for candidate in question.candidates], dtype=np.bool_)


def places(out: NDArray[np.bool_], question: Question) -> str:
    """Nodes of these candidates, in words."""
    return ", ".join(dict.fromkeys(str(question.candidates[k].node) for k in np.flatnonzero(out).tolist()))


def reasons(given: Given) -> str:
    """The conditions of a rule, in words."""
    named = [
        f"{parameter.name.replace('_', ' ')} {', '.join(given.listed(parameter.name))}"
        for parameter in (*ORDER_WHEN, *ITEM_WHEN)
        if given.listed(parameter.name)
    ]
    services = given.listed("services")
    by = f" by {', '.join(services)}" if services else ""
    return ("orders with " + " and ".join(named) if named else "any order") + by
