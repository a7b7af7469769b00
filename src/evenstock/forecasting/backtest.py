"""What forecasters would have said at days gone by, held against what was sold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting import demand_class, scores, velocity
from evenstock.forecasting.drivers import Drivers
from evenstock.forecasting.fitting import days_ahead, predict, train
from evenstock.forecasting.history import DemandHistory
from evenstock.forecasting.score_table import score_table
from evenstock.forecasting.season import EVENT_DAYS
from evenstock.forecasting.spikes import cap_spikes
from evenstock.forecasting.told import Told, told
from evenstock.forecasting.trained import Trained
from evenstock.forecasting.wrmsse import wrmsse

Floats = npt.NDArray[np.float64]

YARDSTICKS: Final = ("seasonal_naive", "empirical")
"""Forecasters with quantiles of their own; they and the always-on one stand beside whatever is backtested."""
ALWAYS: Final = ("baseline", *YARDSTICKS)
HIERARCHY: Final = ((), ("node",), ("category",), ("node", "category"), ("sku",), ("sku", "node"))
"""Levels of WRMSSE where a company names no others."""
STEP_DAYS: Final = 28
VELOCITY_DAYS: Final = 91
_NOTHING: Final = Drivers()


def rolling_origins(as_of: date, count: int = 3, *, step: int = STEP_DAYS, horizon: int = STEP_DAYS) -> list[date]:
    """Origins `step` days apart, oldest first, the last one `horizon` days before `as_of`.

    Examples
    --------
    >>> [day.isoformat() for day in rolling_origins(date(2026, 11, 20))]
    ['2026-08-28', '2026-09-25', '2026-10-23']
    """
    return [as_of - timedelta(days=horizon + k * step) for k in reversed(range(count))]


def backtest(
    history: DemandHistory,
    origins: Sequence[date],
    *,
    models: Sequence[str] = (),
    horizon: int = 28,
    levels: Sequence[float] = scores.M5_LEVELS,
    weight: Floats | None = None,
    drivers: Drivers = _NOTHING,
    retrain: bool = True,
    seed: int = 0,
) -> pl.DataFrame:
    """Scores of each model at each origin and over all of them, seeing only what was known on their mornings.

    `baseline`, `seasonal_naive` and `empirical` always stand beside. Parameters as in `outcomes`; columns and metrics as in
    `score_table`.
    """
    said = outcomes(
        history,
        origins,
        models=list(dict.fromkeys([*models, *ALWAYS])),
        horizon=horizon,
        levels=levels,
        weight=weight,
        drivers=drivers,
        retrain=retrain,
        seed=seed,
    )
    return score_table(list(said), seed=seed)


def outcomes(
    history: DemandHistory,
    origins: Sequence[date],
    *,
    models: Sequence[str],
    horizon: int = 28,
    levels: Sequence[float] = scores.M5_LEVELS,
    weight: Floats | None = None,
    drivers: Drivers = _NOTHING,
    retrain: bool = True,
    seed: int = 0,
    hierarchy: Sequence[Sequence[str]] = HIERARCHY,
    keys: pl.DataFrame | None = None,
) -> Iterator[Told]:
    """What each model would have told at each origin, beside what was sold; one at a time, origins in the order given.

    Parameters
    ----------
    origins
        First days of the windows; each window of `horizon` days lies within the history.
    weight
        Weight of each series in WSPL and WRMSSE, shape ``(series,)``; the units of the 28 days before the origin if not
        given.
    retrain
        Whether a model learns anew at every origin. If not, it learns once, before the earliest, and is up to that much
        older at the others: what an expensive model can afford.
    hierarchy, keys
        Levels of WRMSSE and the columns they name, one row a series; by node, category and item if not given.

    Notes
    -----
    Days that were hidden count nowhere. Days of what was sold that are spikes by the rule of `cap_spikes`, as known at the
    end of the window, are capped: a typing error shall not decide between models.
    """
    if not origins:
        raise ValueError("name at least one origin")
    for origin in origins:
        begin = (origin - history.first_day).days
        if not 0 < begin <= history.n_days - horizon:
            raise ValueError(
                f"origin {origin}: {horizon} days from it must lie within the history, up to {history.as_of}"
            )
    learned: dict[str, Trained] = {}
    for origin in sorted(set(origins)):
        past = history.before(origin)
        window = cap_spikes(history.before(origin + timedelta(days=horizon)).last(EVENT_DAYS))
        sold = window.units[:, -horizon:].astype(np.int64)
        seen = np.ones(sold.shape, bool) if window.hidden is None else ~window.hidden[:, -horizon:]
        worth = past.units[:, -28:].sum(axis=1).astype(np.float64) if weight is None else weight
        groups = grouped(past)
        scale = scores.naive_scale(past)
        for model in models:
            if retrain or model not in learned:
                learned[model] = train(past, model=model, drivers=drivers, seed=seed)
            forecast = predict(learned[model], past, horizon=horizon, drivers=drivers)
            own = _own(learned[model], past, horizon, levels, drivers) if model in YARDSTICKS else None
            mean = forecast.mu if own is None else own[0]
            yield told(
                forecast,
                sold,
                seen,
                model=model,
                keys=groups,
                levels=levels,
                scale=scale,
                weight=worth,
                wrmsse=wrmsse(sold, mean, past, worth, hierarchy, keys=keys) if hierarchy else float("nan"),
                own=own,
            )


def _own(
    trained: Trained, past: DemandHistory, horizon: int, levels: Sequence[float], drivers: Drivers
) -> tuple[Floats, npt.NDArray[np.int32]]:
    capped = cap_spikes(past.last(EVENT_DAYS))
    said = days_ahead(capped, horizon=horizon, model=trained.model, drivers=drivers, learned=trained.learned)
    return said.mu, said.quantiles(levels)


def grouped(past: DemandHistory) -> pl.DataFrame:
    """Keys of the series with the class and speed they had by then."""
    days = min(VELOCITY_DAYS, past.n_days)
    seen = past.seen(days)
    units = np.where(seen, past.units[:, past.n_days - days :], 0).sum(axis=1)
    mean = units / np.maximum(seen.sum(axis=1), 1)
    classes, speeds = np.array(demand_class.NAMES), np.array(velocity.NAMES)
    return past.keys.select("sku", "node", "category").with_columns(
        pl.Series("class", classes[demand_class.demand_class(past)]),
        pl.Series("velocity", speeds[velocity.bucket(mean)]),
    )


def sampled(history: DemandHistory, most: int) -> DemandHistory:
    """At most about `most` series, whole items with all their nodes, spread evenly over the items in name order."""
    if history.n_series <= most:
        return history
    step = -(-history.n_series // most)
    item = np.unique(history.keys["sku"].to_numpy(), return_inverse=True)[1]
    return history.rows(np.flatnonzero(item % step == 0))
