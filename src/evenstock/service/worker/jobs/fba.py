"""Says what to send to Amazon's own pool tonight; nothing is kept but the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.plan_transfers import PATHS
from evenstock.operations.restock_fba import document, fba_tonight
from evenstock.operations.runs.keeping import Run
from evenstock.operations.todays_forecast import todays_forecast
from evenstock.operations.tonight.happened import happenings
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of

NAME: Final = "fba"
TITLE: Final = "Restock Amazon's own pool"
CAP: Final = Cap(seconds=3_600, memory_mb=4_096)
SCHEDULE: Final = None


class Asked(Strict):
    seed: int = Field(0, ge=0, le=2**31, description="Seed of the demand paths")
    paths: int = Field(PATHS, ge=1, le=1_000, description="Demand paths to reckon on")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    now = moment_of(run)
    here = at.company(now.date())
    progress(10, "forecasting")
    said = todays_forecast(at.store, at.snapshots, here, now)
    progress(40, "planning the pool")
    found = fba_tonight(
        at.store, here.network, said.forecast, on=now.date(), seed=asked.seed, n_paths=asked.paths,
        happened=happenings(at.store, here), rules=Governance.of(here),
    )  # fmt: skip
    return document(found)
