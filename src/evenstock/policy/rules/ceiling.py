"""A node ships no more orders a day than its ceiling.

Takes no parameter: nodes say their ceiling (`orders_per_day`), the books how many slots of the day are left.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Bar, Question, Ruling

PARAMETERS: Final[tuple[Parameter, ...]] = ()


class Ceiling(Ruling):
    __slots__ = ()

    def bars(self, question: Question) -> Iterable[Bar]:
        full = question.facts.slots_left <= 0
        if not full.any():
            return
        days = {(question.candidates[k].node, question.candidates[k].ship_on): k for k in np.flatnonzero(full).tolist()}
        for (name, day), first in days.items():
            there = np.array([c.node == name and c.ship_on == day for c in question.candidates]) & full
            ceiling = question.nodes[int(question.node_of[first])].orders_per_day
            yield Bar(there, f"{name} has no slot left on {day}: its ceiling is {ceiling} shipments a day")


def compile_rule(given: Given, network: Network) -> Ruling:
    del given, network
    return Ceiling()
