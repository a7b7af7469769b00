"""How a path's level lies around 1: tables from a normal score to a Gamma level of given variance.

A level that is looked up from a score rises with it, whatever its variance. So two series whose scores are correlated
co-move, and one that is less sure of its level moves further.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from evenstock.distributions.path_kernel import SCORE_END, SCORE_STEPS_A_UNIT

Floats = npt.NDArray[np.float64]

MOST_VARIANCE: Final = 256.0
"""Largest variance of a level: nine series in ten of such a group sell next to nothing."""
LEAST_VARIANCE: Final = 2.0**-20
"""Variance under which a level counts as 1."""
_ROWS_A_DOUBLING: Final = 4
_SCORES: Final = np.linspace(-SCORE_END, SCORE_END, 2 * int(SCORE_END * SCORE_STEPS_A_UNIT) + 1)


def table(variance: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Levels at the knots of normal scores, one row for each variance that occurs, and the row of each series.

    Each row has mean 1 and the variance asked for, both exactly, under a standard normal score with straight lines
    between knots. It is the Gamma's where its variance is a power of ``2**(1/4)``; between two such it is a mean of both.

    Parameters
    ----------
    variance
        Shape ``(series,)``, from 0 to `MOST_VARIANCE`; under `LEAST_VARIANCE` the row is -1, a level of 1.

    Examples
    --------
    A level with variance 1 is exponential: at score 0 it is the median ln 2.

    >>> rows, row = table(np.array([1.0, 0.0, 1.0]))
    >>> row.tolist(), round(float(rows[1, _SCORES.size // 2]), 3)
    ([1, -1, 1], 0.693)
    """
    asked, row = np.unique(variance, return_inverse=True)
    asked = np.maximum(asked, LEAST_VARIANCE)
    rows, gram = _gamma_rows()
    low = np.clip(np.searchsorted(np.diag(gram) - 1.0, asked, side="right") - 1, 0, rows.shape[0] - 2)
    a, b, c = gram[low, low], gram[low + 1, low + 1], gram[low, low + 1]
    # The share t of the upper row for which E[((1 - t) A + t B)**2] = 1 + v.
    square, linear, rest = a + b - 2.0 * c, c - a, a - 1.0 - asked
    share = np.clip((-linear + np.sqrt(np.maximum(linear**2 - square * rest, 0.0))) / square, 0.0, 1.0)[:, None]
    found = (1.0 - share) * rows[low] + share * rows[low + 1]
    return np.ascontiguousarray(found), np.where(variance < LEAST_VARIANCE, -1, row.astype(np.int64))


def hermite(variance: Floats, orders: int = 6) -> Floats:
    """Coefficients by which levels co-move, shape ``(series, orders)``.

    Two levels whose scores have correlation r have covariance ``sum_n r**n h_in h_jn``, n from 1 (Mehler's formula); with
    r = 1 and all orders that is nearly the geometric mean of the variances.
    """
    rows, row = table(variance)
    mass, _, _ = _segment_moments()
    inner = 0.5 * (_SCORES[1:] + _SCORES[:-1])
    basis = [np.ones_like(inner), inner]
    for n in range(2, orders + 1):
        basis.append((inner * basis[-1] - np.sqrt(n - 1.0) * basis[-2]) / np.sqrt(float(n)))
    middle = 0.5 * (rows[:, 1:] + rows[:, :-1])
    found = np.stack([(middle * (mass * b)).sum(axis=1) for b in basis[1:]], axis=1)
    return np.where((row >= 0)[:, None], found[row], 0.0)


@lru_cache(maxsize=1)
def _segment_moments() -> tuple[Floats, Floats, Floats]:
    """Mass, first and second moment of a standard normal between neighbouring knots, its tails in the outer ones."""
    density = np.exp(-0.5 * _SCORES**2) / np.sqrt(2.0 * np.pi)
    cumulated = special.ndtr(_SCORES)
    mass = np.diff(cumulated)
    first = density[:-1] - density[1:]
    second = mass + _SCORES[:-1] * density[:-1] - _SCORES[1:] * density[1:]
    return mass, first, second


@lru_cache(maxsize=1)
def _gamma_rows() -> tuple[Floats, Floats]:
    """Gamma levels at the knots for variances a quarter of a doubling apart, and E[row_a row_b] of each pair of rows."""
    steps = int(np.log2(MOST_VARIANCE / LEAST_VARIANCE)) * _ROWS_A_DOUBLING
    variance = LEAST_VARIANCE * 2.0 ** (np.arange(-1, steps + 2) / _ROWS_A_DOUBLING)
    upper = _SCORES > 0
    shape = 1.0 / variance[:, None]
    rows = np.empty((variance.size, _SCORES.size))
    rows[:, ~upper] = special.gammaincinv(shape, special.ndtr(_SCORES[~upper])) * variance[:, None]
    rows[:, upper] = special.gammainccinv(shape, special.ndtr(-_SCORES[upper])) * variance[:, None]
    mass, first, second = _segment_moments()
    slope = np.diff(rows, axis=1) / np.diff(_SCORES)
    start = rows[:, :-1] - slope * _SCORES[:-1]
    mean = (start * mass + slope * first).sum(axis=1) / mass.sum()
    rows, slope, start = rows / mean[:, None], slope / mean[:, None], start / mean[:, None]
    cross = (start * first) @ slope.T
    gram = ((start * mass) @ start.T + cross + cross.T + (slope * second) @ slope.T) / mass.sum()
    return rows, gram
