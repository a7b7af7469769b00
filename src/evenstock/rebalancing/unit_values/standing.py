"""What it costs that a node's position stands outside its band."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.bands import Bands
from evenstock.rebalancing.problem import Problem

_POSITION: Final = 0
_LOW: Final = 1
_LOW_COST: Final = 2
_HIGH: Final = 3
_HIGH_COST: Final = 4
_MOST: Final = 5


def stands(problem: Problem, items: slice | Ints = slice(None)) -> Ints:
    """Position before tonight's moves and its band, for the kernels: ``(items, W, 6)``, costs in millicents.

    Position is stock and all that is under way within the days planned.
    """
    position = problem.on_hand[items] + problem.arrivals[items].sum(axis=2, dtype=np.int64)
    bands = problem.bands or Bands.none(len(problem.skus), len(problem.nodes))
    low, high, most = bands.low_units[items], bands.high_units[items], bands.most_units[items]
    low_cost, high_cost = 1000 * bands.low_cents[items], 1000 * bands.high_cents[items]
    return np.stack([position, low, low_cost, high, high_cost, most], axis=-1)


@njit(cache=True, nogil=True)
def standing(stand: Ints, change: int) -> int:
    """Worth in millicents, not above zero, of the position changed by so many units; concave in the change."""
    position = stand[_POSITION] + change
    worth: int = -stand[_LOW_COST] * max(stand[_LOW] - position, 0) - stand[_HIGH_COST] * max(
        position - stand[_HIGH], 0
    )
    return worth


@njit(cache=True, nogil=True)
def accepts(stand: Ints, change: int) -> bool:
    """Whether a node whose position changes by so many units may receive any of them."""
    return bool(stand[_POSITION] + change <= stand[_MOST])


@njit(cache=True, nogil=True)
def room(stand: Ints, case: int) -> int:
    """Whole cases that may arrive."""
    return max(int(stand[_MOST] - stand[_POSITION]), 0) // case
