"""Learns anew from what happened: demand at home, transit times, loss and damage, suppliers' lead times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import Any, Final, Literal

from pydantic import Field

from evenstock.operations.attribute_demand import attribute_demand
from evenstock.operations.company import Company
from evenstock.operations.learn_damage import learn_damage
from evenstock.operations.learn_lead_times import learn_lead_times
from evenstock.operations.learn_transit import learn_transit
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do

NAME: Final = "learn"
TITLE: Final = "Learn from what happened"
CAP: Final = Cap(seconds=1_800, memory_mb=4_096)
SCHEDULE: Final = Timing(at=time(1))

What = Literal["demand", "transit", "damage", "lead_times"]
_Learn = Callable[[Workplace, Company, datetime], Mapping[str, Any]]


class Asked(Strict):
    what: list[What] = Field(["demand", "transit", "damage", "lead_times"], min_length=1, max_length=4)


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    now = moment_of(run)
    found: dict[str, Any] = {}
    for number, name in enumerate(asked.what):
        progress(100 * number // len(asked.what), f"learning {name.replace('_', ' ')}")
        # Each afresh: what one learned is what the next goes by.
        here = at.company(now.date())
        table, learn = _LEARN[name]
        if here.table(table) is None:
            found[name] = nothing_to_do(f"no {table} were imported yet")
            continue
        try:
            found[name] = learn(at, here, now)
        except ValueError as refused:
            # What one cannot learn from keeps the others from nothing.
            found[name] = nothing_to_do(str(refused))
    return found


def _demand(at: Workplace, here: Company, now: datetime) -> Mapping[str, Any]:
    made = attribute_demand(at.store, at.snapshots, here, now=now)
    return {"snapshot": made.digest, "in_force": made.in_force, "notes": list(made.notes)}


def _transit(at: Workplace, here: Company, now: datetime) -> Mapping[str, Any]:
    made = learn_transit(at.store, at.snapshots, here, as_of=now.date(), now=now)
    return {"snapshot": made.digest, "zones": made.zones.height, "notes": list(made.notes)}


def _damage(at: Workplace, here: Company, now: datetime) -> Mapping[str, Any]:
    made = learn_damage(at.store, at.snapshots, here, as_of=now.date(), now=now)
    return {"snapshot": made.digest, "shares": made.shares.height, "notes": list(made.notes)}


def _lead_times(at: Workplace, here: Company, now: datetime) -> Mapping[str, Any]:
    made = learn_lead_times(at.store, at.snapshots, here, as_of=now.date(), now=now)
    return {"snapshot": made.digest, "suppliers": made.reliability.height, "notes": list(made.notes)}


_LEARN: Final[Mapping[str, tuple[str, _Learn]]] = {
    "demand": ("orders", _demand),
    "transit": ("scans", _transit),
    "damage": ("deliveries", _damage),
    "lead_times": ("receipts", _lead_times),
}
"""The table each learns from, and how."""
