"""Evidence, day by day, that demand has become a multiple of what it was, against all that the forecast itself allows.

Under the forecast a path has a level that is not known: a Gamma prior on a grid, moved each week by the drift and corrected
each day by Bayes' rule, gives the exact chance of each day's units given the days before (up to the grid). Had demand become
``rho`` times as much from day t on, the same reckoning gives the chance of the days since. Their ratio, summed over every t
at which it may have begun and averaged over ``rho``, is a Shiryaev-Roberts statistic: while nothing has shifted its mean
after t days is t, so by Doob's inequality it reaches h within t days with probability at most t / h, whatever the series.

References
----------
Shin, Ramdas and Rinaldo (2023), E-detectors: a nonparametric framework for sequential change detection, sec. 2 and 3; Roberts
(1966), A comparison of some control chart procedures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from evenstock.distributions.path_kernel import DAYS_A_WEEK
from evenstock.distributions.paths import daily_dispersion, level_variance
from evenstock.forecasting.forecast import Forecast
from evenstock.forecasting.sensing.detector_kernel import MOVES, changes, detect

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RATIOS: Final = (1 / 4, 1 / 2, 2 / 3, 1.5, 2.0, 4.0)
"""Shifts looked for, each with the same weight. What is nearer to 1 than to the middle ones counts as none."""
LEVELS: Final = 33
"""Points of the grid of levels."""
_LEAST_VARIANCE: Final = 1e-6
_ENDS: Final = (0.0003, 0.9999)
"""Quantiles of the last week's level at which the grid ends."""
_LOG_ENDS: Final = (-3.5, 4.0)
_MOST_MOVED: Final = 0.6
"""Share of a grid point's mass that a week's drift may move to its neighbours before these are taken further away."""


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """What the forecast allows: means and scatter of days, and a grid of levels with their chances."""

    left: Floats
    """Dispersion of a day given the level, shape ``(series, week)``."""
    log_level: Floats
    """Shape ``(series, LEVELS)``, evenly spaced."""
    prior: Floats
    """Chance of each level in the first week, shape ``(series, LEVELS)``; the mean level is 1."""
    jump: Ints
    """How many grid points each of a week's `MOVES` moves a level, shape ``(series,)``."""
    up: Floats
    """Chance that it does so upwards, shape ``(series,)``; with `down` such that mean 1 and variance are the drift's."""
    down: Floats


def null_of(forecast: Forecast) -> Null:
    """The forecast's own paths, made ready for reckoning with them."""
    weeks = -(-forecast.horizon // DAYS_A_WEEK)
    v = np.maximum(forecast.path_variance, _LEAST_VARIANCE)
    w = forecast.path_drift
    of_week = level_variance(forecast.path_variance, w, weeks)
    left = daily_dispersion(forecast.alpha[:, None], of_week)
    widest = np.maximum(of_week[:, -1], _LEAST_VARIANCE)
    low = np.log(np.maximum(special.gammaincinv(1 / widest, _ENDS[0]) * widest, np.exp(_LOG_ENDS[0])))
    high = np.log(np.clip(special.gammaincinv(1 / widest, _ENDS[1]) * widest, 1.002, np.exp(_LOG_ENDS[1])))
    knots = np.linspace(0.0, 1.0, LEVELS)
    x = low[:, None] + (high - low)[:, None] * knots
    edges = np.exp(0.5 * (x[:, 1:] + x[:, :-1]))
    upto = special.gammainc(1 / v[:, None], edges / v[:, None])
    prior = np.diff(np.concatenate([np.zeros((v.size, 1)), upto, np.ones((v.size, 1))], axis=1), axis=1)
    prior = np.maximum(prior, 0.0)
    x -= np.log((prior * np.exp(x)).sum(axis=1, keepdims=True))
    return Null(left, x, prior, *_jumps(x[:, 1] - x[:, 0], np.expm1(np.log1p(w) / MOVES)))


def _jumps(step: Floats, w: Floats) -> tuple[Ints, Floats, Floats]:
    """A move by three points that has the drift's mean 1 and variance w exactly."""
    jump = np.ones(w.size, np.int64)
    for _ in range(LEVELS - 1):
        a, b = np.expm1(jump * step), -np.expm1(-jump * step)
        jump = np.where((w > _MOST_MOVED * a * b) & (jump < LEVELS - 1), jump + 1, jump)
    a, b = np.expm1(jump * step), -np.expm1(-jump * step)
    up, down = w / (a * (a + b)), w / (b * (a + b))
    total = np.maximum(up + down, 1.0)
    return jump, up / total, down / total


def evidence(null: Null, expected: Floats, units: Floats, row: Ints | None = None) -> tuple[Floats, Floats]:
    """The statistic of more and of less, each ``(path, day)``: what both together say is their sum.

    Parameters
    ----------
    expected, units
        Means of what was seen and what came, shape ``(path, day)``, from the forecast's first day on. A day of which
        nothing was expected (hidden, not heard) changes nothing.
    row
        Series of each path; the first, second, ... where not given.
    """
    of = np.arange(expected.shape[0]) if row is None else row
    more, less = np.empty(expected.shape), np.empty(expected.shape)
    detect(
        np.ascontiguousarray(expected, dtype=np.float64),
        np.ascontiguousarray(units, dtype=np.float64),
        of,
        null.left,
        null.log_level,
        null.prior,
        null.jump,
        null.up,
        null.down,
        np.log(np.asarray(RATIOS)),
        more,
        less,
    )
    return more, less


def change_likelihood(null: Null, row: int, expected: Floats, units: Floats, ratios: Floats) -> Floats:
    """Likelihood ratio of each first day of a shift and each ratio against no shift, shape ``(day, ratio)``."""
    out = np.empty((expected.size, ratios.size))
    changes(
        np.ascontiguousarray(expected, dtype=np.float64),
        np.ascontiguousarray(units, dtype=np.float64),
        null.left[row],
        null.log_level[row],
        null.prior[row],
        int(null.jump[row]),
        float(null.up[row]),
        float(null.down[row]),
        np.log(ratios),
        out,
    )
    return out
