"""Closes yesterday: what decisions turned out to cost, how far from perfect, and whether the gate still holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from math import isnan
from typing import Any, Final

from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of
from evenstock.simulation.night import close_day

NAME: Final = "night"
TITLE: Final = "Close yesterday"
CAP: Final = Cap(seconds=1_800, memory_mb=4_096)
SCHEDULE: Final = Timing(at=time(0, 30))


class Asked(Strict):
    """Nothing: the day is the one before the run began, by UTC."""


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:  # noqa: ARG001 (it is asked nothing)
    now = moment_of(run)
    here = at.company(now.date())
    progress(10, "judging yesterday's decisions")
    closed = close_day(at.store, at.snapshots, here.shipping, here.network.policy, now)
    return {
        "day": closed.day.isoformat(),
        "orders": closed.orders,
        "served": closed.done.orders,
        "cents": closed.done.cents,
        "over_bound": None if isnan(closed.over_bound) else closed.over_bound,
        "gate_tightened": closed.watched.tightened,
        "gate": closed.watched.because,
        "notes": list(closed.notes),
    }
