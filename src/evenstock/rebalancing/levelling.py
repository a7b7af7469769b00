"""Moves stock so that nodes have equal days of cover, as people do by rule."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.cover import daily_demand, position
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.slope_scaling import full_departures


def level(problem: Problem, tolerance: float) -> Moves:
    """Bring nodes whose cover is further than `tolerance` from the network's to the network's.

    The network's cover of an item is all its units, under way included, over its mean daily demand. A node above
    ``(1 + tolerance)`` times that gives what it has beyond it, in full cases and down to its floor; a node below
    ``(1 - tolerance)`` times asks for what it lacks, rounded up to cases. The node that lacks most units asks first and
    takes from the giver with the cheapest lane. Worth is not asked.
    """
    daily, units = daily_demand(problem), position(problem)
    cost = np.where(problem.usable, full_departures(problem), np.inf)
    item, lane, moved = [], [], []
    for k in range(len(problem.skus)):
        if daily[k].sum() == 0:
            continue
        network = units[k].sum() / daily[k].sum()
        case = int(problem.case_units[k])
        spare, lack = _spare_and_lack(units[k], daily[k] * network, tolerance, case)
        spare = np.minimum(spare, problem.movable_cases[k])
        for cases, a in _match(problem, cost[k], spare, lack):
            item.append(k)
            lane.append(a)
            moved.append(cases * case)
    return Moves.gather(item, lane, moved)


def _spare_and_lack(units: Ints, target: Floats, tolerance: float, case: int) -> tuple[Ints, Ints]:
    """Full cases beyond the target, and cases lacked, by node; nothing within the tolerance."""
    over, under = units > (1 + tolerance) * target, units < (1 - tolerance) * target
    spare = np.where(over, (units - target) // case, 0).astype(np.int64)
    return spare, np.where(under, np.ceil((target - units) / case), 0).astype(np.int64)


def _match(problem: Problem, cost: Floats, spare: Ints, lack: Ints) -> list[tuple[int, int]]:
    """Cases and lane, the largest lack first, each from the cheapest lanes."""
    found, spare = [], spare.copy()
    for j in sorted(np.flatnonzero(lack), key=lambda j: (-lack[j], j)):
        wanted = int(lack[j])
        into = np.flatnonzero((problem.lanes.destination == j) & np.isfinite(cost))
        for a in into[np.argsort(cost[into], kind="stable")]:
            cases = min(wanted, int(spare[problem.lanes.origin[a]]))
            if cases > 0:
                found.append((cases, int(a)))
                spare[problem.lanes.origin[a]] -= cases
                wanted -= cases
    return found
