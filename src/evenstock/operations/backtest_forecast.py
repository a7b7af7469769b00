"""How forecasters would have done on a company's own past: the scores, and the gates of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from evenstock.forecasting import DemandHistory, Drivers
from evenstock.forecasting.backtest import ALWAYS, outcomes, rolling_origins, sampled
from evenstock.forecasting.gates import BOUNDS, gates
from evenstock.forecasting.score_table import score_table
from evenstock.learning import Gate, at_least
from evenstock.operations.company import Company
from evenstock.operations.demand_inputs import demand_drivers, demand_history

MOST_SERIES: Final = 5_000
"""Series that a backtest looks at: whole items, spread over all of them."""
LEAST_HISTORY: Final = 56
"""Days that an origin needs behind it."""
HORIZON: Final = 28


@dataclass(frozen=True)
class Backtested:
    """What a backtest found."""

    scores: pl.DataFrame
    """The long table of `forecasting.score_table`."""
    gates: tuple[Gate, ...]
    """Of the first model, against the champion's."""
    origins: tuple[date, ...]
    series: int
    of_series: int

    @property
    def sentence(self) -> str:
        days = ", ".join(map(str, self.origins)) or "none: the history is too short"
        return f"{self.series:,} of {self.of_series:,} series, {HORIZON} days from each of {len(self.origins)} origins ({days})"


def backtest_forecast(
    company: Company,
    *,
    as_of: date,
    models: Sequence[str] = (),
    champion: str = "baseline",
    origins: int = 3,
    most_series: int = MOST_SERIES,
    retrain: bool = False,
    seed: int = 0,
) -> Backtested:
    """Score `models` (and always the fast forecast, seasonal naive and empirical quantiles) on rolling origins.

    Parameters
    ----------
    models
        The first is judged by the gates; `champion` is if there is none.
    champion
        The model it is held against, by name.
    retrain
        Whether to learn anew at every origin; else once, before the earliest.
    """
    history = demand_history(company, as_of, imported=True)
    return backtest_history(
        history,
        demand_drivers(company),
        models=models,
        champion=champion,
        origins=origins,
        most_series=most_series,
        retrain=retrain,
        seed=seed,
    )


def backtest_history(
    history: DemandHistory,
    drivers: Drivers,
    *,
    models: Sequence[str] = (),
    champion: str = "baseline",
    origins: int = 3,
    most_series: int = MOST_SERIES,
    retrain: bool = False,
    seed: int = 0,
) -> Backtested:
    """The same of a history that is already there."""
    part = sampled(history, most_series)
    earliest = history.first_day + timedelta(days=LEAST_HISTORY)
    days = [day for day in rolling_origins(history.as_of, origins, horizon=HORIZON) if day >= earliest]
    judged = models[0] if models else champion
    if not days:
        short = at_least("days of history", history.n_days, LEAST_HISTORY + HORIZON, "days that a backtest needs")
        return Backtested(score_table([]), (short,), (), part.n_series, history.n_series)
    names = list(dict.fromkeys([*models, champion, *ALWAYS]))
    told = list(outcomes(part, days, models=names, horizon=HORIZON, drivers=drivers, retrain=retrain, seed=seed))
    ours, theirs = ([said for said in told if said.model == name] for name in (judged, champion))
    found = gates(ours, theirs, bounds=BOUNDS, seed=seed)
    return Backtested(score_table(told, seed=seed), found, tuple(days), part.n_series, history.n_series)
