"""Draws up what is believed of each shelf and sets the buffers that follow; an older feed widens them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from evenstock.inventory import EMPTY_AT, LEVEL
from evenstock.operations.believe_stock import believe_stock
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of

NAME: Final = "beliefs"
TITLE: Final = "Draw up beliefs about stock"
CAP: Final = Cap(seconds=900, memory_mb=4_096)
SCHEDULE: Final = Timing(every_minutes=60)


class Asked(Strict):
    level: float = Field(LEVEL, gt=0.5, lt=1, description="Share of promises up to the last unit that should find it")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    progress(10, "holding records against sales, picks and counts")
    told = believe_stock(at.store, at.snapshots, at.company(), now=moment_of(run), level=asked.level)
    return {
        "snapshot": told.digest,
        "sku_nodes": told.beliefs.frame.height,
        "probably_empty": told.beliefs.frame.filter(told.beliefs.frame["p_phantom"] >= EMPTY_AT).height,
        "units_held_back": int(told.held["units"].sum()),
        "buffers_changed": told.buffers.height,
        "notes": list(told.beliefs.notes),
    }
