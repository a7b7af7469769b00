"""Interest on the goods while they travel."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem

COLUMN = "capital"


def slope(problem: Problem) -> Floats:
    """Unit cost × yearly rate × days under way / 365."""
    each: Floats = np.outer(problem.unit_cost_cents, problem.lanes.lead_days) * np.float64(problem.capital_rate / 365)
    return each


def term(problem: Problem, moves: Moves) -> Ints:
    value_days = moves.units * problem.unit_cost_cents[moves.item] * problem.lanes.lead_days[moves.lane]
    cents: Ints = np.rint(value_days * (problem.capital_rate / 365)).astype(np.int64)
    return cents
