"""Forgets runs that are long over."""

from __future__ import annotations

from datetime import datetime

from evenstock.operations.ports import Store
from evenstock.operations.runs.keeping import KIND, RunState, run_of

SCHEDULE = "schedule"
"""Who asks for runs by the clock."""


def forget_runs(store: Store, before: datetime, scheduled_before: datetime, *, at_once: int = 500) -> int:
    """Forget runs that were over before `before`, or before `scheduled_before` where the schedule asked and it went well.

    `at_once` are looked at in one transaction. Returns how many.
    """
    gone, after = 0, ""
    while True:
        with store.transaction() as books:
            entries = books.entries(KIND, after=after, limit=at_once)
            for run in map(run_of, entries):
                well = run.by.partition(":")[0] == SCHEDULE and run.state is RunState.DONE
                limit = scheduled_before if well else before
                if run.state.over and run.ended_at is not None and run.ended_at < limit:
                    gone += books.remove_entry(KIND, run.id)
        if len(entries) < at_once:
            return gone
        after = entries[-1].id
