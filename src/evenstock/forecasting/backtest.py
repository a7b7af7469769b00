"""What forecasters would have said at days gone by, held against what was sold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting import scores
from evenstock.forecasting.drivers import Drivers
from evenstock.forecasting.fitting import days_ahead, predict, train
from evenstock.forecasting.history import DemandHistory
from evenstock.forecasting.season import EVENT_DAYS
from evenstock.forecasting.spikes import cap_spikes

Floats = npt.NDArray[np.float64]
_NOTHING = Drivers()


def backtest(
    history: DemandHistory,
    origins: Sequence[date],
    *,
    models: Sequence[str] = ("baseline", "empirical", "seasonal_naive"),
    horizon: int = 28,
    levels: Sequence[float] = scores.M5_LEVELS,
    weight: Floats | None = None,
    drivers: Drivers = _NOTHING,
) -> pl.DataFrame:
    """Scores of each model at each origin, seeing only what was known on its morning.

    Parameters
    ----------
    origins
        First days of the windows; each window of `horizon` days lies within the history.
    weight
        Weight of each series in WSPL, shape ``(series,)``; the units of the 28 days before the origin if not given.

    Returns
    -------
    polars.DataFrame
        One row per model and origin: `wspl`, `pinball` (units), `wape`, `bias`, `below_975` (share of days at or under that
        quantile), `sum_coverage` (95 % interval of the window's total) and `sum_coverage_independent` (the same as if
        days were independent). Days hidden in the window count as what was sold: score them with care.
    """
    rows = []
    for origin in origins:
        begin = (origin - history.first_day).days
        if not 0 < begin <= history.n_days - horizon:
            raise ValueError(
                f"origin {origin}: {horizon} days from it must lie within the history, up to {history.as_of}"
            )
        past = history.before(origin)
        actual = history.units[:, begin : begin + horizon].astype(np.int64)
        scale = scores.naive_scale(past)
        recent = past.units[:, -28:].sum(axis=1).astype(np.float64) if weight is None else weight
        rows += [
            {"model": model, "origin": origin}
            | _scores(past, actual, scale, recent, model=model, levels=levels, drivers=drivers)
            for model in models
        ]
    return pl.DataFrame(rows)


def _scores(
    past: DemandHistory,
    actual: npt.NDArray[np.int64],
    scale: Floats,
    weight: Floats,
    *,
    model: str,
    levels: Sequence[float],
    drivers: Drivers,
) -> dict[str, float]:
    horizon = actual.shape[1]
    # The forecaster's own quantiles, which for the yardsticks are not negative binomial; sums by the fitted forecast.
    trained = train(past, model=model, drivers=drivers)
    capped = cap_spikes(past.last(EVENT_DAYS))
    said = days_ahead(capped, horizon=horizon, model=model, drivers=drivers, learned=trained.learned)
    quantiles = said.quantiles([*levels, 0.975])
    forecast = predict(trained, past, horizon=horizon, drivers=drivers)
    none = np.zeros_like(forecast.alpha)
    return {
        "wspl": scores.wspl(actual, quantiles[:, :, :-1], levels, scale, weight),
        "pinball": float(scores.pinball(actual, quantiles[:, :, :-1], levels).mean()),
        "wape": scores.wape(actual, said.mu),
        "bias": scores.bias(actual, said.mu),
        "below_975": float((actual <= quantiles[:, :, -1]).mean()),
        "sum_coverage": scores.sum_coverage(actual, forecast.mu, forecast.alpha, forecast.path_variance, days=horizon),
        "sum_coverage_independent": scores.sum_coverage(actual, forecast.mu, forecast.alpha, none, days=horizon),
    }
