"""What the days seen so far say of the level of the days to come.

Every series' level has, by the forecast itself, mean 1, a variance that grows by weeks, and a correlation with the levels
of the same item at other nodes. Units seen over units expected are that level with noise. The best linear estimate of the
level from all of an item's nodes and weeks together is its credibility estimate (Buehlmann and Gisler, 2005, A Course in
Credibility Theory, ch. 3 and 4; there with one level only). For one node, one week and Poisson days it is the exact
Gamma-Poisson posterior mean ``(1/v + units) / (1/v + expected)``; for days that scatter more it discounts them: a week
counts for ``1 / sum_d Var(units_d | level)``, each day weighed by ``1 / (1 + a mu)``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.distributions import MAX_DAILY_MEAN, levels
from evenstock.distributions import negative_binomial as nb
from evenstock.distributions.path_kernel import DAYS_A_WEEK
from evenstock.distributions.paths import daily_dispersion, level_variance
from evenstock.forecasting.forecast import Forecast
from evenstock.forecasting.sensing.seen import Seen

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FAR: Final = 1e-5
"""A day above what the forecast gives this chance counts as that quantile: one bulk order is no new level."""
MOST_TOGETHER: Final = 40
"""Nodes of an item that are looked at together; of more, the first forty by row, then the next."""
LEAST_FACTOR: Final = 0.01
"""A level is never taken to be gone altogether."""
_CELLS_AT_ONCE: Final = 4_000_000
_NOTHING: Final = 1e12


@dataclass(frozen=True, slots=True, eq=False)
class _Evidence:
    """For each series and cell (a week, or today alone): how far what was seen lies off, and its noise."""

    week: Ints
    """Week of each cell, shape ``(cell,)``."""
    off: Floats
    """Seen over expected, less one, shape ``(series, cell)``; zero where nothing was expected."""
    noise: Floats
    """Its variance given the level, shape ``(series, cell)``."""
    today: bool
    """Whether the last cell is a day that still runs."""


def updated(forecast: Forecast, seen: Seen, *, first: date) -> Forecast:
    """The forecast from `first` on, once its earlier days have been seen.

    Means of days ahead are multiplied by the level's estimate. Levels are martingales by the forecast's own words (a week's
    change is as likely to be up as down), so the factor is the same for near and far days; what fades with distance is the
    *share* of the variance that is known, and that is told by `path_drift`, which stays. The path variance becomes the
    posterior's, relative to the new mean and as in Gamma-Poisson smaller the more was sold; `alpha` follows, so that the
    days' own scatter stays what it was.

    Where part of `first` itself has been seen, its mean is that of the rest of the day; how the morning lay off then counts
    once more for the evening, as the forecast's daily scatter is taken to be one of whole days.

    Parameters
    ----------
    seen
        Days from the forecast's first on. Days before `first`, and of `first` only a share below 1.
    first
        First day of the result, within the forecast's horizon, which gets shorter accordingly.

    Raises
    ------
    ValueError
        If `first` lies outside the horizon, or days after it were seen.

    Examples
    --------
    Expected 10 a day, Poisson, level variance 0.1. A week brings 105 where 70 were expected: (10 + 105) / (10 + 70).

    >>> import polars as pl
    >>> one = pl.DataFrame({"sku": ["MUG"], "node": ["TX"]})
    >>> tenth = np.array([0.1])
    >>> said = Forecast(one, date(2026, 3, 2), np.full((1, 28), 10.0), tenth, tenth, "x", date(2026, 3, 1))
    >>> now = updated(said, Seen.whole(np.full((1, 7), 15)), first=date(2026, 3, 9))
    >>> round(float(now.mu[0, 0]), 3), now.horizon
    (14.375, 21)
    """
    gone = (first - forecast.as_of).days
    if not 0 <= gone < forecast.horizon:
        raise ValueError(f"{first} is not among the days foretold, {forecast.days[0]} to {forecast.days[-1]}")
    if seen.days > gone + 1:
        raise ValueError(f"{seen.days} days seen reach beyond {first}, the first day to be told")
    if gone == 0 and seen.days == 0:
        return forecast
    if seen.days < gone:
        unheard = np.zeros((forecast.keys.height, gone - seen.days))
        seen = Seen(np.hstack([seen.units, unheard]), np.hstack([seen.share, unheard]))
    expected = seen.expected(forecast)
    evidence = _evidence(forecast, seen, expected, gone)
    last = int(evidence.week[-1])
    level, variance, correlation, today = _levels(forecast, evidence, last)
    # Of the first week told, this share lies in weeks after the last one seen, and has drifted once more.
    drifted = (gone - last * DAYS_A_WEEK) / DAYS_A_WEEK
    ahead = (1.0 + variance / level) * (1.0 + forecast.path_drift * drifted) - 1.0
    ahead = np.minimum(ahead, levels.MOST_VARIANCE)
    of_week = level_variance(forecast.path_variance, forecast.path_drift, last + 1)[:, last]
    own = daily_dispersion(forecast.alpha, of_week)
    spread = replace(
        forecast,
        path_variance=ahead,
        alpha=np.minimum(own * (1.0 + ahead), 1e6) + ahead,
        shared=np.clip(forecast.shared * correlation, 0.0, 1.0),
    )
    share = seen.share[:, gone] if seen.days > gone else None
    note = _told(forecast, level, expected)
    rest = _rest(spread, first, level, share, note)
    if share is None:
        return rest
    mu = rest.mu.copy()
    mu[:, 0] = np.minimum(forecast.mu[:, gone] * (1.0 - share) * today, MAX_DAILY_MEAN)
    return replace(rest, mu=mu)


def _rest(forecast: Forecast, first: date, level: Floats, share: Floats | None, note: str) -> Forecast:
    gone = (first - forecast.as_of).days
    mu = np.minimum(forecast.mu[:, gone:] * level[:, None], MAX_DAILY_MEAN)
    if share is not None:
        mu[:, 0] *= 1.0 - share
    cut_off = max(forecast.cut_off, first - timedelta(days=1))
    return replace(forecast, as_of=first, mu=mu, cut_off=cut_off, notes=(*forecast.notes, note))


def _told(forecast: Forecast, level: Floats, expected: Floats) -> str:
    last = forecast.as_of + timedelta(days=expected.shape[1] - 1)
    up, down = int((level > 1.2).sum()), int((level < 1 / 1.2).sum())
    return (
        f"levels follow what came from {forecast.as_of} to {last}: {up} of {level.size} series up by more than a fifth, "
        f"{down} down"
    )


def _evidence(forecast: Forecast, seen: Seen, expected: Floats, gone: int) -> _Evidence:
    units = _without_bulk(forecast, seen, expected)
    today = seen.days > gone
    whole = min(seen.days, gone)
    parts = [slice(k, min(k + DAYS_A_WEEK, whole)) for k in range(0, whole, DAYS_A_WEEK)]
    week = [part.start // DAYS_A_WEEK for part in parts]
    if today:
        parts.append(slice(gone, gone + 1))
        week.append(gone // DAYS_A_WEEK)
    of_week = level_variance(forecast.path_variance, forecast.path_drift, max(week) + 1)
    n = expected.shape[0]
    off, noise = np.zeros((n, len(parts))), np.full((n, len(parts)), _NOTHING)
    for c, (part, k) in enumerate(zip(parts, week, strict=True)):
        v = of_week[:, k]
        # Over the level, the days' own scatter is a (1 + V) mu**2.
        own = (daily_dispersion(forecast.alpha, v) * (1.0 + v))[:, None]
        weight = 1.0 / (1.0 + own * expected[:, part])
        weighed = (weight * expected[:, part]).sum(axis=1)
        any_expected = weighed > 0
        safe = np.where(any_expected, weighed, 1.0)
        scatter = (weight**2 * (expected[:, part] + own * expected[:, part] ** 2)).sum(axis=1) / safe**2
        off[:, c] = np.where(any_expected, (weight * units[:, part]).sum(axis=1) / safe - 1.0, 0.0)
        noise[:, c] = np.where(any_expected, np.minimum(scatter, _NOTHING), _NOTHING)
    return _Evidence(np.array(week), off, noise, today)


def _without_bulk(forecast: Forecast, seen: Seen, expected: Floats) -> Floats:
    """Units seen where anything was expected, far days cut."""
    units = np.where(expected > 0, seen.units, 0.0)
    dispersion = forecast.dispersion()[:, : seen.days]
    far = units > expected + 6.0 * np.sqrt(expected + dispersion * expected**2)
    if far.any():
        most = nb.quantile(1.0 - FAR, expected[far], dispersion[far])
        units[far] = np.minimum(units[far], most)
    return units


def _levels(forecast: Forecast, evidence: _Evidence, last: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Level of each series in week `last`: estimate and variance; how much of the nodes' correlation is left; and today's."""
    n = forecast.keys.height
    level, variance, correlation, today = np.ones(n), np.zeros(n), np.ones(n), np.ones(n)
    hermite = levels.hermite(np.minimum(forecast.path_variance, levels.MOST_VARIANCE))
    for together in _teams(forecast):
        size, cells = together.shape[1], evidence.week.size
        step = max(1, _CELLS_AT_ONCE // (size * cells) ** 2)
        for begin in range(0, together.shape[0], step):
            rows = together[begin : begin + step]
            found = _team_levels(forecast, evidence, hermite, rows, last)
            level[rows], variance[rows], correlation[rows], today[rows] = found
    return level, variance, correlation, today


def _teams(forecast: Forecast) -> list[Ints]:
    """Rows of series whose levels are judged together, one array ``(team, member)`` for each size of team."""
    sku = forecast.keys["sku"].rank("dense").to_numpy().astype(np.int64)
    alone = forecast.shared <= 0
    item = np.where(alone, sku.max(initial=0) + 1 + np.arange(sku.size), sku)
    order = np.argsort(item, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(item[order]) != 0])
    place = np.arange(order.size) - np.repeat(starts, np.diff(np.r_[starts, order.size]))
    begins = np.flatnonzero(place % MOST_TOGETHER == 0)
    sizes = np.diff(np.r_[begins, order.size])
    return [
        order[begins[sizes == size][:, None] + np.arange(size)[None, :]].astype(np.int64) for size in np.unique(sizes)
    ]


def _team_levels(
    forecast: Forecast, evidence: _Evidence, hermite: Floats, rows: Ints, last: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """As `_levels`, for teams of one size; each ``(team, member)``."""
    teams, size = rows.shape
    week = evidence.week
    start, rate = _joint(forecast, hermite, rows)

    def covariance(weeks: Ints) -> Floats:
        """Of levels of two members in weeks that have `weeks` changes in common; axes (team, member, member, *weeks)."""
        axes = (..., *([None] * weeks.ndim))
        return np.asarray((1.0 + start[axes]) * np.exp(rate[axes] * weeks) - 1.0)

    common = np.minimum(week[:, None], week[None, :])
    cells = size * week.size
    between = covariance(common).transpose(0, 1, 3, 2, 4).reshape(teams, cells, cells)
    noise = evidence.noise[rows].reshape(teams, cells)
    between[:, np.arange(cells), np.arange(cells)] += noise + 1e-9
    to_state = covariance(np.minimum(week, last)).reshape(teams, size, cells)
    off = evidence.off[rows].reshape(teams, cells)
    solved = np.linalg.solve(between, np.concatenate([off[:, :, None], to_state.transpose(0, 2, 1)], axis=2))
    weight, gain = solved[:, :, 0], solved[:, :, 1:]
    estimate = 1.0 + np.einsum("tmc,tc->tm", to_state, weight)
    prior = covariance(np.array(last))
    posterior = prior - np.einsum("tmc,tck->tmk", to_state, gain)
    index = np.arange(size)
    variance = np.clip(posterior[:, index, index], 0.0, prior[:, index, index])
    level = np.maximum(estimate, LEAST_FACTOR)
    today = level
    if evidence.today:
        of_week = prior[:, index, index]
        own = daily_dispersion(forecast.alpha[rows], of_week) * (1.0 + of_week)
        today = np.maximum(estimate + own * weight.reshape(teams, size, week.size)[:, :, -1], LEAST_FACTOR)
    return level, variance, _left(prior, posterior), today


def _joint(forecast: Forecast, hermite: Floats, rows: Ints) -> tuple[Floats, Floats]:
    """Covariance of first weeks' levels, and the logarithm by which one plus it grows a week; each (team, member, member)."""
    root = np.sqrt(forecast.shared[rows])
    r = root[:, :, None] * root[:, None, :]
    start = np.zeros_like(r)
    for n in range(hermite.shape[1]):
        start += r ** (n + 1) * hermite[rows, n][:, :, None] * hermite[rows, n][:, None, :]
    s = np.sqrt(np.log1p(forecast.path_drift[rows]))
    rate = r * s[:, :, None] * s[:, None, :]
    index = np.arange(rows.shape[1])
    start[:, index, index] = forecast.path_variance[rows]
    rate[:, index, index] = s**2
    return start, rate


def _left(prior: Floats, posterior: Floats) -> Floats:
    """Mean correlation of a member's level with the others', after over before; 1 where it has none."""
    size = prior.shape[1]
    if size == 1:
        return np.ones(prior.shape[:2])

    def mean(covariance: Floats) -> Floats:
        deviation = np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 0.0))
        scale = deviation[:, :, None] * deviation[:, None, :]
        found = np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 1e-12)
        index = np.arange(size)
        found[:, index, index] = 0.0
        return np.asarray(found.sum(axis=2) / (size - 1))

    before, after = mean(prior), np.maximum(mean(posterior), 0.0)
    return np.asarray(np.divide(after, before, out=np.ones_like(after), where=before > 1e-9))
