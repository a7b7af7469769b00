"""Fill the largest deficit first from the largest excess, item by item, if the excess covers it in full.

References
----------
Toolio, help on transfers (excess to the largest shortfall, each item by itself); GMDH Streamline, help on inter-store transfers
(only where the overstock covers the need completely).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from evenstock.rebalancing.cover import daily_demand, position
from evenstock.rebalancing.levelling.matching import matched
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.solution import Solution, settle

TARGET_DAYS: Final = 14
"""Two weeks, so that the next replenishment finds the node in stock."""


def solve(problem: Problem, *, target_days: float = TARGET_DAYS) -> Solution:
    """Nodes below `target_days` of cover ask for what they lack, nodes above give what is beyond."""
    case = problem.case_units[:, None]
    beyond = (position(problem) - target_days * daily_demand(problem)) / case
    spare = np.maximum(np.floor(beyond), 0).astype(np.int64)
    lack = np.maximum(np.ceil(-beyond), 0).astype(np.int64)
    return settle(problem, matched(problem, spare, lack, by_excess=True, in_full=True), method="largest_deficit_first")
