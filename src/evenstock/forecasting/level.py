"""How much a series sells on an average day now."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WINDOWS: Final = ((7, 0.25), (28, 0.40), (91, 0.25), (364, 0.10))
"""Days looked back and weight of each mean: mostly the last month; the year keeps what slept for a quarter alive."""
LONGEST: Final = WINDOWS[-1][0]
YOUNG_DAYS: Final = 28
PRIOR_DAYS: Final = 4.0
"""Days' worth of sales of its group that a series with no history starts from; gone after four weeks."""


def level(units: Floats, factor: Floats, seen: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Units on a day with factor 1, and the number of days seen in the longest window; both shape ``(series,)``.

    Each window gives units over the sum of its day factors, which is the maximum-likelihood rate of a Poisson with known
    factors; days not seen are in neither sum. A window weighs by the share of it that was seen.

    Parameters
    ----------
    units, factor, seen
        Shape ``(series, day)``, the last day last; a history shorter than a window is a window partly seen.
    """
    days = units.shape[1]
    value, weight = np.zeros(units.shape[0]), np.zeros(units.shape[0])
    sums, later = np.zeros((3, units.shape[0])), days
    for window, share in WINDOWS:
        part = slice(max(days - window, 0), later)
        later = part.start
        on = seen[:, part]
        sums += [(units[:, part] * on).sum(axis=1), (factor[:, part] * on).sum(axis=1), on.sum(axis=1)]
        of_window = np.where(sums[1] > 0, share * sums[2] / window, 0.0)
        value += of_window * np.divide(sums[0], sums[1], out=np.zeros_like(value), where=sums[1] > 0)
        weight += of_window
    return np.divide(value, weight, out=np.zeros_like(value), where=weight > 0), sums[2]


def with_prior(own: Floats, days_seen: Floats, prior: Floats) -> Floats:
    """A young series' level drawn towards `prior` by up to `PRIOR_DAYS` days' worth; older ones keep their own.

    Examples
    --------
    Five units on its only day, in a group that sells one a day: (1 x 5 + 3.857 x 1) / 4.857.

    >>> with_prior(np.array([5.0, 5.0]), np.array([1.0, 28.0]), np.array([1.0, 1.0])).round(3).tolist()
    [1.824, 5.0]
    """
    borrowed = PRIOR_DAYS * np.maximum(1.0 - days_seen / YOUNG_DAYS, 0.0)
    return np.asarray((days_seen * own + borrowed * prior) / np.maximum(days_seen + borrowed, 1e-9))
