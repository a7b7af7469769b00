"""Looks for carriers that have begun to fail, and proposes what to use instead; a person adopts it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from pydantic import Field

from evenstock.operations.carrier_overrides.propose import propose_overrides
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.operations.score_carriers import WEEKS, score_carriers
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do

NAME: Final = "carriers"
TITLE: Final = "Score carriers and propose overrides"
CAP: Final = Cap(seconds=1_800, memory_mb=4_096)
SCHEDULE: Final = Timing(at=time(4))


class Asked(Strict):
    weeks: int = Field(WEEKS, ge=1, le=104, description="Parcels that left in so many weeks are scored")
    false_a_quarter: float = Field(2.0, gt=0, le=1_000, description="False proposals a quarter to put up with")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    now = moment_of(run)
    here = at.company(now.date())
    if here.table("deliveries") is None:
        return nothing_to_do("no deliveries were imported yet")
    progress(10, "scoring carriers")
    scored = score_carriers(here, as_of=now.date(), by="service", weeks=asked.weeks)
    progress(50, "holding parcels against their usual days")
    found = propose_overrides(
        at.store, at.snapshots, here, as_of=now.date(), now=now, false_a_quarter=asked.false_a_quarter
    )
    return {
        "services": scored.card.select("service", "rank", "parcels").to_dicts(),
        "proposed": [one.id for one in found.new],
        "told": [why for _, why in found.told],
        "mended": [one.proposal.id for one in found.mended],
    }
