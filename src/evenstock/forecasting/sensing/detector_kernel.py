"""The loops of the detector: levels' chances on a grid, corrected day by day, with and without a shift."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from evenstock.distributions.path_kernel import DAYS_A_WEEK

MOVES: Final = 4
"""Small moves that make a week's drift: together nearly log-normal."""
_NEGLIGIBLE: Final = 1e-13
"""Weight of a level under which it is let go."""
_MOST: Final = 1e200


@njit(cache=True)
def _drift(p: npt.NDArray[np.float64], jump: int, up: float, down: float, spare: npt.NDArray[np.float64]) -> None:
    """Move mass `jump` points up and down; what would leave the grid stays at its end."""
    n = p.size
    for _ in range(MOVES):
        for k in range(n):
            spare[k] = p[k] * (1.0 - up - down)
        for k in range(n):
            spare[min(k + jump, n - 1)] += p[k] * up
            spare[max(k - jump, 0)] += p[k] * down
        p[:] = spare


@njit(cache=True)
def log_chance(y: float, mean: float, log_mean: float, a: float) -> float:
    """Logarithm of the negative binomial's chance of y, less what no mean changes."""
    if a > 1e-9:
        return y * log_mean - (y + 1.0 / a) * math.log1p(a * mean)
    return y * log_mean - mean


@njit(cache=True)
def _learn(
    p: npt.NDArray[np.float64],
    shifted: npt.NDArray[np.float64],
    chance: npt.NDArray[np.float64],
    level: npt.NDArray[np.float64],
    log_level: npt.NDArray[np.float64],
    log_ratio: npt.NDArray[np.float64],
    expected: float,
    y: float,
    a: float,
) -> None:
    """Bring the levels' chances `p`, and their weight `shifted` under each ratio, up to date with one day's units.

    A shift may begin on this very day: the chances before it join the weight first.
    """
    n_ratios = log_ratio.size
    log_mean, best = math.log(expected), -1e300
    for r in range(n_ratios + 1):
        by = log_mean + (log_ratio[r] if r < n_ratios else 0.0)
        mean = math.exp(by)
        for k in range(p.size):
            chance[r, k] = -1e300
            if p[k] + (shifted[r, k] if r < n_ratios else 0.0) > _NEGLIGIBLE:
                chance[r, k] = log_chance(y, mean * level[k], by + log_level[k], a)
                best = max(best, chance[r, k])
    total = 0.0
    for k in range(p.size):
        chance[n_ratios, k] = math.exp(chance[n_ratios, k] - best)
        total += p[k] * chance[n_ratios, k]
    total = max(total, 1e-250)
    for r in range(n_ratios):
        for k in range(p.size):
            grown = (shifted[r, k] + p[k]) * (math.exp(chance[r, k] - best) / total)
            shifted[r, k] = min(grown, _MOST)
    rest = 0.0
    for k in range(p.size):
        p[k] *= chance[n_ratios, k] / total
        rest += p[k]
    # Where no level on the grid explains the day, all are as likely as each other.
    for k in range(p.size):
        p[k] = p[k] / rest if rest > 0.0 else 1.0 / p.size


@njit(cache=True)
def detect(
    expected: npt.NDArray[np.float64],
    units: npt.NDArray[np.float64],
    row: npt.NDArray[np.int64],
    left: npt.NDArray[np.float64],
    log_level: npt.NDArray[np.float64],
    prior: npt.NDArray[np.float64],
    jump: npt.NDArray[np.int64],
    up: npt.NDArray[np.float64],
    down: npt.NDArray[np.float64],
    log_ratio: npt.NDArray[np.float64],
    more: npt.NDArray[np.float64],
    less: npt.NDArray[np.float64],
) -> None:
    """Fill ``more[path, day]`` and ``less[path, day]``; parameters as in `detector.Null`, ratios in rising order."""
    n_levels, n_ratios = log_level.shape[1], log_ratio.size
    first_up = np.searchsorted(log_ratio, 0.0)
    p, spare, shifted = np.empty(n_levels), np.empty(n_levels), np.empty((n_ratios, n_levels))
    chance = np.empty((n_ratios + 1, n_levels))
    for i in range(expected.shape[0]):
        s = row[i]
        p[:] = prior[s]
        level = np.exp(log_level[s])
        shifted[:, :] = 0.0
        drifts = up[s] + down[s] > 0.0
        for t in range(expected.shape[1]):
            if t > 0 and t % DAYS_A_WEEK == 0 and drifts:
                _drift(p, jump[s], up[s], down[s], spare)
                for r in range(n_ratios):
                    _drift(shifted[r], jump[s], up[s], down[s], spare)
            if expected[i, t] > 0.0:
                a = left[s, t // DAYS_A_WEEK]
                _learn(p, shifted, chance, level, log_level[s], log_ratio, expected[i, t], units[i, t], a)
            less[i, t] = shifted[:first_up].sum() / n_ratios
            more[i, t] = shifted[first_up:].sum() / n_ratios


@njit(cache=True)
def changes(
    expected: npt.NDArray[np.float64],
    units: npt.NDArray[np.float64],
    left: npt.NDArray[np.float64],
    log_level: npt.NDArray[np.float64],
    prior: npt.NDArray[np.float64],
    jump: int,
    up: float,
    down: float,
    log_ratio: npt.NDArray[np.float64],
    out: npt.NDArray[np.float64],
) -> None:
    """Fill ``out[first day, ratio]``; unlike in `detect`, each first day is kept apart."""
    n_levels, days = log_level.size, expected.size
    p, q, spare = prior.copy(), np.empty(n_levels), np.empty(n_levels)
    before = np.empty((days, n_levels))
    log_total = np.zeros(days)
    for t in range(days):
        if t > 0 and t % DAYS_A_WEEK == 0:
            _drift(p, jump, up, down, spare)
        before[t] = p
        log_total[t] = _correct(p, expected[t], units[t], left[t // DAYS_A_WEEK], log_level, 0.0)
    for begin in range(days):
        for r in range(log_ratio.size):
            q[:] = before[begin]
            found = 0.0
            for t in range(begin, days):
                if t > begin and t % DAYS_A_WEEK == 0:
                    _drift(q, jump, up, down, spare)
                a = left[t // DAYS_A_WEEK]
                found += _correct(q, expected[t], units[t], a, log_level, log_ratio[r]) - log_total[t]
            out[begin, r] = math.exp(min(found, 460.0))


@njit(cache=True)
def _correct(
    p: npt.NDArray[np.float64],
    expected: float,
    y: float,
    a: float,
    log_level: npt.NDArray[np.float64],
    log_ratio: float,
) -> float:
    """Bring the levels' chances up to date with one day, and return the logarithm of that day's chance."""
    if expected <= 0.0:
        return 0.0
    by = math.log(expected) + log_ratio
    best = -1e300
    chance = np.full(p.size, -1e300)
    for k in range(p.size):
        if p[k] > 0.0:
            chance[k] = log_chance(y, math.exp(by + log_level[k]), by + log_level[k], a)
            best = max(best, chance[k])
    total = 0.0
    for k in range(p.size):
        p[k] *= math.exp(chance[k] - best)
        total += p[k]
    for k in range(p.size):
        p[k] /= total
    return float(best + math.log(total))
