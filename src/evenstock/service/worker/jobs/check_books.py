"""Checks that the books are whole, and keeps what it found for those who watch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from evenstock.operations.keep_check import keep_check
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of

NAME: Final = "check_books"
TITLE: Final = "Check the books"
CAP: Final = Cap(seconds=300, memory_mb=4_096)
SCHEDULE: Final = Timing(every_minutes=5)
_SHOWN: Final = 100


class Asked(Strict):
    """Nothing: all of the books are checked."""


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:  # noqa: ARG001
    progress(10, "checking that the books balance")
    found = keep_check(at.store, moment_of(run))
    return {
        "findings": dict(Counter(finding.rule for finding in found)),
        "broken": sum(finding.broken for finding in found),
        "sentences": [finding.sentence for finding in found[:_SHOWN]],
    }
