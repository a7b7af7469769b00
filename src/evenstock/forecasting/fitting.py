"""From a demand history to a forecast, by any forecaster of the family."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from evenstock import registry
from evenstock.forecasting import models, velocity
from evenstock.forecasting.daily import Daily
from evenstock.forecasting.forecast import MAX_HORIZON, Forecast
from evenstock.forecasting.history import DemandHistory
from evenstock.forecasting.path_variance import SUM_DAYS, fit_path_variance, fitted_together
from evenstock.forecasting.season import EVENT_DAYS
from evenstock.forecasting.spikes import cap_spikes


def names() -> list[str]:
    """Forecasters that can be asked for."""
    return list(registry.members(models.__name__))


def predict(
    history: DemandHistory, *, horizon: int, model: str = "baseline", calendar: pl.DataFrame | None = None
) -> Daily:
    """Days ahead by `model`, from a history as it is: spikes are the caller's to cap."""
    family = registry.members(models.__name__)
    if model not in family:
        raise ValueError(f"there is no forecaster {model!r}; choose one of {', '.join(family)}")
    said = family[model].fit(history, horizon=horizon, calendar=calendar)
    if not isinstance(said, Daily):
        raise TypeError(f"forecaster {model!r} must return Daily, not {type(said).__name__}")
    return said


def fit(
    history: DemandHistory, *, horizon: int = 28, model: str = "baseline", calendar: pl.DataFrame | None = None
) -> Forecast:
    """Forecast `horizon` days from `history.as_of` on.

    Parameters
    ----------
    history
        As `prepare` returns it.
    horizon
        1 to 60 days.
    model
        A forecaster's name, see `names`.
    calendar
        Events past and ahead: columns `date`, `event` and, if it differs between nodes, `node`.

    Notes
    -----
    Spikes are capped first, as known at `as_of`. The path variance comes from running the same forecaster at three
    earlier origins inside the history. The result is finite and not below zero whatever the history holds.

    Examples
    --------
    Four mugs every weekday and eight on Saturdays and Sundays, for half a year; one series alone tells little of a week,
    so its factors stay nearer to 1 than they would in a group:

    >>> from datetime import date
    >>> from evenstock.forecasting import prepare
    >>> day = pl.date_range(date(2026, 1, 5), date(2026, 7, 5), eager=True)
    >>> sold = pl.when(day.dt.weekday() >= 6).then(8).otherwise(4)
    >>> demand = pl.DataFrame({"date": day, "sku": "MUG", "node": "TX"}).with_columns(units=sold)
    >>> week = fit(prepare(demand, date(2026, 7, 6)), horizon=7)
    >>> week.mu.round(1).tolist()
    [[4.3, 4.3, 4.3, 4.3, 4.3, 7.2, 7.2]]
    >>> week.paths(2, seed=1).shape
    (1, 2, 7)
    """
    if not 1 <= horizon <= MAX_HORIZON:
        raise ValueError(f"a forecast looks 1 to {MAX_HORIZON} days ahead, not {horizon}")
    if history.n_days == 0:
        raise ValueError(f"no demand before {history.as_of}: give at least one day of history")
    capped = cap_spikes(history.last(EVENT_DAYS))
    said = predict(capped, horizon=horizon, model=model, calendar=calendar)
    by_bucket, notes = fit_path_variance(
        capped, lambda past: predict(past, horizon=SUM_DAYS, model=model, calendar=calendar)
    )
    alpha, variance = fitted_together(said.mu, said.alpha, by_bucket[velocity.bucket(said.mu.mean(axis=1))])
    silent = int(np.count_nonzero(history.start >= history.n_days))
    if silent:
        notes = (*notes, f"{silent} series never sold anything: forecast 0")
    return Forecast(
        keys=history.keys.select("sku", "node"),
        as_of=history.as_of,
        mu=said.mu,
        alpha=alpha,
        path_variance=variance,
        version=said.version,
        cut_off=history.as_of - timedelta(days=1),
        notes=(*capped.notes, *notes),
    )
