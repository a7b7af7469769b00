"""From a demand history to a forecast, by any forecaster of the family: train once a week, predict every night."""

from __future__ import annotations

from datetime import timedelta
from types import ModuleType

import numpy as np

from evenstock import registry
from evenstock.forecasting import models
from evenstock.forecasting.daily import Daily
from evenstock.forecasting.drivers import Drivers
from evenstock.forecasting.forecast import MAX_HORIZON, Forecast
from evenstock.forecasting.history import DemandHistory
from evenstock.forecasting.path_variance import FIRST_ORIGIN_BACK, SUM_DAYS, fit_calibration
from evenstock.forecasting.season import EVENT_DAYS
from evenstock.forecasting.spikes import cap_spikes
from evenstock.forecasting.trained import Trained

_NOTHING = Drivers()


def names() -> list[str]:
    """Forecasters that can be asked for."""
    return list(registry.members(models.__name__))


def train(history: DemandHistory, *, model: str = "baseline", drivers: Drivers = _NOTHING, seed: int = 0) -> Trained:
    """Let `model` learn from `history`, and learn how far its sums may lie off.

    The calibration of sums comes from running the forecaster at three earlier origins, with parameters learned before
    the earliest of them.
    """
    member = _member(model)
    _refuse_nothing(history)
    capped = cap_spikes(history.last(EVENT_DAYS))
    known = drivers.known(history.as_of)
    learned = _learn(member, capped, known, seed)
    back = capped.n_days - FIRST_ORIGIN_BACK
    early = b""
    if learned and back > 0:
        early = _learn(member, *_as_of(capped, known, back), seed)

    def forecaster(past: DemandHistory) -> Daily:
        return _daily(member, past, SUM_DAYS, known.known(past.as_of), early)

    calibration, notes = fit_calibration(capped, forecaster)
    version = getattr(member, "version", None)
    return Trained(
        model=model,
        version=version(learned) if callable(version) else str(member.VERSION),
        learned=learned,
        calibration=calibration,
        cut_off=history.as_of - timedelta(days=1),
        seed=seed,
        notes=notes,
    )


def predict(trained: Trained, history: DemandHistory, *, horizon: int = 28, drivers: Drivers = _NOTHING) -> Forecast:
    """Forecast `horizon` days from `history.as_of` on, with parameters learned on that day or before."""
    if not 1 <= horizon <= MAX_HORIZON:
        raise ValueError(f"a forecast looks 1 to {MAX_HORIZON} days ahead, not {horizon}")
    _refuse_nothing(history)
    if trained.cut_off >= history.as_of:
        raise ValueError(
            f"{trained.version} has seen {trained.cut_off}: it cannot say what was to come on {history.as_of}"
        )
    capped = cap_spikes(history.last(EVENT_DAYS))
    said = _daily(_member(trained.model), capped, horizon, drivers.known(history.as_of), trained.learned)
    _, item = np.unique(history.keys["sku"].to_numpy(), return_inverse=True)
    found = trained.calibration.apply(said, item)
    notes = trained.notes
    silent = int(np.count_nonzero(history.start >= history.n_days))
    if silent:
        notes = (*notes, f"{silent} series never sold anything: forecast 0")
    return Forecast(
        keys=history.keys.select("sku", "node"),
        as_of=history.as_of,
        mu=found.mu,
        alpha=found.alpha,
        path_variance=found.path_variance,
        version=trained.version,
        cut_off=history.as_of - timedelta(days=1),
        notes=(*capped.notes, *notes),
        path_drift=found.drift,
        shared=found.shared,
    )


def fit(
    history: DemandHistory,
    *,
    horizon: int = 28,
    model: str = "baseline",
    drivers: Drivers = _NOTHING,
    seed: int = 0,
) -> Forecast:
    """`train` and `predict` at once: forecast `horizon` days from `history.as_of` on.

    Parameters
    ----------
    history
        As `prepare` returns it.
    horizon
        1 to 60 days.
    model
        A forecaster's name, see `names`.
    drivers
        Events, promotions, prices and signals, past and ahead.
    seed
        Of whatever chance the training uses.

    Notes
    -----
    Spikes are capped first, as known at `as_of`. The result is finite and not below zero whatever the history holds.

    Examples
    --------
    Four mugs every weekday and eight on Saturdays and Sundays, for half a year; one series alone tells little of a week,
    so its factors stay nearer to 1 than they would in a group:

    >>> from datetime import date
    >>> import polars as pl
    >>> from evenstock.forecasting import prepare
    >>> day = pl.date_range(date(2026, 1, 5), date(2026, 7, 5), eager=True)
    >>> sold = pl.when(day.dt.weekday() >= 6).then(8).otherwise(4)
    >>> demand = pl.DataFrame({"date": day, "sku": "MUG", "node": "TX"}).with_columns(units=sold)
    >>> week = fit(prepare(demand, date(2026, 7, 6)), horizon=7)
    >>> week.mu.round(1).tolist()
    [[4.1, 4.1, 4.1, 4.1, 4.1, 7.7, 7.7]]
    >>> week.paths(2, seed=1).shape
    (1, 2, 7)
    """
    trained = train(history, model=model, drivers=drivers, seed=seed)
    return predict(trained, history, horizon=horizon, drivers=drivers)


def days_ahead(
    history: DemandHistory,
    *,
    horizon: int,
    model: str = "baseline",
    drivers: Drivers = _NOTHING,
    learned: bytes | None = None,
    seed: int = 0,
) -> Daily:
    """The forecaster's own days from a history as it is: spikes are the caller's to cap, sums are not made right."""
    member, known = _member(model), drivers.known(history.as_of)
    return _daily(member, history, horizon, known, _learn(member, history, known, seed) if learned is None else learned)


def _member(model: str) -> ModuleType:
    family = registry.members(models.__name__)
    if model not in family:
        raise ValueError(f"there is no forecaster {model!r}; choose one of {', '.join(family)}")
    return family[model]


def _refuse_nothing(history: DemandHistory) -> None:
    if history.n_days == 0:
        raise ValueError(f"no demand before {history.as_of}: give at least one day of history")


def _learn(member: ModuleType, history: DemandHistory, drivers: Drivers, seed: int) -> bytes:
    """A forecaster without `train` learns nothing that is kept."""
    learn = getattr(member, "train", None)
    return bytes(learn(history, drivers=drivers, seed=seed)) if learn else b""


def _daily(member: ModuleType, history: DemandHistory, horizon: int, drivers: Drivers, learned: bytes) -> Daily:
    said = member.predict(history, horizon=horizon, drivers=drivers, learned=learned)
    if not isinstance(said, Daily):
        raise TypeError(f"forecaster {member.__name__} must return Daily, not {type(said).__name__}")
    return said


def _as_of(history: DemandHistory, drivers: Drivers, day: int) -> tuple[DemandHistory, Drivers]:
    origin = history.first_day + timedelta(days=day)
    return history.before(origin), drivers.known(origin)
