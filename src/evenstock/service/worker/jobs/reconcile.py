"""Holds the books against what other systems stated in the last week."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from pydantic import Field

from evenstock.operations.reconcile_stock import reconcile_stock
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do

NAME: Final = "reconcile"
TITLE: Final = "Reconcile stock"
CAP: Final = Cap(seconds=900, memory_mb=4_096)
SCHEDULE: Final = Timing(every_minutes=60)
_SHOWN: Final = 100
_EXPLAINED: Final = ("age of the statement", "unposted shipment")


class Asked(Strict):
    days: int = Field(7, ge=1, le=92, description="How old a statement may be")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    now, here = moment_of(run), at.company()
    if here.table("observations") is None:
        return nothing_to_do("no other system has stated anything of stock yet")
    progress(10, "reconciling")
    told = reconcile_stock(at.store, at.snapshots, here, now=now, within=timedelta(days=asked.days))
    left = told.lines.filter(~told.lines["cause"].is_in(list(_EXPLAINED)))
    return {
        "lines": told.lines.height,
        "unexplained": left.height,
        "text": told.text,
        "dearest": [
            {name: row[name] for name in ("sku", "node", "source", "ours", "theirs", "cents", "cause", "because")}
            for row in left.head(_SHOWN).iter_rows(named=True)
        ],
    }
