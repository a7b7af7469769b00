"""Lines by the risk they avoid per unit of cost."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.solution import Solution


def risk_avoided_cents(problem: Problem, solution: Solution) -> Floats:
    """Expected shortage that each line avoids at its destination less what it brings about at its origin, ``(lines,)``."""
    moves, lanes = solution.moves, problem.lanes
    there = problem.shortage_cents[moves.item, lanes.destination[moves.lane]]
    here = problem.shortage_cents[moves.item, lanes.origin[moves.lane]]
    avoided: Floats = solution.sold_more * there - solution.sold_less * here
    return avoided


def by_risk_per_cost(problem: Problem, solution: Solution) -> tuple[Ints, Floats]:
    """Lines in the order in which to spend on them, and cents of risk each avoids per cent it costs (by line).

    A line that costs nothing comes first. Among equals the line that avoids more comes first.
    """
    avoided, cost = risk_avoided_cents(problem, solution), solution.line_cost_cents
    ratio = np.divide(avoided, cost, out=np.where(avoided > 0, np.inf, 0.0), where=cost > 0)
    return np.lexsort((-avoided, -ratio)).astype(np.int64), ratio
