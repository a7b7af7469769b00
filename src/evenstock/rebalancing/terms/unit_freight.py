"""Freight by the unit."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem

COLUMN = "freight"


def slope(problem: Problem) -> Floats:
    return np.broadcast_to(problem.lanes.unit_cents.astype(np.float64), (len(problem.skus), len(problem.lanes)))


def term(problem: Problem, moves: Moves) -> Ints:
    return moves.units * problem.lanes.unit_cents[moves.lane]
