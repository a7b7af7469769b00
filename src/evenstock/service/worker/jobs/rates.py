"""Fetches the rates that are due from the places they are followed at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from pydantic import Field

from evenstock.bootstrap import rate_folder
from evenstock.operations.rates.refresh import refresh
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.workplace import Progress, Workplace, moment_of

NAME: Final = "rates"
TITLE: Final = "Fetch rates that are due"
CAP: Final = None
SCHEDULE: Final = Timing(every_minutes=60)


class Asked(Strict):
    source: str = Field("", max_length=200, description="One source, due or not; all that are due by default")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    progress(10, "fetching rates")
    done = refresh(at.store, at.snapshots, rate_folder, now=moment_of(run), only=asked.source)
    return {"refreshed": [asdict(one) for one in done]}
