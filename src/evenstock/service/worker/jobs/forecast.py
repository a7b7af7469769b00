"""Forecasts demand from today on with the champion, or with a model asked for by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from evenstock.forecasting import MAX_HORIZON
from evenstock.operations.beyond_the_model import adjustments
from evenstock.operations.forecast_demand import forecast_demand, provenance
from evenstock.operations.runs.keeping import Run
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do

NAME: Final = "forecast"
TITLE: Final = "Forecast demand"
CAP: Final = Cap(seconds=1_800, memory_mb=4_096)
SCHEDULE: Final = None


class Asked(Strict):
    horizon: int = Field(28, ge=1, le=MAX_HORIZON, description="Days ahead")
    model: str = Field("", max_length=50, description="Member of the forecaster family; the champion without it")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    now, here = moment_of(run), at.company()
    if here.table("demand") is None:
        return nothing_to_do("no demand was imported or learned yet")
    progress(10, "forecasting")
    said = forecast_demand(
        at.store, at.snapshots, here, as_of=now.date(), now=now, horizon=asked.horizon, model=asked.model or None,
        adjust=adjustments(at.store, at.snapshots, here),
    )  # fmt: skip
    origin = provenance(at.snapshots, said.digest)
    return {
        "snapshot": said.digest,
        "version": said.forecast.version,
        "as_of": said.forecast.as_of.isoformat(),
        "series": said.forecast.keys.height,
        "horizon_days": said.forecast.horizon,
        "expected_units": round(float(said.forecast.mu.sum()), 1),
        "model": origin.model.id if origin.model else None,
        "fell_back": origin.fell_back or None,
        "notes": list(said.forecast.notes),
    }
