"""Forgets what nobody needs any more: runs that are long over, workers that are gone, expired sessions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any, Final

from pydantic import Field

from evenstock.operations.access.forget_expired import forget_expired
from evenstock.operations.runs.forgetting import forget_runs
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.workplace import Progress, Workplace

NAME: Final = "purge"
TITLE: Final = "Forget what is long over"
CAP: Final = None
SCHEDULE: Final = Timing(at=time(3, 30))
_AT_ONCE: Final = 500


class Asked(Strict):
    days: int = Field(30, ge=1, le=3_650, description="Runs are kept for so long after they are over")
    scheduled_days: int = Field(
        2, ge=1, le=3_650, description="And those that the schedule asked for and that went well"
    )


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:  # noqa: ARG001 (what is over is over)
    progress(10, "forgetting runs")
    now = at.clock()
    runs = forget_runs(
        at.store, now - timedelta(days=asked.days), now - timedelta(days=asked.scheduled_days), at_once=_AT_ONCE
    )
    progress(60, "forgetting sessions")
    expired = 0
    while gone := forget_expired(at.store, _AT_ONCE):
        expired += gone
    return {"runs": runs, "expired": expired}
