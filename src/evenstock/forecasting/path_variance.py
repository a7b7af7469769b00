"""How far a whole month may lie off: the level that the days of a path share, learned at earlier origins.

Days may each be calibrated while their sum is far too sure of itself, because the level itself is uncertain, and the more
so the further ahead. So the forecaster is run at earlier origins inside the history, and for each class of velocity the
variance of the level is chosen under which the 95 % interval of 28-day sums holds 95 % of what was sold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.distributions import negative_binomial as nb
from evenstock.distributions.path_kernel import DAYS_A_WEEK
from evenstock.distributions.paths import level_variance
from evenstock.forecasting import coupling
from evenstock.forecasting.calibration import (
    ASLEEP_BELOW,
    N_CLASSES,
    Calibration,
    fitted_together,
    item_class,
    sleep,
    velocity_class,
)
from evenstock.forecasting.daily import Daily
from evenstock.forecasting.history import DemandHistory

Floats = npt.NDArray[np.float64]

SUM_DAYS: Final = 28
ORIGINS: Final = 3
"""Origins 28, 56 and 84 days back."""
FIRST_ORIGIN_BACK: Final = ORIGINS * SUM_DAYS
LEAST_HISTORY: Final = 56
"""Days that an origin needs behind it."""
MOST_SERIES: Final = 12_000
"""Series that are looked at; of more, every second, third ... item is taken, with all its nodes."""
TYPICAL: Final = np.array([6.0, 3.0, 0.8, 0.45, 0.2, 0.18, 0.18, 0.18])
"""Variance by class found on retail sales (ten stores): the prior that little data leans on."""
TYPICAL_GROWTH: Final = 0.2
"""Share of the first week's variance that each further week adds, found on the same."""
TYPICAL_WAKING: Final = 0.02
_TAIL: Final = 0.025
_PRIOR_SPREAD: Final = 0.7
"""Standard deviation of the prior, in logarithms: a factor of two either way is usual."""
_STEPS: Final = np.geomspace(1 / 16, 8, 15)
_GROWTHS: Final = np.array([0.0, 0.1, 0.2, 0.35, 0.5, 0.75])
_GROWTH_SPREAD: Final = 0.15
_WAKING_PRIOR_DAYS: Final = 2000.0
_WAKING_MOST: Final = 1.0
"""Units a day beyond which one that woke counts no further: a single launch shall not lift every sleeper."""


def total_dispersion(
    mu: Floats, alpha: Floats, path_variance: Floats, drift: Floats | None = None, *, first: int = 0
) -> tuple[Floats, Floats]:
    """Mean and dispersion of the sum of days, each ``(series,)``: exact moments of `sample_paths`.

    The sum is not exactly negative binomial, but one with these two moments is close.

    Parameters
    ----------
    mu
        Means of the days that are added up, shape ``(series, day)``.
    first
        How many days ahead the first of them is: level variance grows by weeks from the origin on.
    """
    total = mu.sum(axis=1)
    squares, crossed = _weekly(mu, first)
    w = np.zeros_like(alpha) if drift is None else drift
    variance = level_variance(path_variance, w, squares.shape[1])
    excess = (np.maximum(alpha[:, None] - variance, 0.0) * squares + variance * crossed).sum(axis=1)
    return total, np.divide(excess, total**2, out=np.zeros_like(total), where=total > 0)


def _weekly(mu: Floats, first: int = 0) -> tuple[Floats, Floats]:
    """For each week from the origin: the squares of its days, and its products with itself and, twice, later weeks."""
    week = (first + np.arange(mu.shape[1])) // DAYS_A_WEEK
    weeks = int(week[-1]) + 1 if mu.shape[1] else 1
    sums, squares = np.zeros((mu.shape[0], weeks)), np.zeros((mu.shape[0], weeks))
    for k in np.unique(week):
        part = mu[:, week == k]
        sums[:, k], squares[:, k] = part.sum(axis=1), (part * part).sum(axis=1)
    later = sums.sum(axis=1, keepdims=True) - np.cumsum(sums, axis=1)
    return squares, sums * (sums + 2.0 * later)


@dataclass(frozen=True, slots=True)
class _Origin:
    """What a forecaster said at one origin of the series that were seen whole, and what they sold."""

    mu: Floats
    alpha: Floats
    sold: Floats
    item: npt.NDArray[np.int64]

    def missed(self, level: Floats, growth: Floats, days: slice) -> Floats:
        """How much each series' sum over `days` lies outside its 95 % interval, 0 to 1.

        Half counts the share of the sum's randomised probability transform that lies outside, which a right forecast has
        at 5 % however coarse its counts; half counts whole sums outside whole quantiles, which is what is promised.
        """
        code = velocity_class(self.mu.mean(axis=1))
        alpha, v = fitted_together(self.mu, self.alpha, level[code])
        mean, dispersion = total_dispersion(self.mu[:, days], alpha, v, _drift(v, growth[code]), first=days.start or 0)
        sold = self.sold[:, days].sum(axis=1)
        upto = nb.cdf(sold, mean, dispersion)
        mass = nb.pmf(sold, mean, dispersion)
        below = upto - mass
        step = np.maximum(mass, 1e-300)
        beyond = np.clip((upto - (1.0 - _TAIL)) / step, 0.0, 1.0) + np.clip((_TAIL - below) / step, 0.0, 1.0)
        outside = (below >= 1.0 - _TAIL) | (upto < _TAIL)
        return 0.5 * beyond + 0.5 * outside


def _drift(level: Floats, growth: Floats) -> Floats:
    """Weekly drift with which the second week's variance is ``(1 + growth)`` times the first's."""
    return np.minimum(growth * level / (1.0 + level), 1.0)


def fit_calibration(
    history: DemandHistory, forecaster: Callable[[DemandHistory], Daily]
) -> tuple[Calibration, tuple[str, ...]]:
    """How honest sums are made, and notes on what it stands on.

    Parameters
    ----------
    forecaster
        Gives days ahead (at least 28) from the history before an origin, as it would have at that time.

    Notes
    -----
    Shares of sums outside their intervals are held against 5 % by a binomial's variance, beside a log-normal prior around
    `TYPICAL`: with thousands of series the data decide, with ten the prior does.
    """
    sample = _sampled(history)
    told = []
    for back in range(1, ORIGINS + 1):
        day = sample.n_days - back * SUM_DAYS
        if day < LEAST_HISTORY:
            break
        past = sample.before(sample.first_day + timedelta(days=day))
        told.append(_origin(sample, day, forecaster(past)))
    if not told:
        note = f"path variance is the usual one of retail sales: {history.n_days} days leave no origin to learn it from"
        drift = _drift(TYPICAL, np.full(N_CLASSES, TYPICAL_GROWTH))
        return Calibration(TYPICAL, drift, np.full(N_CLASSES, coupling.TYPICAL), TYPICAL_WAKING), (note,)
    waking, none = _waking(told), np.zeros(N_CLASSES)
    lift = Calibration(none, none, none, waking)
    awake = [_Origin(lift.means(o.mu, o.item), o.alpha, o.sold, o.item) for o in told]
    level, growth = _level_and_growth(awake)
    drift = _drift(level, growth)
    return Calibration(level, drift, _shared(awake, level, drift), waking), ()


def _sampled(history: DemandHistory) -> DemandHistory:
    step = -(-history.n_series // MOST_SERIES) if history.n_series else 1
    if step == 1:
        return history
    _, item = np.unique(history.keys["sku"].to_numpy(), return_inverse=True)
    return history.rows(np.flatnonzero(item % step == 0))


def _origin(history: DemandHistory, day: int, said: Daily) -> _Origin:
    """Series with hidden days in the window, or of which nothing is expected, stay out."""
    window = slice(day, day + SUM_DAYS)
    whole = np.ones(history.n_series, bool) if history.hidden is None else ~history.hidden[:, window].any(axis=1)
    rows = np.flatnonzero(whole & (said.mu[:, :SUM_DAYS].sum(axis=1) > 0))
    _, item = np.unique(history.keys["sku"].to_numpy()[rows], return_inverse=True)
    return _Origin(
        said.mu[rows, :SUM_DAYS],
        said.alpha[rows],
        history.units[rows, window].astype(np.float64),
        item.astype(np.int64),
    )


def _waking(told: list[_Origin]) -> float:
    """Units a day that sleepers sold beyond what was said of them, by least squares; not below zero."""
    extra, weight = TYPICAL_WAKING * _WAKING_PRIOR_DAYS, _WAKING_PRIOR_DAYS
    for origin in told:
        mean = origin.mu.mean(axis=1)
        asleep = sleep(mean, origin.item)
        sold = np.minimum(origin.sold.mean(axis=1), _WAKING_MOST)
        extra += float((asleep * (sold - mean)).sum()) * SUM_DAYS
        weight += float((asleep * asleep).sum()) * SUM_DAYS
    return round(float(np.clip(extra / weight, 0.0, ASLEEP_BELOW)), 6)


def _level_and_growth(told: list[_Origin]) -> tuple[Floats, Floats]:
    """First the variance under the usual growth, from whole months; then the growth, from their last weeks."""
    month, last_week = slice(0, SUM_DAYS), slice(SUM_DAYS - DAYS_A_WEEK, SUM_DAYS)
    usual = np.full(N_CLASSES, TYPICAL_GROWTH)
    prior = -0.5 * (np.log(_STEPS) / _PRIOR_SPREAD) ** 2
    scored = np.stack(
        [p + _evidence(told, TYPICAL * step, usual, month) for p, step in zip(prior, _STEPS, strict=True)], axis=1
    )
    level = TYPICAL * _STEPS[scored.argmax(axis=1)]

    def held(growth: Floats | float) -> Floats:
        """The first week's variance with which the month's stays what it is: weeks weigh 7, 5, 3, 1 of 16."""
        return np.asarray(level * (1.0 + 0.875 * TYPICAL_GROWTH) / (1.0 + 0.875 * np.asarray(growth)))

    prior = -0.5 * ((_GROWTHS - TYPICAL_GROWTH) / _GROWTH_SPREAD) ** 2
    scored = np.stack(
        [p + _evidence(told, held(g), np.full(N_CLASSES, g), last_week) for p, g in zip(prior, _GROWTHS, strict=True)],
        axis=1,
    )
    growth = _GROWTHS[scored.argmax(axis=1)]
    return held(growth), growth


def _evidence(told: list[_Origin], level: Floats, growth: Floats, days: slice) -> Floats:
    """Log-likelihood, by the normal, of the share missed in each class; shape ``(class,)``."""
    missed, n = np.zeros(N_CLASSES), np.zeros(N_CLASSES)
    for origin in told:
        code = velocity_class(origin.mu.mean(axis=1))
        missed += np.bincount(code, origin.missed(level, growth, days), minlength=N_CLASSES)
        n += np.bincount(code, minlength=N_CLASSES)
    share, goal = missed / np.maximum(n, 1.0), 2.0 * _TAIL
    return np.asarray(-0.5 * n * (share - goal) ** 2 / (goal * (1.0 - goal)))


def _shared(told: list[_Origin], level: Floats, drift: Floats) -> Floats:
    seen, expected = np.zeros(N_CLASSES), np.zeros((N_CLASSES, coupling.ORDERS))
    for origin in told:
        mean = origin.mu.mean(axis=1)
        code = velocity_class(mean)
        alpha, v = fitted_together(origin.mu, origin.alpha, level[code])
        total, dispersion = total_dispersion(origin.mu, alpha, v, drift[code])
        _, of_level = total_dispersion(origin.mu, v, v, drift[code])
        variance, of_item = nb.variance(total, dispersion), item_class(mean, origin.item)
        sold = origin.sold.sum(axis=1)
        for k in np.unique(of_item):
            on = of_item == k
            pairs = coupling.evidence(sold[on], total[on], variance[on], of_level[on], origin.item[on])
            seen[k], expected[k] = seen[k] + pairs[0], expected[k] + pairs[1]
    return coupling.correlations(seen, expected)
