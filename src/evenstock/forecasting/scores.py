"""How good a forecast was: losses, bias, and whether its probabilities came true.

Arrays are ``actual (series, day)`` and ``quantiles (series, day, level)``. MAPE is left out: it has no meaning at zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from evenstock.distributions import negative_binomial as nb
from evenstock.forecasting.history import DemandHistory
from evenstock.forecasting.path_variance import total_dispersion

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.integer] | Floats
Reals = Floats | npt.NDArray[np.float32]

M5_LEVELS: Final = (0.005, 0.025, 0.165, 0.25, 0.5, 0.75, 0.835, 0.975, 0.995)
"""Quantile levels of the M5 uncertainty competition: the median and the 50, 67, 95 and 99 % intervals."""


def pinball(actual: Numbers, quantiles: Numbers, levels: Sequence[float]) -> Floats:
    """Mean over days of the pinball (quantile) loss, shape ``(series, level)``, in units.

    References
    ----------
    Koenker and Bassett (1978), Regression Quantiles; Gneiting (2011) for its propriety.

    Examples
    --------
    Ten sold where the 0.9 quantile said eight costs 0.9 x 2; five sold costs 0.1 x 3.

    >>> pinball(np.array([[10], [5]]), np.array([[[8]], [[8]]]), [0.9]).round(2).tolist()
    [[1.8], [0.3]]
    """
    level = np.asarray(levels, dtype=np.float64)
    gap = np.asarray(actual, dtype=np.float64)[:, :, None] - quantiles
    return np.asarray(np.maximum(level * gap, (level - 1.0) * gap).mean(axis=1))


def naive_scale(history: DemandHistory) -> Floats:
    """Mean absolute change from day to day since the first sale, shape ``(series,)``: the M5 guide's denominator.

    NaN where there is no such day or no change, so that nobody divides by it unawares.
    """
    scale = np.empty(history.n_series)
    for begin in range(0, history.n_series, 4096):
        part = history.rows(np.arange(begin, min(begin + 4096, history.n_series)))
        step = np.abs(np.diff(part.units.astype(np.int64), axis=1))
        active = np.arange(step.shape[1])[None, :] >= part.start[:, None]
        total, days = (step * active).sum(axis=1), active.sum(axis=1)
        scale[begin : begin + 4096] = np.divide(total, days, out=np.full(total.shape, np.nan), where=total > 0)
    return scale


def wspl(actual: Numbers, quantiles: Numbers, levels: Sequence[float], scale: Floats, weight: Floats) -> float:
    """Weighted scaled pinball loss of the M5 uncertainty competition, at the level of the series given (level 12).

    ``sum_i w_i mean_u SPL_i(u)`` with SPL the pinball loss over `scale` (`naive_scale`); weights (such as the money sold in
    the last 28 days) are made to add up to 1 over the series that have a scale.

    References
    ----------
    Makridakis, Spiliotis and Assimakopoulos, The M5 Competition: Competitors' Guide (2020).
    """
    loss = pinball(actual, quantiles, levels).mean(axis=1)
    known = np.isfinite(scale) & (weight > 0)
    if not known.any():
        return float("nan")
    return float((weight[known] * loss[known] / scale[known]).sum() / weight[known].sum())


def wape(actual: Numbers, mean: Numbers) -> float:
    """Sum of absolute errors over sum of demand; NaN where nothing sold.

    Examples
    --------
    >>> wape(np.array([[4, 0, 6]]), np.array([[5, 1, 3]]))
    0.5
    """
    total = float(np.sum(actual))
    return float(np.abs(np.asarray(actual) - mean).sum()) / total if total > 0 else float("nan")


def bias(actual: Numbers, mean: Numbers) -> float:
    """Sum forecast over sum sold, less 1: above zero is too much; NaN where nothing sold.

    Examples
    --------
    >>> round(bias(np.array([[4, 0, 6]]), np.array([[5, 1, 3]])), 3)
    -0.1
    """
    total = float(np.sum(actual))
    return float(np.sum(mean)) / total - 1.0 if total > 0 else float("nan")


def sum_coverage(
    actual: Numbers,
    mu: Floats,
    alpha: Floats,
    path_variance: Floats,
    path_drift: Floats | None = None,
    *,
    days: int,
    share: float = 0.95,
) -> float:
    """Share of series whose total over the first `days` days lies in the central interval of probability `share`.

    The interval's ends are quantiles of the negative binomial with the two exact moments of the paths' totals. Counts
    are discrete, so a right forecast covers a little more than `share`.
    """
    total, dispersion = total_dispersion(mu[:, :days], alpha, path_variance, path_drift)
    sold = np.asarray(actual)[:, :days].sum(axis=1)
    low = nb.quantile((1.0 - share) / 2.0, total, dispersion)
    high = nb.quantile((1.0 + share) / 2.0, total, dispersion)
    return float(((sold >= low) & (sold <= high)).mean())


def randomised_pit(actual: Numbers, mu: Floats, alpha: Floats, rng: np.random.Generator) -> Floats:
    """Probability integral transform of counts, made continuous: uniform on (0, 1) if and only if the forecast is right.

    ``F(y - 1) + V (F(y) - F(y - 1))`` with V uniform; `mu` and `alpha` have, or broadcast to, the shape of `actual`.

    References
    ----------
    Czado, Gneiting and Held (2009), Predictive Model Assessment for Count Data, Biometrics 65, eq. 2.
    """
    sold = np.asarray(actual)
    below, upto = nb.cdf(sold - 1, mu, alpha), nb.cdf(sold, mu, alpha)
    return np.asarray(below + rng.random(sold.shape) * (upto - below))


def pit_bounds(actual: Numbers, mu: npt.ArrayLike, alpha: npt.ArrayLike) -> tuple[Floats, Floats]:
    """``F(y - 1)`` and ``F(y)``: between them a count's probability transform lies anywhere with equal chance."""
    sold = np.asarray(actual)
    return nb.cdf(sold - 1, mu, alpha), nb.cdf(sold, mu, alpha)


def share_below(below: Reals, upto: Reals, level: float) -> Floats:
    """Chance that each randomised transform is at most `level`, shape of `below`: on average `level` if the forecast is right.

    Plain shares of days at or under a quantile are more than its level even under the truth, because a quantile of counts
    holds the whole of its last unit; this is the same share with that unit split, without drawing lots.

    References
    ----------
    Czado, Gneiting and Held (2009), the non-randomised transform, eq. 4.

    Examples
    --------
    Zero has probability one half, so of a zero's transform, between 0 and 0.5, half lies under 0.25.

    >>> share_below(np.array([0.0, 0.5]), np.array([0.5, 0.9]), 0.25).tolist()
    [0.5, 0.0]
    """
    width = upto - below
    inside = np.divide(level - below, width, out=np.where(upto <= level, 1.0, 0.0), where=width > 0)
    return np.asarray(np.clip(inside, 0.0, 1.0))


def uniformity(transform: Floats, bins: int = 20) -> tuple[float, float]:
    """Chi-square of a histogram of transforms against a flat one, and the chance of as much under a right forecast.

    The transforms must be independent: draw one day of each series, because days of a series share its level.

    Examples
    --------
    >>> uniformity((np.arange(200) + 0.5) / 200)
    (0.0, 1.0)
    """
    if transform.size < 5 * bins:
        return float("nan"), float("nan")
    counts = np.histogram(transform, bins=bins, range=(0.0, 1.0))[0]
    expected = transform.size / bins
    chi = float(((counts - expected) ** 2).sum() / expected)
    return chi, float(special.chdtrc(bins - 1, chi))
