"""Long work as it is told."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from evenstock.domain import rfc3339
from evenstock.operations.runs.keeping import Run, RunState
from evenstock.service.http.bodies.out import Moment, Out, Plain


class RunOut(Out):
    """One piece of long work, from the wish to its end."""

    id: str
    job: str = Field(description="Which job of the worker does it")
    state: RunState
    asked: Plain = Field(description="What was asked for, defaults filled in")
    by: str = Field(description="Who asked")
    asked_at: Moment
    begun_at: Moment | None
    ended_at: Moment | None
    share_done: int = Field(ge=0, le=100, description="Hundredths")
    doing: str
    result: Plain | None = Field(description="What it brought; null until it is done")
    because: str = Field(description="Why it failed or was cancelled")
    tries: int


def run_out(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "job": run.job,
        "state": run.state.value,
        "asked": dict(run.asked),
        "by": run.by,
        "asked_at": rfc3339(run.asked_at),
        "begun_at": rfc3339(run.begun_at) if run.begun_at else None,
        "ended_at": rfc3339(run.ended_at) if run.ended_at else None,
        "share_done": run.share_done,
        "doing": run.doing,
        "result": dict(run.result) if run.result is not None else None,
        "because": run.because,
        "tries": run.tries,
    }
