"""How widely demand scatters around its mean, by moments, with help from series that sell as fast."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.forecasting import velocity

Floats = npt.NDArray[np.float64]

TRAILING_DAYS: Final = 14
"""Days of the mean that a day is held against: short, so that a drifting level is not taken for scatter."""
ENOUGH: Final = 100.0
"""Information at which a series' own dispersion and that of its bucket weigh the same."""
LARGEST: Final = 20.0
DEFAULT: Final = 0.5
"""Dispersion where no series of a bucket tells any."""


def moments(units: Floats, seen: npt.NDArray[np.bool_], factor: Floats) -> tuple[Floats, Floats]:
    """Excess squared error and squared mean of one-day-ahead forecasts from the trailing two weeks; shape ``(series,)``.

    For a negative binomial E[(y - e)**2] = e + alpha e**2, so the ratio of the two estimates alpha. The trailing mean's
    own error adds 1/14 of the variance to the first, and to its own square, which is taken out of both.
    """
    zero = np.zeros((units.shape[0], 1))
    u = np.concatenate([zero, np.cumsum(units * seen, axis=1)], axis=1)
    f = np.concatenate([zero, np.cumsum(factor * seen, axis=1)], axis=1)
    trailing_units = u[:, TRAILING_DAYS:-1] - u[:, : -TRAILING_DAYS - 1]
    trailing_factor = f[:, TRAILING_DAYS:-1] - f[:, : -TRAILING_DAYS - 1]
    told = seen[:, TRAILING_DAYS:] & (trailing_factor >= TRAILING_DAYS / 2)
    rate = np.divide(trailing_units, trailing_factor, out=np.zeros_like(trailing_units), where=told)
    mean = rate * factor[:, TRAILING_DAYS:]
    variance = np.where(told, (units[:, TRAILING_DAYS:] - mean) ** 2, 0.0).sum(axis=1) / (1.0 + 1.0 / TRAILING_DAYS)
    excess = variance - np.where(told, mean, 0.0).sum(axis=1)
    return excess, np.maximum(np.where(told, mean * mean, 0.0).sum(axis=1) - variance / TRAILING_DAYS, 0.0)


def shrunk(excess: Floats, squared_mean: Floats, level: Floats) -> Floats:
    """Dispersion of each series: its own moments and its velocity bucket's, weighed by what they tell; not below zero."""
    own = np.clip(np.divide(excess, squared_mean, out=np.zeros_like(excess), where=squared_mean > 0), 0.0, LARGEST)
    share = squared_mean / (squared_mean + ENOUGH)
    code = velocity.bucket(level)
    weight = np.bincount(code, share, minlength=len(velocity.NAMES))
    mean = np.bincount(code, share * own, minlength=len(velocity.NAMES))
    overall = mean.sum() / weight.sum() if weight.sum() > 0 else DEFAULT
    # A bucket with little to tell leans on all series together.
    typical = (mean + overall) / (weight + 1.0)
    return np.asarray(share * own + (1.0 - share) * typical[code])
