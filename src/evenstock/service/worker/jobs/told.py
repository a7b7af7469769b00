"""Puts what events said of stock and parcels among the tables that are learned from, and forgets old deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from pydantic import Field

from evenstock.operations.inbound.keep_tables import keep_tables
from evenstock.operations.outbound.deliveries import forget_past
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.workplace import Progress, Workplace

NAME: Final = "told"
TITLE: Final = "Keep what events told"
CAP: Final = None
SCHEDULE: Final = Timing(every_minutes=15)


class Asked(Strict):
    days: int = Field(30, ge=1, le=3_650, description="Deliveries are kept for so long after they ended")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:  # noqa: ARG001 (what was told is told)
    now = at.clock()
    progress(10, "keeping statements and scans")
    new = keep_tables(at.store, at.snapshots, now)
    progress(70, "forgetting old deliveries")
    return {"rows": new, "deliveries_forgotten": forget_past(at.store, now - timedelta(days=asked.days))}
