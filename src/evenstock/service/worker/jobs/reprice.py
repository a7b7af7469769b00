"""Prices the units that expected orders compete for and the days that are full, then decides soft orders again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from evenstock.operations.forecast_demand import current_forecast
from evenstock.operations.reoptimise import reoptimise
from evenstock.operations.reprice import DAYS, FUTURES, reprice
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do

NAME: Final = "reprice"
TITLE: Final = "Price what orders compete for"
CAP: Final = Cap(seconds=600, memory_mb=4_096)
SCHEDULE: Final = Timing(every_minutes=15)


class Asked(Strict):
    days: int = Field(DAYS, ge=1, le=60, description="Days until stock comes again")
    scenarios: int = Field(FUTURES, ge=0, le=100, description="Futures to price for confidence")
    seed: int = Field(0, ge=0, le=2**31)
    forecast_free: bool = Field(False, description="Prices by mirror descent, where nothing is known of what comes")
    soft: bool = Field(True, description="Decide orders that are not released again")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    now = moment_of(run)
    here = at.company(now.date())
    if here.table("orders") is None:
        return nothing_to_do("no orders were imported: nobody knows what is to come")
    progress(10, "pricing")
    said = current_forecast(at.store, at.snapshots, here, now.date())
    done = reprice(
        at.store, at.snapshots, here, now=now, forecast=said.forecast if said else None, days=asked.days,
        scenarios=asked.scenarios, seed=asked.seed, forecast_free=asked.forecast_free,
    )  # fmt: skip
    result: dict[str, Any] = {
        "contested": len(done.contested),
        "prices": done.prices,
        "capacity_prices": done.capacity_prices,
        "freed": done.freed,
        "forecast": said.digest if said else None,
        "notes": list(done.notes),
    }
    if asked.soft:
        progress(70, "deciding soft orders again")
        fresh = at.company(now.date())
        moved = reoptimise(at.store, fresh.shipping, fresh.network.policy, now)
        result |= {"looked_at": moved.looked_at, "moved": len(moved.swaps), "saved_cents": moved.saved_cents}
    return result
