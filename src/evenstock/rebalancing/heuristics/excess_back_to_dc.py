"""Send back to the distribution centre what would last longer than a threshold.

References
----------
frePPLe, parameters of inventory planning: ``rebalancing_burnout_threshold``, 60 days.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.cover import daily_demand, position
from evenstock.rebalancing.levelling.matching import matched
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.solution import Solution, settle

BURN_OUT_DAYS: Final = 60


def solve(problem: Problem, *, centre: npt.ArrayLike | None = None, most_days: float = BURN_OUT_DAYS) -> Solution:
    """Full cases beyond `most_days` of cover go to the item's centre, from the largest excess first.

    Parameters
    ----------
    centre
        Node index for each item, ``(K,)``, or one for all; none means `likely_centre`.
    """
    items, nodes = problem.on_hand.shape
    home = np.broadcast_to(np.asarray(likely_centre(problem) if centre is None else centre, np.int64), (items,))
    if home.size and not 0 <= home.min() <= home.max() < nodes:
        raise ValueError(
            f"centre: node indices from 0 to {nodes - 1} are wanted, not {int(home.min())} to {int(home.max())}"
        )
    beyond = position(problem) - most_days * daily_demand(problem)
    spare = np.maximum(np.floor(beyond / problem.case_units[:, None]), 0).astype(np.int64)
    spare = np.minimum(spare, problem.movable_cases)
    spare[np.arange(items), home] = 0
    lack = np.zeros((items, nodes), np.int64)
    lack[np.arange(items), home] = spare.sum(axis=1)
    return settle(problem, matched(problem, spare, lack, by_excess=True), method="excess_back_to_dc")


def likely_centre(problem: Problem) -> int:
    """The node from which most other nodes are supplied; among equals the one that holds most units, then the first."""
    lanes: Ints = np.zeros(len(problem.nodes), np.int64)
    pairs = np.unique(np.stack([problem.lanes.origin, problem.lanes.destination]), axis=1)
    np.add.at(lanes, pairs[0], 1)
    return int(np.lexsort((-problem.on_hand.sum(axis=0), -lanes))[0])
