"""Forgets what nobody needs any more: runs long over, expired sessions, old answers, applied events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any, Final

from pydantic import Field

from evenstock.operations.access.forget_expired import forget_expired
from evenstock.operations.runs.forgetting import forget_runs
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.workplace import Progress, Workplace
from evenstock.storage.forgetting import forget_answers, forget_events
from evenstock.storage.personal_upkeep import destroy_old_keys

NAME: Final = "purge"
TITLE: Final = "Forget what is long over"
CAP: Final = None
SCHEDULE: Final = Timing(at=time(3, 30))
ANSWERS_KEPT: Final = timedelta(days=30)
"""An Idempotency-Key is good for at least so long."""
KEYS_KEPT: Final = timedelta(days=400)
"""What of answers and events is still there after so long, as in an old copy of the books, can be read no more."""
_AT_ONCE: Final = 500


class Asked(Strict):
    days: int = Field(30, ge=1, le=3_650, description="Runs are kept for so long after they are over")
    scheduled_days: int = Field(
        2, ge=1, le=3_650, description="And those that the schedule asked for and that went well"
    )
    event_days: int = Field(
        90, ge=7, le=3_650, description="Events that were applied: one that comes again later is taken for a new one"
    )


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:  # noqa: ARG001 (what is over is over)
    progress(10, "forgetting runs")
    now = at.clock()
    runs = forget_runs(
        at.store, now - timedelta(days=asked.days), now - timedelta(days=asked.scheduled_days), at_once=_AT_ONCE
    )
    progress(40, "forgetting sessions")
    expired = 0
    while gone := forget_expired(at.store, _AT_ONCE):
        expired += gone
    progress(60, "forgetting answers and events")
    return {
        "runs": runs,
        "expired": expired,
        "answers": forget_answers(at.store, now - max(timedelta(days=asked.days), ANSWERS_KEPT)),
        "events": forget_events(at.store, now - timedelta(days=asked.event_days)),
        "keys": destroy_old_keys(at.store, now - max(timedelta(days=asked.event_days), KEYS_KEPT)),
    }
