"""How much of the error of a level is the item's, and how much is the node's own."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.distributions.levels import hermite

Floats = npt.NDArray[np.float64]

TYPICAL: Final = 0.3
"""Correlation found between ten stores of one chain, the prior that few items lean on."""
_PRIOR: Final = 200.0
"""Weight of the prior, in pairs of nodes whose errors are all level: a standard deviation of about 0.1."""
_MOST: Final = 4.0
"""Standardised error beyond which one month of one series counts no further."""
ORDERS: Final = 6


def evidence(
    sold: Floats, total: Floats, variance: Floats, level_variance: Floats, item: npt.NDArray[np.int64]
) -> tuple[float, Floats]:
    """What pairs of nodes of one item say of their correlation: a sum, and its expectation ``sum_n r**n c_n``.

    Each series' standardised error is weighed by the share of its standard deviation that the level causes, which is the
    least-squares weight: a series whose error is mostly chance of the day says little.

    Parameters
    ----------
    sold, total, variance
        Units sold, their mean and their variance over the same days, shape ``(series,)``.
    level_variance
        Variance of the level over these days.
    item
        Code of the item each series belongs to.

    Returns
    -------
    tuple
        The sum over pairs of weighed products, and the coefficients c, shape ``(ORDERS,)``.
    """
    deviation = np.sqrt(np.maximum(variance, 1e-12))
    weight = np.sqrt(level_variance) * total / deviation
    error = np.clip((sold - total) / deviation, -_MOST, _MOST)
    loading = hermite(level_variance, ORDERS) * (total / deviation)[:, None]
    columns = weight[:, None] * np.column_stack([error, loading])
    of_pairs = np.zeros(ORDERS + 1)
    for k in range(ORDERS + 1):
        together = np.bincount(item, columns[:, k])
        of_pairs[k] = (together**2).sum() - (columns[:, k] ** 2).sum()
    return float(of_pairs[0]), np.maximum(of_pairs[1:], 0.0)


def correlations(seen: Floats, expected: Floats) -> Floats:
    """The correlation of each class, each drawn towards that of all together, which is drawn towards `TYPICAL`.

    Parameters
    ----------
    seen, expected
        Sums of `evidence`, shapes ``(class,)`` and ``(class, ORDERS)``.

    Examples
    --------
    Two classes that would say 0.6 and 0.4, of 25 and of 250,000 times the prior's weight; one without pairs:

    >>> expected = np.zeros((3, ORDERS))
    >>> expected[:, 0] = 5e3, 5e7, 0
    >>> correlations(np.array([3e3, 2e7, 0]), expected).round(3).tolist()
    [0.592, 0.4, 0.4]
    """
    overall = _correlation(float(seen.sum()), expected.sum(axis=0), TYPICAL)
    return np.array([_correlation(float(s), c, overall) for s, c in zip(seen, expected, strict=True)])


def _correlation(seen: float, expected: Floats, prior: float) -> float:
    """The correlation, 0 to 1, at which what was seen is what was to be expected, drawn towards `prior`."""
    goal = seen + _PRIOR * prior
    coefficients = np.concatenate([[expected[0] + _PRIOR], expected[1:]])
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        if (coefficients * middle ** np.arange(1, ORDERS + 1)).sum() < goal:
            low = middle
        else:
            high = middle
    return round(0.5 * (low + high), 6)
