"""Moves stock so that nodes have equal days of cover."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.cover import daily_demand, position
from evenstock.rebalancing.levelling.matching import matched
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem


def level(problem: Problem, tolerance: float) -> Moves:
    """Bring nodes whose cover is further than `tolerance` from the network's to the network's.

    The network's cover of an item is all its units, under way included, over its mean daily demand. A node above
    ``(1 + tolerance)`` times that gives what it has beyond it, in full cases and down to its floor; a node below
    ``(1 - tolerance)`` times asks for what it lacks, rounded up to cases. The node that lacks most units asks first and
    takes from the giver with the cheapest lane. Worth is not asked; an item that nobody wants stays where it is.
    """
    daily, units = daily_demand(problem), position(problem)
    total = daily.sum(axis=1, keepdims=True)
    network = np.divide(units.sum(axis=1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    target, case = daily * network, problem.case_units[:, None]
    over, under = units > (1 + tolerance) * target, units < (1 - tolerance) * target
    spare = np.where(over & (total > 0), (units - target) // case, 0).astype(np.int64)
    lack = np.where(under, np.ceil((target - units) / case), 0).astype(np.int64)
    return matched(problem, spare, lack)
