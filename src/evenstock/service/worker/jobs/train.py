"""Trains a version of the forecast on all demand so far and holds it to its gates; it stands beside the champion."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from pydantic import Field

from evenstock.domain import Allow
from evenstock.operations.backtest_forecast import MOST_SERIES
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.operations.train_forecast import train_forecast
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do

NAME: Final = "train"
TITLE: Final = "Train the forecast"
CAP: Final = Cap(seconds=7_200, memory_mb=6_144)
SCHEDULE: Final = Timing(at=time(3), weekday=6)


class Asked(Strict):
    model: str = Field("boosted", min_length=1, max_length=50, description="Member of the forecaster family")
    seed: int = Field(0, ge=0, le=2**31)
    series: int = Field(MOST_SERIES, ge=1, le=1_000_000, description="About so many series are backtested")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    now, here = moment_of(run), at.company()
    if here.table("demand") is None:
        return nothing_to_do("no demand was imported or learned yet")
    progress(10, f"training and backtesting {asked.model}")
    made = train_forecast(
        at.store, at.snapshots, here, as_of=now.date(), now=now, model=asked.model, seed=asked.seed,
        most_series=asked.series,
    )  # fmt: skip
    version = made.kept.version
    return {
        "version": version.version,
        "id": version.id,
        "cut_off": version.cut_off.isoformat(),
        "gates_passed": sum(gate.passed for gate in made.gates),
        "gates": len(made.gates),
        "may_serve": isinstance(made.verdict, Allow),
    }
