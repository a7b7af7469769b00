"""Plans tonight: forecast, then transfers; the plan waits for a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from pydantic import Field

from evenstock.domain import TransferPlan
from evenstock.operations.plan_tonight import plan_tonight
from evenstock.operations.plan_transfers import PATHS
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.operations.tonight.decide import OURS
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of

NAME: Final = "plan"
TITLE: Final = "Plan tonight's transfers"
CAP: Final = Cap(seconds=3_600, memory_mb=4_096)
SCHEDULE: Final = Timing(at=time(2))
_LOOKED_AT: Final = 50


class Asked(Strict):
    seed: int = Field(0, ge=0, le=2**31, description="Seed of the demand paths")
    paths: int = Field(PATHS, ge=1, le=1_000, description="Demand paths to reckon on")
    method: str = Field(OURS, min_length=1, max_length=50, description="evenstock, or a rule to compare with")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    now = moment_of(run)
    found = _made_before(at, run, asked)
    if found is None:
        shares = {"forecasting": 10, "planning transfers": 50}
        found = plan_tonight(
            at.store,
            at.snapshots,
            at.company(now.date()),
            now=now,
            seed=asked.seed,
            paths=asked.paths,
            method=asked.method,
            told=lambda words: progress(shares.get(words, 50), words),
        ).plan
    return {
        "plan": found.id,
        "lines": len(found.lines),
        "worth_cents": found.worth_cents,
        "cost_cents": found.cost_cents,
        "net_cents": found.net_cents,
    }


def _made_before(at: Workplace, run: Run, asked: Asked) -> TransferPlan | None:
    """The plan that an earlier try of this run kept before it died."""
    with at.store.reading() as books:
        plans = books.plans(_LOOKED_AT)
    return next((plan for plan in plans if plan.made_at == moment_of(run) and plan.seed == asked.seed), None)
