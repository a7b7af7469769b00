"""Level x weekday x event with a negative binomial around it: always on, and what everything else falls back to."""

from __future__ import annotations

from typing import Final

import numpy as np

from evenstock.forecasting import dispersion, level
from evenstock.forecasting.daily import Daily
from evenstock.forecasting.drivers import Drivers
from evenstock.forecasting.history import DemandHistory
from evenstock.forecasting.season import DayFactors, day_factors

VERSION: Final = "baseline-1"
DISPERSION_DAYS: Final = 182
"""Days of history that dispersion is estimated on."""
_BLOCK: Final = 4096
_PROMOTION_PRIOR_UNITS: Final = 200.0


def predict(history: DemandHistory, *, horizon: int, drivers: Drivers, learned: bytes = b"") -> Daily:  # noqa: ARG001
    """Mean and dispersion of each day ahead; days ahead are taken as not promoted."""
    past = min(history.n_days, max(level.LONGEST, DISPERSION_DAYS))
    days = day_factors(history, past=past, horizon=horizon, events=drivers.events)
    lift = _promotion_lift(history, days)
    n = history.n_series
    own, seen_days, excess, squared = (np.zeros(n) for _ in range(4))
    for begin in range(0, n, _BLOCK):
        rows = slice(begin, min(begin + _BLOCK, n))
        part = history.rows(np.arange(rows.start, rows.stop))
        units = part.units[:, part.n_days - past :].astype(np.float64)
        seen = part.seen(past)
        factor = days.factor[days.group[rows], :past]
        if part.promoted is not None:
            factor = np.where(part.promoted[:, part.n_days - past :], factor * lift, factor)
        own[rows], seen_days[rows] = level.level(units, factor, seen)
        late = slice(max(past - DISPERSION_DAYS, 0), None)
        if past > dispersion.TRAILING_DAYS:
            excess[rows], squared[rows] = dispersion.moments(units[:, late], seen[:, late], factor[:, late])
    sold = history.start < history.n_days
    now = np.where(sold, level.with_prior(own, seen_days, _typical(own, sold & (seen_days > 0), days.group)), 0.0)
    alpha = dispersion.shrunk(excess, squared, now)
    return Daily(now[:, None] * days.factor[days.group, past:], alpha, VERSION)


def _typical(
    own: np.ndarray[tuple[int], np.dtype[np.float64]],
    known: np.ndarray[tuple[int], np.dtype[np.bool_]],
    group: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Median level of the series of each one's group: what a newcomer is likely to sell."""
    typical = np.zeros(int(group.max()) + 1 if group.size else 0)
    for code in np.unique(group[known]):
        typical[code] = np.median(own[known & (group == code)])
    return typical[group]


def _promotion_lift(history: DemandHistory, days: DayFactors) -> float:
    """Times the usual that is sold on a promoted day, one number for all, drawn towards 1."""
    if history.promoted is None:
        return 1.0
    past = days.past
    seen, promoted = history.seen(past), history.promoted[:, history.n_days - past :]
    units = np.where(seen, history.units[:, history.n_days - past :], 0)
    factor = np.where(seen, days.factor[days.group, :past], 0.0)
    plain = np.where(promoted, 0.0, factor).sum(axis=1)
    usual = np.divide(np.where(promoted, 0, units).sum(axis=1), plain, out=np.zeros_like(plain), where=plain > 0)
    expected = float((usual[:, None] * np.where(promoted, factor, 0.0)).sum())
    known = promoted & (plain > 0)[:, None]
    return (float(np.where(known, units, 0).sum()) + _PROMOTION_PRIOR_UNITS) / (expected + _PROMOTION_PRIOR_UNITS)
