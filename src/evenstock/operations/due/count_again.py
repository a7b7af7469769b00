"""Asks again for a count that nobody made, and in the end writes off what was not found."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import Case
from evenstock.operations.exceptions.count_shelf import nobody_counted
from evenstock.operations.run_due import Workplace

NAME: Final = "count_again"


def act(at: Workplace, case: Case, now: datetime) -> Case:
    """Open and asked again, or closed with the units written off."""
    return nobody_counted(at.store, case, now)
