"""Leaves off a departure the lines that are not worth the pallet they begin."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.solution import Solution


def trimmed(problem: Problem, solution: Solution) -> Moves:
    """On each lane drop the lines with the least net worth per pallet as long as that saves more than they bring.

    Lines are valued as they stand in the plan; a caller prices the result and keeps the better.
    """
    moves = solution.moves
    shared = solution.terms["pallets"] + solution.terms["fixed"]
    brings = (solution.line_net_cents + shared).astype(np.float64)
    load = moves.units * problem.pallet_share[moves.item]
    kept = np.ones(len(moves), np.bool_)
    for lane in np.unique(moves.lane):
        at = np.flatnonzero(moves.lane == lane)
        at = at[np.argsort(brings[at] / (moves.units * problem.load[moves.item])[at], kind="stable")]
        left_load = np.concatenate([[load[at].sum()], load[at].sum() - np.cumsum(load[at])])
        cost = np.ceil(left_load - 1e-9) * problem.lanes.pallet_cents[lane] + problem.lanes.fixed_cents[lane]
        cost[-1] = 0.0
        worth = np.concatenate([[brings[at].sum()], brings[at].sum() - np.cumsum(brings[at])])
        kept[at[: int(np.argmax(worth - cost))]] = False
    return moves.only(kept)
