"""Freight by the pallet: a begun pallet of a departure costs a whole one, whichever items share it."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.sharing import share_out

COLUMN = "freight"
JOINT = True


def slope(problem: Problem) -> Floats:
    return np.outer(problem.pallet_share, problem.lanes.pallet_cents)


def loads(problem: Problem, moves: Moves) -> Floats:
    """Pallets, not rounded, by lane."""
    share = moves.units * problem.pallet_share[moves.item]
    return np.bincount(moves.lane, weights=share, minlength=len(problem.lanes)).astype(np.float64)


def pallets(problem: Problem, moves: Moves) -> Ints:
    """Whole pallets by lane."""
    return np.ceil(loads(problem, moves) - 1e-9).astype(np.int64)


def term(problem: Problem, moves: Moves) -> Ints:
    cents = pallets(problem, moves) * problem.lanes.pallet_cents
    return share_out(cents, moves.lane, moves.units * problem.pallet_share[moves.item])
