"""Holds invoices against our quotes: what drifted since when, and what would correct it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from pydantic import Field

from evenstock.freight.drift.detect import FALSE_ALARMS
from evenstock.operations.rates.hold_invoices import hold_invoices
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do

NAME: Final = "invoices"
TITLE: Final = "Hold invoices against quotes"
CAP: Final = Cap(seconds=900, memory_mb=4_096)
SCHEDULE: Final = Timing(at=time(5))


class Asked(Strict):
    false_alarms: float = Field(FALSE_ALARMS, ge=0.01, le=100, description="Expected in a year where nothing drifts")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    now = moment_of(run)
    here = at.company(now.date())
    if here.table("invoices") is None:
        return nothing_to_do("no invoices were imported yet")
    progress(10, "holding invoices against quotes")
    report = hold_invoices(at.store, at.snapshots, here, as_of=now.date(), now=now, false_alarms=asked.false_alarms)
    return {
        "snapshot": report.digest,
        "parcels": report.parcels,
        "drifts": report.drifts.filter(report.drifts["until"].is_null()).height,
        "new": list(report.new),
    }
