"""Judges again, from the audit log alone, what was executed since the last time, and keeps what it found for those who watch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from evenstock.operations.audit.wordings import say_policy_if_unsaid
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace
from evenstock.storage.audit_evidence.evaluating import evaluate_new

NAME: Final = "evaluate_audit"
TITLE: Final = "Judge executed actions again"
CAP: Final = Cap(seconds=1_800, memory_mb=4_096)
SCHEDULE: Final = Timing(at=time(3, 30))
_SHOWN: Final = 100


class Asked(Strict):
    """Nothing: all that is new in the log is judged."""


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:  # noqa: ARG001
    progress(10, "judging what was executed since the last time")
    say_policy_if_unsaid(at.store, at.snapshots)
    report = evaluate_new(at.store)
    found = report["violations"]
    return {
        "lawful": report["lawful"],
        "violations": len(found),
        "sentences": [f"row {one['row']}, {one['about']}: {one['sentence']}" for one in found[:_SHOWN]],
        "checked": report["checked"],
        "unchecked": report["unchecked"],
    }
