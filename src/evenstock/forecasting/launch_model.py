"""How much a launch will sell a day, and how far that may be off: learned from the launches before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.distributions import negative_binomial as nb
from evenstock.forecasting.launches import LAUNCH_DAYS, Launches, Siblings

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

HALF_LIFE_DAYS: Final = 90.0
"""Age at which a launch counts half: assortments change within a year."""
SIBLING_PRIOR_DAYS: Final = 5.0
"""Days at the category's launch mean that siblings' sales are mixed with."""
CATEGORY_PRIOR: Final = 5.0
"""Launches at the mean of all categories that a category's own are mixed with."""
TYPICAL: Final = np.array([0.0, 1.0, 0.1, 0.5, -0.1, -0.1, -0.3])
"""Coefficients found between ten stores of one chain: the prior, in the order of `_features`."""
PRIOR_LAUNCHES: Final = 20.0
"""Launches that every prior of this file weighs."""
TYPICAL_VARIANCE: Final = np.array([1.6, 1.2])
"""Squared relative error of a launch's level: without and with siblings that sell."""
TYPICAL_DISPERSION: Final = 0.5
TYPICAL_SHARED: Final = 0.5
_CURVATURE: Final = 0.03
"""How much less a large launch weighs than its units: a variance of mu + 0.03 mu**2, up to a common factor."""
_VARIANCES: Final = np.geomspace(0.05, 8.0, 48)
_CATEGORY_STEP: Final = 28
_STEPS: Final = 40
_LOWEST_RATE: Final = 1e-3
_MOST_OFF: Final = 3.0
"""Most that the logarithm of a launch's rate may lie from its category's: twenty times."""


@dataclass(frozen=True, slots=True, eq=False)
class LaunchModel:
    """A log-linear rate, with the spread of past launches around it."""

    coefficients: Floats
    category_rate: Floats
    """Units a day of a launch in each category at a node of mean size, shape ``(category,)``."""
    overall_rate: float
    log_price: Floats
    """Middle log price of launches in each category, and last of all; NaN where none is known."""
    variance: Floats
    """Squared relative error of the level, without and with siblings."""
    dispersion: float
    """Of a day around its level."""
    shared: float
    """Correlation of the errors of one item's launches at several nodes."""
    n_launches: int

    def rates(self, category: Codes, volume: Floats, siblings: Siblings, log_price: Floats) -> tuple[Floats, Floats]:
        """Units a day and the level's squared relative error, each ``(row,)``; category -1 is one without a past."""
        base = np.where(category >= 0, self.category_rate[category], self.overall_rate) if self.category_rate.size else (
            np.full(category.size, self.overall_rate)
        )  # fmt: skip
        x = _features(base, volume, siblings, self.relative_price(category, log_price))
        centre = np.log(np.maximum(base, _LOWEST_RATE))
        log_rate = np.clip(x @ self.coefficients, centre - 2 * _MOST_OFF, centre + _MOST_OFF)
        return np.exp(log_rate), self.variance[(siblings.long_days > 0).astype(np.int64)]

    def relative_price(self, category: Codes, log_price: Floats) -> Floats:
        """Log price over the middle one of the category's launches; 0 where either is unknown."""
        middle = self.log_price[category]
        middle = np.where(np.isnan(middle), self.log_price[-1], middle)
        return np.clip(np.nan_to_num(log_price - middle), -3.0, 3.0)


def _features(base: Floats, volume: Floats, siblings: Siblings, relative_price: Floats) -> Floats:
    """Columns: 1, category rate at this node, siblings lately, siblings over half a year, any siblings, price, price alone.

    Siblings enter as the logarithm of their rate, mixed with `SIBLING_PRIOR_DAYS` of the category's, over the category's; the
    last column is the price as far as siblings do not yet tell the same.
    """
    base = np.maximum(base, _LOWEST_RATE)
    k = SIBLING_PRIOR_DAYS
    recent = np.log((siblings.recent_units + k * base) / (siblings.recent_days + k) / base)
    long = np.log((siblings.long_units + k * base) / (siblings.long_days + k) / base)
    unknown = k / (siblings.long_days + k)
    any_sibling = (siblings.long_days > 0).astype(np.float64)
    centred = np.log(base * np.maximum(volume, 1e-3))
    return np.column_stack(
        [np.ones_like(base), centred, recent, long, any_sibling, relative_price, relative_price * unknown]
    )


def fit_launches(launches: Launches, n_categories: int, day: int, *, fallback: Floats) -> LaunchModel:
    """Learn from launches whose four weeks ended by column `day`.

    Parameters
    ----------
    fallback
        Units a day of a usual series in each category and, last, of all: what launches are taken for where there were none.

    Notes
    -----
    The coefficients maximise a Poisson quasi-likelihood (McCullagh and Nelder, 1989, ch. 9) in which a launch weighs by its
    age, with a normal prior around `TYPICAL` worth `PRIOR_LAUNCHES`: with thousands of launches the data decide, with five
    the prior does. Each past launch is described only by what was known on its own day.
    """
    done = launches.part(launches.day + LAUNCH_DAYS <= day)
    weight = 0.5 ** ((day - done.day) / HALF_LIFE_DAYS)
    overall, rate = _category_rates(done, n_categories, weight, fallback)
    prices = _middle_prices(done, n_categories)
    model = LaunchModel(TYPICAL, rate, overall, prices, TYPICAL_VARIANCE, TYPICAL_DISPERSION, TYPICAL_SHARED, len(done))
    if not len(done):
        return model
    then = rates_then(done, n_categories, fallback)
    x = _features(then, done.volume, done.siblings, model.relative_price(done.category, done.log_price))
    coefficients = _quasi_likelihood(x, done.units, done.days, weight)
    mean = np.minimum(np.exp(x @ coefficients), np.exp(_MOST_OFF) * np.maximum(then, _LOWEST_RATE)) * done.days
    dispersion = _dispersion(done, weight)
    variance = _variance(done, mean, dispersion, weight)
    shared = _shared(done, mean, variance)
    return LaunchModel(coefficients, rate, overall, prices, variance, dispersion, shared, len(done))


def rates_then(launches: Launches, n_categories: int, fallback: Floats) -> Floats:
    """The category's launch rate as it was known on each launch's own day, reckoned every four weeks."""
    found = np.zeros(len(launches))
    step = launches.day // _CATEGORY_STEP * _CATEGORY_STEP
    for begin in np.unique(step):
        done = launches.part(launches.day + LAUNCH_DAYS <= begin)
        weight = 0.5 ** ((begin - done.day) / HALF_LIFE_DAYS)
        on = step == begin
        found[on] = _category_rates(done, n_categories, weight, fallback)[1][launches.category[on]]
    return found


def _category_rates(done: Launches, n_categories: int, weight: Floats, fallback: Floats) -> tuple[float, Floats]:
    """Units a day over all launches, and by category; each drawn to the wider one, the widest to usual series."""
    prior = 1.0
    rate = done.units / np.maximum(done.days, 1.0)
    overall = (float((weight * rate).sum()) + prior * float(fallback[-1])) / (float(weight.sum()) + prior)
    mass = np.bincount(done.category, weight, minlength=n_categories)
    summed = np.bincount(done.category, weight * rate, minlength=n_categories)
    # Without launches a category's own level still tells; scaled by how launches compare with usual series.
    scale = overall / max(float(fallback[-1]), _LOWEST_RATE)
    usual = (
        np.where(fallback[:-1] > 0, fallback[:-1] * scale, overall) if not len(done) else np.full(n_categories, overall)
    )
    return overall, (summed + CATEGORY_PRIOR * usual) / (mass + CATEGORY_PRIOR)


def _middle_prices(done: Launches, n_categories: int) -> Floats:
    found = np.full(n_categories + 1, np.nan)
    known = ~np.isnan(done.log_price)
    for code in np.unique(done.category[known]):
        found[code] = np.median(done.log_price[known & (done.category == code)])
    if known.any():
        found[-1] = np.median(done.log_price[known])
    return found


def _quasi_likelihood(x: Floats, units: Floats, days: Floats, weight: Floats) -> Floats:
    """Newton steps on the penalised quasi-likelihood; the scale is that one launch of weight 1 counts 1."""
    b = TYPICAL.copy()
    offset = np.log(days)
    mean = np.exp(np.clip(x @ b + offset, -20.0, 20.0))
    b[0] += np.log(max(float((weight * units).sum()), 0.5) / max(float((weight * mean).sum()), 1e-9))
    typical = b.copy()
    typical[0] *= weight.sum() / (weight.sum() + PRIOR_LAUNCHES)
    mean = np.exp(np.clip(x @ b + offset, -20.0, 20.0))
    one = float((weight * mean / (1.0 + _CURVATURE * mean)).sum() / weight.sum())
    penalty = PRIOR_LAUNCHES * one * np.eye(b.size)
    for _ in range(_STEPS):
        mean = np.exp(np.clip(x @ b + offset, -20.0, 20.0))
        w = weight / (1.0 + _CURVATURE * mean)
        gradient = x.T @ (w * (units - mean)) - penalty @ (b - typical)
        step = np.linalg.solve((x * (w * mean)[:, None]).T @ x + penalty, gradient)
        b += step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-8:
            break
    return b


def _dispersion(done: Launches, weight: Floats) -> float:
    """Dispersion of days around their own launch's level, by pooled moments."""
    mean = done.units / done.days
    within = (done.squares - done.days * mean**2) / np.maximum(done.days - 1.0, 1.0)
    # The square of an average is too large by its own error.
    squared = np.maximum(mean**2 - within / done.days, 0.0)
    w = weight / (1.0 + mean)
    excess, scale = float((w * (within - mean)).sum()), float((w * squared).sum())
    prior = PRIOR_LAUNCHES * scale / max(float(w.sum()), 1e-9)
    return float(np.clip((excess + prior * TYPICAL_DISPERSION) / max(scale + prior, 1e-9), 0.0, 20.0))


def _variance(done: Launches, mean: Floats, dispersion: float, weight: Floats) -> Floats:
    """Squared relative error of levels beyond chance of the days, by maximum likelihood of the negative binomial totals."""
    code = (done.siblings.long_days > 0).astype(np.int64)
    found = TYPICAL_VARIANCE.copy()
    for k in range(2):
        on = code == k
        prior = -0.5 * PRIOR_LAUNCHES * np.log(_VARIANCES / TYPICAL_VARIANCE[k]) ** 2
        of_total = total_dispersion(_VARIANCES, dispersion, done.days[on][:, None])
        likelihood = (weight[on][:, None] * nb.log_pmf(done.units[on][:, None], mean[on][:, None], of_total)).sum(
            axis=0
        )
        found[k] = _VARIANCES[np.argmax(prior + likelihood)]
    return found


def total_dispersion(variance: npt.ArrayLike, dispersion: npt.ArrayLike, days: npt.ArrayLike) -> Floats:
    """Dispersion of the sum of equal days whose level has this squared relative error."""
    v = np.asarray(variance, dtype=np.float64)
    return np.asarray(v + np.asarray(dispersion) * (1.0 + v) / np.asarray(days))


def _shared(done: Launches, mean: Floats, variance: Floats) -> float:
    """Correlation of errors between launches of one item within four weeks, from sums over pairs."""
    error = np.clip((done.units - mean) / np.maximum(mean, 1.0), -3.0, 3.0)
    size = mean / np.maximum(mean, 1.0) * np.sqrt(variance[(done.siblings.long_days > 0).astype(np.int64)])
    group = np.unique(np.stack([done.item, done.day // LAUNCH_DAYS]), axis=1, return_inverse=True)[1].ravel()
    pairs = [float((np.bincount(group, v) ** 2).sum() - (v * v).sum()) for v in (error, size)]
    prior = PRIOR_LAUNCHES
    return float(np.clip((pairs[0] + prior * TYPICAL_SHARED) / (pairs[1] + prior), 0.0, 0.95))
