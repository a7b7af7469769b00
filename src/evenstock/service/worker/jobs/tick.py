"""Does what is due now: deadlines of cases, orders to try again, reservations that ran out, prices of what is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.operations.tick import tick
from evenstock.service.http.strict import Strict
from evenstock.service.worker.workplace import Progress, Workplace

NAME: Final = "tick"
TITLE: Final = "Do what is due"
CAP: Final = None
SCHEDULE: Final = Timing(every_minutes=1)


class Asked(Strict):
    limit: int = Field(1_000, ge=1, le=100_000, description="Cases to do at most")
    cutoffs: bool = Field(
        False, description="Nodes report every release: an order not released by its cut-off is decided again"
    )


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:  # noqa: ARG001 (what is due is due now)
    now = at.clock()
    progress(10, "looking what is due")
    here = at.current.get()
    done = tick(at.store, at.snapshots, here.shipping, here.policy, now, limit=asked.limit, cutoffs=asked.cutoffs)
    return {
        "done": dict(Counter(each.action for each in done.done)),
        "failed": [each.sentence for each in done.done if each.failed],
        "cutoffs_missed": len(done.missed),
        "still_due": done.still_due,
        "evidence": dict(done.evidence),
        "prices": done.prices if isinstance(done.prices, str) else done.prices.sentence,
    }
