"""Level x weekday x event x promotion with a negative binomial around it: always on, and what everything else falls back to."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.forecasting import dispersion, level
from evenstock.forecasting.daily import Daily
from evenstock.forecasting.drivers import Drivers
from evenstock.forecasting.features import promotions
from evenstock.forecasting.features.blocks import blocks
from evenstock.forecasting.history import DemandHistory
from evenstock.forecasting.season import DayFactors, day_factors, own_weekdays

Floats = npt.NDArray[np.float64]

VERSION: Final = "baseline-2"
DISPERSION_DAYS: Final = 364
"""Days of history that dispersion is estimated on."""
_PROMOTION_PRIOR_UNITS: Final = 200.0


def predict(history: DemandHistory, *, horizon: int, drivers: Drivers, learned: bytes = b"") -> Daily:  # noqa: ARG001
    """Mean and dispersion of each day ahead; a day ahead is promoted where a promotion announced by now says so."""
    past = min(history.n_days, max(level.LONGEST, DISPERSION_DAYS))
    history = promotions.with_promotions(history, drivers.promotions)
    days = day_factors(history, past=past, horizon=horizon, events=drivers.events)
    lift = _promotion_lift(history, days)
    n = history.n_series
    own, seen_days, excess, squared = (np.zeros(n) for _ in range(4))
    ahead = days.factor[days.group, past:]
    for rows, part in blocks(history):
        units = part.units[:, part.n_days - past :].astype(np.float64)
        seen = part.seen(past)
        factor = days.factor[days.group[rows], :past]
        if part.promoted is not None:
            factor = np.where(part.promoted[:, part.n_days - past :], factor * lift, factor)
        week = own_weekdays(units, factor, seen)
        factor = factor * week[:, np.arange(-past, 0) % 7]
        ahead[rows] *= week[:, np.arange(horizon) % 7]
        own[rows], seen_days[rows] = level.level(units, factor, seen)
        if past > dispersion.TRAILING_DAYS:
            excess[rows], squared[rows] = dispersion.moments(units, seen, factor)
    sold = history.start < history.n_days
    now = np.where(sold, level.with_prior(own, seen_days, _typical(own, sold & (seen_days > 0), days.group)), 0.0)
    coming = promotions.depth(history.keys, drivers.promotions, history.as_of, horizon)
    if coming is not None:
        ahead = np.where(coming > 0, ahead * lift, ahead)
    return Daily(now[:, None] * ahead, dispersion.shrunk(excess, squared, now), VERSION)


def _typical(own: Floats, known: npt.NDArray[np.bool_], group: npt.NDArray[np.int64]) -> Floats:
    """Median level of the series of each one's group: what a newcomer is likely to sell."""
    typical = np.zeros(int(group.max()) + 1 if group.size else 0)
    for code in np.unique(group[known]):
        typical[code] = np.median(own[known & (group == code)])
    return np.asarray(typical[group])


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
