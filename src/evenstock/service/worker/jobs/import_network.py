"""Takes tables in that were checked when they came: the long half of an import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from evenstock.operations.import_network import import_network
from evenstock.operations.runs.keeping import Run
from evenstock.service.http.strict import Strict
from evenstock.service.worker.family import Cap
from evenstock.service.worker.workplace import Progress, Workplace, moment_of, nothing_to_do

NAME: Final = "import"
TITLE: Final = "Take a network in"
CAP: Final = Cap(seconds=3_600, memory_mb=6_144)
SCHEDULE: Final = None


class Asked(Strict):
    snapshot: str = Field("", max_length=200, description="Where the checked tables were put; nothing without it")


def work(at: Workplace, run: Run, asked: Asked, progress: Progress) -> Mapping[str, Any]:
    if not asked.snapshot:
        return nothing_to_do("no tables were named")
    progress(10, "taking tables in")
    done = import_network(at.store, at.snapshots, at.snapshots.read(asked.snapshot), moment_of(run))
    return {
        "snapshots": dict(done.snapshots),
        "changed": list(done.changed),
        "opened_movements": done.opened,
        "kept": list(done.kept),
        "notes": list(done.notes),
    }
