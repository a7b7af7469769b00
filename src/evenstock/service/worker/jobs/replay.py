"""Decides a sample of the recorded decisions again, and keeps whether they came out the same byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from pydantic import Field

from evenstock.operations.replaying.keep_replay import keep_replay
from evenstock.operations.replaying.replay_many import ALL_BP
from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.timing import Timing
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of

NAME: Final = "replay"
TITLE: Final = "Decide a sample again"
CAP: Final = Cap(seconds=3_600, memory_mb=4_096)
SCHEDULE: Final = Timing(at=time(4))


class Asked(Strict):
    share_bp: int = Field(
        100, ge=1, le=ALL_BP, description="So many of ten thousand decisions recorded since the last time, drawn by lot"
    )


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    progress(10, "deciding again")
    found = keep_replay(at.store, at.snapshots, asked.share_bp, moment_of(run).date().isoformat())
    return {
        "replayed": found.replayed,
        "equal": found.equal,
        "unequal": [{"decision": one.decision, "difference": one.difference} for one in found.named],
        "missing": dict(found.missing),
        "sentence": found.sentence,
    }
