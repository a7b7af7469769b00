"""Reports the last whole month, once: what was followed, foretold and came, cost too much, and whether it paid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from time import process_time
from typing import Any, Final

from pydantic import Field

from evenstock.operations.outcomes.period import month, month_before, zone_of
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do
from evenstock.simulation.monthly.report import keep_report, kept_report, month_report
from evenstock.simulation.replay.causes import SAMPLE

NAME: Final = "monthly-report"
TITLE: Final = "Report the last month"
CAP: Final = Cap(seconds=3_600, memory_mb=4_096)
SCHEDULE: Final = Timing(at=time(7))
"""Each morning: it does nothing where the last month is reported. Outcomes come late, and a month that is kept stays as it is."""


class Asked(Strict):
    month: str = Field(
        "", pattern=r"^(\d{4}-(0[1-9]|1[0-2]))?$", description="As 2026-10; empty for the last whole one"
    )
    zone: str = Field("", max_length=60, description="Whose days count; empty for that of all nodes, else UTC")
    sample: int = Field(SAMPLE, ge=1, le=1_000_000, description="Orders that are decided again")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    now = moment_of(run)
    here = at.company()
    zone = asked.zone or zone_of(node.timezone for node in here.network.nodes.values())
    period = month(asked.month, zone) if asked.month else month_before(now.date(), zone)
    name = f"{period.first:%Y-%m}"
    if period.ends > now:
        return nothing_to_do(f"{name} is not over yet")
    if kept_report(at.store, name) is not None:
        return nothing_to_do(f"{name} was reported before; `evenstock report month {name} --again` makes it anew")
    progress(5, f"reporting {name}")
    told = 0

    def tick(done: int, of: int) -> None:
        nonlocal told
        share = 10 + 85 * done // max(1, of)
        if share > told:
            told = share
            progress(share, f"deciding again {done:,} of {of:,}")

    document = month_report(
        at.store, at.snapshots, here, period, now=now, sample=asked.sample, stopwatch=process_time, tick=tick
    )
    keep_report(at.store, document)
    return {"month": name, "to_do": [one["sentence"] for one in document["to_do"]]}
