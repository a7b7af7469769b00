"""Keeps what was decided: a person was asked whether to do better, and did not object."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import Case
from evenstock.operations.run_due import Workplace

NAME: Final = "accept_plan"


def act(at: Workplace, case: Case, now: datetime) -> Case:  # noqa: ARG001 (nothing is to be done: the plan stands)
    """The plan stands as it is."""
    return case.closed(now, "deadline", "it goes as planned: nobody chose otherwise in time")
