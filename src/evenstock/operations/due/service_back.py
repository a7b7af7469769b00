"""Ends the failure of a carrier service at the moment it was said to end."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import Case
from evenstock.operations.run_due import Workplace

NAME: Final = "service_back"


def act(at: Workplace, case: Case, now: datetime) -> Case:  # noqa: ARG001 (decisions read the open cases)
    """Closed: decisions may use the service again."""
    return case.closed(now, "deadline", "the service picks up again, as was foretold")
