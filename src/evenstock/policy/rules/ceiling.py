"""A node, or a carrier's service, ships no more orders a day than its ceiling.

Takes no parameter: nodes say their ceiling (`orders_per_day`), and so do rate cards and carrier limits (`shipments_per_day`);
the books say how many slots of the day are left.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Bar, Question, Ruling

PARAMETERS: Final[tuple[Parameter, ...]] = ()


class Ceiling(Ruling):
    __slots__ = ()

    def bars(self, question: Question) -> Iterable[Bar]:
        full = question.facts.slots_left <= 0
        if full.any():
            yield from _nodes(question, full)
        of_services = question.facts.service_slots_left
        if of_services is not None and (of_services <= 0).any():
            yield from _services(question, of_services <= 0)


def _nodes(question: Question, full: NDArray[np.bool_]) -> Iterable[Bar]:
    days = {(question.candidates[k].node, question.candidates[k].ship_on): k for k in np.flatnonzero(full).tolist()}
    for (name, day), first in days.items():
        there = np.array([c.node == name and c.ship_on == day for c in question.candidates]) & full
        ceiling = question.nodes[int(question.node_of[first])].orders_per_day
        yield Bar(there, f"{name} has no slot left on {day}: its ceiling is {ceiling} shipments a day")


def _services(question: Question, full: NDArray[np.bool_]) -> Iterable[Bar]:
    ways = question.candidates
    for name, day in dict.fromkeys((ways[k].service, ways[k].ship_on) for k in np.flatnonzero(full).tolist()):
        there = np.array([c.service == name and c.ship_on == day for c in ways]) & full
        yield Bar(there, f"{name} takes over no more shipments on {day}: its ceiling, or its carrier's, is reached")


def compile_rule(given: Given, network: Network) -> Ruling:
    del given, network
    return Ceiling()
