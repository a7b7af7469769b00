"""The jobs of the worker: an open family, one file each in `evenstock.service.worker.jobs`.

A job says its `NAME`, a `TITLE` for people, what it is `Asked` (a strict model with a default for everything), its `CAP` where
it runs in a process of its own, the `SCHEDULE` by which it runs unless people change it, and `work(at, run, asked, progress)`,
which returns plain JSON. It does the same however often it is tried (its moment is `moment_of(run)`), and writes only through
`at.store`, which refuses whoever lost the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol, cast

from pydantic import ValidationError

from evenstock.operations.runs.keeping import Run
from evenstock.operations.schedule.keeping import Scheduled
from evenstock.operations.schedule.timing import Timing
from evenstock.registry import members
from evenstock.service.http.problems import pointer
from evenstock.service.http.strict import Strict
from evenstock.service.worker.workplace import Progress, Workplace

FAMILY: Final = "evenstock.service.worker.jobs"


@dataclass(frozen=True, slots=True)
class Cap:
    """What a job in a process of its own may take; beyond it the process is ended and the run tried again, then given up."""

    seconds: int
    """By the clock on the wall."""
    memory_mb: int
    """Resident memory."""


class Job(Protocol):
    """A member of the family."""

    NAME: str
    TITLE: str
    CAP: Cap | None
    SCHEDULE: Timing | None
    Asked: type[Strict]

    def work(self, at: Workplace, run: Run, asked: Any, progress: Progress) -> Mapping[str, Any]: ...


class WrongWishError(ValueError):
    """There is no such job, or it does not take what it is asked; the message names the place."""


@cache
def jobs() -> Mapping[str, Job]:
    """Every job by its name."""
    return {module.NAME: cast("Job", module) for module in members(FAMILY).values()}


def job_named(name: str) -> Job:
    """Raises WrongWishError where there is none."""
    found = jobs().get(name)
    if found is None:
        raise WrongWishError(f"there is no job {name!r}; there are {', '.join(sorted(jobs()))}")
    return found


def module_of(job: Job) -> str:
    """The module that the job is: a process of its own imports nothing else of the family."""
    return str(getattr(job, "__name__", ""))


def checked(job: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked, with every default filled in, as plain JSON. Raises WrongWishError."""
    return read(job, asked).model_dump(mode="json")


def read(job: str, asked: Mapping[str, Any]) -> Strict:
    """What is asked, as the job's own model. Raises WrongWishError."""
    return read_as(job_named(job), asked)


def read_as(job: Job, asked: Mapping[str, Any]) -> Strict:
    """As `read`, for a job that is at hand."""
    try:
        # As JSON: what comes from the books was JSON, and a strict model takes no text for a day otherwise.
        return job.Asked.model_validate_json(_json(asked))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = pointer(("body", *first["loc"])) or "what is asked"
        raise WrongWishError(f"job {job.NAME}: {place}: {first['msg']}") from None


def _json(asked: Mapping[str, Any]) -> bytes:
    from pydantic_core import to_json

    return to_json(dict(asked))


def planted() -> list[Scheduled]:
    """The schedule as it is where nobody changed it."""
    return [
        Scheduled(job.NAME, job.NAME, job.SCHEDULE, checked(job.NAME, {}))
        for job in jobs().values()
        if job.SCHEDULE is not None
    ]
