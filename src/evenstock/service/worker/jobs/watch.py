"""Scores the forecast on the days that came, takes back one that fails, and looks for demand that has shifted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from pydantic import Field

from evenstock.operations.forecast_demand import current_forecast
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.operations.sense_demand import sense_demand
from evenstock.operations.watch_forecast import watch_forecast
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do

NAME: Final = "watch"
TITLE: Final = "Watch the forecast"
CAP: Final = Cap(seconds=1_800, memory_mb=4_096)
SCHEDULE: Final = Timing(at=time(7))


class Asked(Strict):
    roll_back: bool = Field(True, description="Take a champion back at once where its live days condemn it")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    now, here = moment_of(run), at.company()
    if here.table("demand") is None:
        return nothing_to_do("no demand was imported or learned yet")
    progress(10, "scoring the days since")
    seen = watch_forecast(at.store, at.snapshots, here, as_of=now.date(), now=now, roll_back=asked.roll_back)
    told: dict[str, Any] = {
        "scored": seen.newly_scored,
        "rolled_back": seen.rolled_back.version if seen.rolled_back else None,
        "because": seen.because,
        "drifted": [one.because for one in seen.drifted],
    }
    if current_forecast(at.store, at.snapshots, here, now.date()) is None:
        return told | {"sensed": nothing_to_do("there is no forecast of today to hold demand against")}
    progress(60, "looking for demand that has shifted")
    sensed = sense_demand(at.store, at.snapshots, here, as_of=now.date(), now=now)
    return told | {"sensed": {"snapshot": sensed.digest}}
