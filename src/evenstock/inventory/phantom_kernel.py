"""Compiled walk through the days of each SKU-node: a filter over (demand level, shelf stocked or empty)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]


@njit(cache=True)
def _pass_night(stocked: Floats, empty: Floats, weights: Floats, hazard: float, back: float, shift: float) -> None:
    """Shelves become empty or full unseen, and demand may take another level."""
    all_stocked, all_empty = 0.0, 0.0
    for k in range(stocked.size):
        change = back * empty[k] - hazard * stocked[k]
        stocked[k] += change
        empty[k] -= change
        all_stocked += stocked[k]
        all_empty += empty[k]
    for k in range(stocked.size):
        stocked[k] += shift * (weights[k] * all_stocked - stocked[k])
        empty[k] += shift * (weights[k] * all_empty - empty[k])


@njit(cache=True)
def _log_weight(sold: int, mean: float, spread: float) -> float:
    """Log-likelihood of a day's sales on a stocked shelf, without what is the same for every level."""
    if mean <= 0.0:
        # Sales where none were expected say nothing about the level, only that something was there.
        return 0.0
    if spread < 1e-9:
        return float(sold * np.log(mean) - mean)
    grown = spread * mean
    return float(sold * np.log(mean / (1.0 + grown)) - np.log1p(grown) / spread)


@njit(cache=True)
def _see_sales(
    stocked: Floats,
    empty: Floats,
    points: Floats,
    sold: int,
    mean: float,
    spread: float,
    leak: float,
    log_weight: Floats,
) -> None:
    """An empty shelf sells nothing (but for `leak`); a stocked one as demand of its level has it."""
    # Without sales the empty shelf's likelihood is 1, the largest there is; with sales only ratios matter.
    highest = -np.inf if sold > 0 else 0.0
    for k in range(stocked.size):
        log_weight[k] = _log_weight(sold, mean * points[k], spread)
        highest = max(highest, log_weight[k])
    for k in range(stocked.size):
        likely = np.exp(log_weight[k] - highest)
        stocked[k] *= likely
        empty[k] *= leak * likely if sold > 0 else 1.0


@njit(cache=True)
def _close_day(stocked: Floats, empty: Floats, pick_log_ratio: float, restored: float) -> float:
    """Weigh the day's picks, obey a count or receipt, make all sum to one; returns P(empty)."""
    for_empty, for_stocked = np.exp(min(pick_log_ratio, 0.0)), np.exp(-max(pick_log_ratio, 0.0))
    total, all_empty = 0.0, 0.0
    for k in range(stocked.size):
        stocked[k] *= for_stocked
        empty[k] *= for_empty
        total += stocked[k] + empty[k]
        all_empty += empty[k]
    share = all_empty / total
    told = restored >= 0.0
    if told:
        share = 1.0 - restored
    for k in range(stocked.size):
        both = stocked[k] + empty[k]
        stocked[k] = (both * (1.0 - share) if told else stocked[k]) / total
        empty[k] = (both * share if told else empty[k]) / total
    return float(share)


@njit(cache=True)
def walk(
    sold: npt.NDArray[np.int64],
    mean: Floats,
    spread: Floats,
    looked: npt.NDArray[np.bool_],
    pick_log_ratio: Floats,
    restored: Floats,
    points: Floats,
    weights: Floats,
    start: Floats,
    hazard: Floats,
    shift: Floats,
    back: float,
    leak: float,
    out: Floats,
) -> None:
    """Write P(empty) at the end of each day into `out`; see `phantom.phantom_probability` for the meaning of each array."""
    log_weight = np.empty(points.shape[1])
    for s in range(sold.shape[0]):
        stocked, empty = weights[s] * (1.0 - start[s]), weights[s] * start[s]
        for t in range(sold.shape[1]):
            _pass_night(stocked, empty, weights[s], hazard[s], back, shift[s])
            if looked[s, t] and (mean[s, t] > 0.0 or sold[s, t] > 0):
                _see_sales(stocked, empty, points[s], sold[s, t], mean[s, t], spread[s], leak, log_weight)
            out[s, t] = _close_day(stocked, empty, pick_log_ratio[s, t], restored[s, t])
