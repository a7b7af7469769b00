"""Trains a version of a forecaster on today's data, backtests it, and lets it stand beside the champion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from evenstock import __version__
from evenstock.domain import Event, Verdict, digest
from evenstock.forecasting import Trained, train
from evenstock.forecasting.described import feature_names
from evenstock.learning import Gate, ModelVersion, judge
from evenstock.operations.backtest_forecast import MOST_SERIES, Backtested, backtest_history
from evenstock.operations.company import Company
from evenstock.operations.demand_inputs import FALLBACK, SUBJECT, data_digests, demand_drivers, demand_history
from evenstock.operations.model_versions import KeptVersion, challenge, champion_of, keep_version
from evenstock.operations.ports import Snapshots, Store


@dataclass(frozen=True)
class TrainedForecast:
    """A version as kept, and what its backtest says of it."""

    kept: KeptVersion
    verdict: Verdict
    """Of the backtest's gates alone; what it does beside the champion is judged when it is promoted."""
    backtest: str
    """What it was backtested on, in words."""

    @property
    def scores(self) -> pl.DataFrame:
        return self.kept.frames["scores"]

    @property
    def gates(self) -> tuple[Gate, ...]:
        return self.kept.gates


def train_forecast(
    store: Store,
    snapshots: Snapshots,
    company: Company,
    *,
    as_of: date,
    now: datetime,
    model: str = FALLBACK,
    seed: int = 0,
    origins: int = 3,
    most_series: int = MOST_SERIES,
) -> TrainedForecast:
    """Train `model` on all data before `as_of`; backtest its recipe on at most about `most_series` series; keep it.

    The version kept has seen everything, so it cannot be tested on the past; tested is the same recipe, trained once before
    the earliest of the `origins`, on the sample. The champion's recipe, the fast forecast and the yardsticks stand beside.
    The same data, seed and code give the same version, which is kept once. It becomes the challenger, unless it serves.

    Raises
    ------
    ValueError
        If there is no demand before `as_of`, or no such model.
    ModuleNotFoundError
        If the model needs a library that is not installed.
    """
    history, drivers = demand_history(company, as_of, imported=True), demand_drivers(company)
    trained = train(history, model=model, drivers=drivers, seed=seed)
    fast = trained if model == FALLBACK else train(history, model=FALLBACK, drivers=drivers, seed=seed)
    champion = champion_of(store, snapshots, SUBJECT)
    serving = champion.kept.version if champion and champion.kept else None
    tested = backtest_history(
        history,
        drivers,
        models=[model],
        champion=serving.model if serving else FALLBACK,
        origins=origins,
        most_series=most_series,
        seed=seed,
    )
    version = _version(trained, company, now)
    kept = keep_version(
        store, snapshots, version, gates_seen=tested.gates, frames=_frames(trained, fast, tested), now=now
    )
    if champion is None or champion.record.kept != kept.digest:
        with store.transaction() as books:
            challenge(books, SUBJECT, kept.digest, now)
            books.publish([_told(kept)])
    return TrainedForecast(kept, judge(kept.version, serving, kept.gates), kept.frames["backtest"]["about"].item())


def _version(trained: Trained, company: Company, now: datetime) -> ModelVersion:
    data = data_digests(company)
    frame = trained.to_frame()
    learned = digest([frame["learned"].item(), frame["calibration"].item()])
    return ModelVersion(
        subject=SUBJECT,
        model=trained.model,
        version=trained.version,
        parameters=learned,
        data=tuple(data.items()),
        features=feature_names(trained) or tuple(name for name in data if name != "network"),
        code=f"evenstock {__version__}",
        seed=trained.seed,
        cut_off=trained.cut_off,
        made_at=now,
    )


def _frames(trained: Trained, fast: Trained, tested: Backtested) -> dict[str, pl.DataFrame]:
    return {
        "trained": trained.to_frame(),
        "fast": fast.to_frame(),
        "scores": tested.scores,
        "backtest": pl.DataFrame({"about": [tested.sentence]}),
    }


def _told(kept: KeptVersion) -> Event:
    version = kept.version
    body = {
        "version": version.id,
        "model": version.model,
        "cut_off": version.cut_off,
        "gates": {gate.name: gate.outcome.value for gate in kept.gates},
    }
    return Event(f"{version.id}:trained", "ModelTrained", f"model:{SUBJECT}", version.made_at, body)
