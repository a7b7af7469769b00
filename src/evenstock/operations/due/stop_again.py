"""Asks a node again whether it stopped a cancelled order; what has left is a return to expect."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import Case
from evenstock.operations.exceptions.stop import not_confirmed
from evenstock.operations.run_due import Workplace

NAME: Final = "stop_again"


def act(at: Workplace, case: Case, now: datetime) -> Case:
    """Open while the node has not answered, closed when everything has left."""
    return not_confirmed(at.store, case, now)
