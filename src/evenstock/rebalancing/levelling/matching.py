"""Which lanes carry what some nodes can spare to those that lack it."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.cover import position
from evenstock.rebalancing.departures.slope_scaling import full_departures
from evenstock.rebalancing.levelling.kernel import match
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth_doing.within_limits import within_limits


def matched(problem: Problem, spare: Ints, lack: Ints, *, by_excess: bool = False, in_full: bool = False) -> Moves:
    """Lawful moves of spare cases to nodes that lack them, the node that lacks most first.

    Floors, forbidden lanes and acceptance limits hold for each item, then what all items share: see `within_limits`.

    Parameters
    ----------
    spare, lack
        Whole cases, ``(K, W)``; cut to what may leave and what may be accepted.
    by_excess
        Take from the node with most to spare; otherwise by the lane that costs least if it leaves full.
    in_full
        Pass over a lack that cannot be filled.
    """
    cases = match(
        np.minimum(spare, problem.movable_cases),
        np.minimum(lack, acceptable_cases(problem)),
        np.where(problem.usable, full_departures(problem), np.inf),
        problem.lanes.origin,
        problem.lanes.destination,
        by_excess,
        in_full,
    )
    return within_limits(problem, Moves.from_table(cases * problem.case_units[:, None]))


def acceptable_cases(problem: Problem) -> Ints:
    """Whole cases that each node may still receive, ``(K, W)``; what leaves tonight makes no room."""
    if problem.bands is None:
        return np.full(problem.on_hand.shape, np.iinfo(np.int64).max)
    room: Ints = np.maximum(problem.bands.most_units - position(problem), 0) // problem.case_units[:, None]
    return room
