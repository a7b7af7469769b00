"""Scores forecasters on the company's own past, beside the fast forecast and the yardsticks."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from pydantic import Field

from evenstock.forecasting.score_table import wide
from evenstock.operations.backtest_forecast import MOST_SERIES, backtest_forecast
from evenstock.operations.runs.keeping import Run
from evenstock.service.http.strict import Name, Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do

NAME: Final = "backtest"
TITLE: Final = "Backtest forecasters"
CAP: Final = Cap(seconds=7_200, memory_mb=6_144)
SCHEDULE: Final = None


class Asked(Strict):
    models: list[Name] = Field(default_factory=list, max_length=20, description="The first is judged by the gates")
    origins: int = Field(3, ge=1, le=12, description="Windows of 28 days, one after the other")
    series: int = Field(MOST_SERIES, ge=1, le=1_000_000, description="About so many series are looked at")
    retrain: bool = Field(False, description="Learn anew at every origin, not once")
    seed: int = Field(0, ge=0, le=2**31)


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    now, here = moment_of(run), at.company()
    if here.table("demand") is None:
        return nothing_to_do("no demand was imported or learned yet")
    progress(10, "backtesting")
    found = backtest_forecast(
        here, as_of=now.date(), models=asked.models, origins=asked.origins, most_series=asked.series,
        retrain=asked.retrain, seed=asked.seed,
    )  # fmt: skip
    return {
        "backtest": found.sentence,
        "origins": [day.isoformat() for day in found.origins],
        "scores": [_finite(row) for row in wide(found.scores).to_dicts()] if found.origins else [],
        "gates": [
            {
                "gate": gate.name,
                "figure": gate.figure if isfinite(gate.figure) else None,
                "outcome": gate.outcome.value,
                "because": gate.because,
            }
            for gate in found.gates
        ],
    }


def _finite(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(v, float) and not isfinite(v) else v for name, v in row.items()}
