"""The same evening for some of the items only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.evaluate import Rerouting


def part(problem: Problem, items: Ints) -> Problem:
    """The problem of these items alone, in this order; lanes and shared ceilings stay as they are."""
    return replace(problem.only(items), limits=problem.limits)


def part_of_routes(rerouting: Rerouting | None, items: Ints) -> Rerouting | None:
    """Re-routing for the same items."""
    if rerouting is None:
        return None
    return replace(rerouting, lost_cents=rerouting.lost_cents[items], spill_cents=rerouting.spill_cents[items])


def part_of_moves(moves: Moves, items: Ints) -> Moves:
    """The moves of these items, numbered as in `part`; `items` rise."""
    kept = np.isin(moves.item, items)
    return Moves(np.searchsorted(items, moves.item[kept]).astype(np.int64), moves.lane[kept], moves.units[kept])


def whole_of_moves(moves: Moves, items: Ints) -> Moves:
    """Moves of a part, numbered as in the whole problem."""
    return Moves(items[moves.item], moves.lane, moves.units)
