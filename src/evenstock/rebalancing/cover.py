"""Days of cover."""

from __future__ import annotations

from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.problem import Problem

ENDLESS: Final = 9999


def daily_demand(problem: Problem) -> Floats:
    """Mean units wanted a day over the paths, ``(K, W)``."""
    cells = problem.path_count * problem.days
    mean: Floats = problem.paths.sum(axis=(2, 3), dtype=np.int64) / cells
    return mean


def position(problem: Problem) -> Ints:
    """Units there or under way, ``(K, W)``."""
    units: Ints = problem.on_hand + problem.arrivals.sum(axis=2, dtype=np.int64)
    return units


def days_of_cover(units: Ints, daily: Floats) -> Ints:
    """Whole days the units last at the mean demand; 9999 at most, and where nothing is expected to sell.

    Examples
    --------
    >>> days_of_cover(np.array([30, 30, 0]), np.array([4.0, 0.0, 4.0])).tolist()
    [7, 9999, 0]
    """
    days = np.divide(units, daily, out=np.full(np.shape(units), float(ENDLESS)), where=daily > 0)
    whole: Ints = np.minimum(np.floor(days), ENDLESS).astype(np.int64)
    return whole
