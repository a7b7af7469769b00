"""Tries a change on the orders of the last 30 days, and keeps what was found for whoever approves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import Field

from evenstock.operations.autonomy.evidence import ASKED_DAYS, keep_simulated, simulated_told
from evenstock.operations.autonomy.keeping import stages_in_force
from evenstock.operations.autonomy.set_stage import with_line
from evenstock.operations.autonomy.told import line_of, roll_out_of
from evenstock.operations.company import Company
from evenstock.operations.rulebook import version_of
from evenstock.operations.runs.keeping import Run
from evenstock.service.http.strict import Name, Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do
from evenstock.simulation.changes import (
    Change,
    change_of_costs,
    change_of_rules,
    change_of_stages,
    recorded,
    simulate_change,
)

NAME: Final = "simulate_change"
TITLE: Final = "Try a change on past orders"
CAP: Final = Cap(seconds=3_600, memory_mb=4_096)
SCHEDULE: Final = None


class Asked(Strict):
    rules: Name | None = Field(None, description="A version of the rules")
    stage: dict[str, Any] | None = Field(
        None, description="A line of the stages, as `POST /v1/autonomy/stages` takes it"
    )
    roll_out: dict[str, Any] | None = Field(None, description="A roll-out, as `PUT /v1/roll-out` takes it")
    costs: dict[str, int] | None = Field(None, description="Amounts by cost")
    days: int = Field(ASKED_DAYS, ge=1, le=365, description="Days of orders")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    now = moment_of(run)
    here = at.company(now.date())
    change = changed(at, here, asked)
    if change is None:
        return nothing_to_do("no change was named: give rules, stage, roll_out or costs")
    progress(5, "reading what was recorded")
    past = recorded(at.store, here, now, asked.days)
    lives, done = 1 if change.kind == "stages" else 2, 0

    def tick(count: int) -> None:
        nonlocal done
        done += count
        progress(5 + 90 * done // max(1, lives * len(past.orders)), "deciding again")

    found = simulate_change(change, past, by=run.by, now=now, tick=tick)
    return simulated_told(keep_simulated(at.store, at.snapshots, found))


def changed(at: Workplace, here: Company, asked: Asked) -> Change | None:
    """What is asked about; None where nothing is.

    Raises
    ------
    StoreError, ValueError
        If there is no such version, or what is asked is no change that could come into force.
    """
    if asked.rules is not None:
        return change_of_rules(here, version_of(at.store, at.snapshots, asked.rules).policy)
    if asked.costs:
        return change_of_costs(here, asked.costs)
    with at.store.reading() as books:
        stages = stages_in_force(books, at.snapshots)
    if asked.stage is not None:
        return change_of_stages(here, with_line(stages, line_of(asked.stage)).halted_by(()))
    if asked.roll_out is not None:
        return change_of_stages(here, replace(stages, routing=roll_out_of(asked.roll_out), halts=()))
    return None
