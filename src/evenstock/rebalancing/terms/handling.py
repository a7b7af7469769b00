"""Picking at the origin and receiving at the destination."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem

COLUMN = "handling"


def _per_unit(problem: Problem) -> Ints:
    return problem.handling_out_cents[problem.lanes.origin] + problem.handling_in_cents[problem.lanes.destination]


def slope(problem: Problem) -> Floats:
    return np.broadcast_to(_per_unit(problem).astype(np.float64), (len(problem.skus), len(problem.lanes)))


def term(problem: Problem, moves: Moves) -> Ints:
    return moves.units * _per_unit(problem)[moves.lane]
