"""Plans tonight under other circumstances, and plays every plan on the same futures; nothing is kept but the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from evenstock.operations.plan_transfers import PATHS
from evenstock.operations.runs.keeping import Run
from evenstock.operations.todays_forecast import todays_forecast
from evenstock.operations.tonight.happened import happenings
from evenstock.operations.what_if import document, what_if
from evenstock.operations.what_if_text import read_scenario
from evenstock.service.http.strict import Reason, Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do

NAME: Final = "what_if"
TITLE: Final = "Plan under other circumstances"
CAP: Final = Cap(seconds=3_600, memory_mb=4_096)
SCHEDULE: Final = None


class Asked(Strict):
    scenarios: list[Reason] = Field(default_factory=list, max_length=10, description="NAME: change; change")
    seed: int = Field(0, ge=0, le=2**31, description="Seed of the demand paths")
    paths: int = Field(PATHS, ge=2, le=1_000, description="Demand paths to plan and to play")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    if not asked.scenarios:
        return nothing_to_do("no scenario was named")
    now = moment_of(run)
    here = at.company(now.date())
    progress(10, "forecasting")
    said = todays_forecast(at.store, at.snapshots, here, now)
    progress(30, "planning every scenario")
    found = what_if(
        at.store, here.network, said.forecast, dict(map(read_scenario, asked.scenarios)), on=now.date(),
        seed=asked.seed, n_paths=asked.paths, happened=happenings(at.store, here),
    )  # fmt: skip
    return {"scenarios": [document(side) for side in found.sides], "notes": list(found.notes)}
