"""Judges plans whose goods have arrived: what executed lines really brought."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from pydantic import Field

from evenstock.operations.judge_plan import judge_plan
from evenstock.operations.ports import ConflictError, StoreError, UnavailableError
from evenstock.operations.runs.keeping import Run
from evenstock.operations.runs.taking import LostRunError
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do

NAME: Final = "judge"
TITLE: Final = "Judge plans by what came"
CAP: Final = Cap(seconds=1_800, memory_mb=4_096)
SCHEDULE: Final = Timing(at=time(6))


class Asked(Strict):
    plans: int = Field(30, ge=1, le=1_000, description="So many newest plans are looked at")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    now = moment_of(run)
    demand = at.company().table("demand")
    if demand is None:
        return nothing_to_do("no demand was imported or learned yet: there is nothing to judge by")
    with at.store.reading() as books:
        moved = {transfer.plan for transfer in books.transfers()}
        plans = [plan for plan in books.plans(asked.plans) if plan.id in moved]
    judged, left = [], {}
    for number, plan in enumerate(plans):
        progress(100 * number // len(plans), f"judging {plan.id}")
        try:
            judged.append(judge_plan(at.store, at.snapshots, demand, plan.id, now=now).plan)
        except (LostRunError, UnavailableError, ConflictError):
            raise
        except (StoreError, ValueError) as because:
            left[plan.id] = str(because)
    return {"judged": judged, "not_yet": left}
