"""What a departure costs, whatever is on it."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.sharing import share_out

COLUMN = "freight"
JOINT = True


def slope(problem: Problem) -> Floats:
    """Nothing at first: slope scaling spreads it over what a lane is found to carry."""
    return np.zeros((len(problem.skus), len(problem.lanes)))


def term(problem: Problem, moves: Moves) -> Ints:
    used = np.bincount(moves.lane, minlength=len(problem.lanes)) > 0
    return share_out(np.where(used, problem.lanes.fixed_cents, 0), moves.lane, moves.units * problem.load[moves.item])
