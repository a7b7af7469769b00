"""Ends the closure of a node at the moment it was said to end."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import Case
from evenstock.operations.exceptions.node_down import up_at_deadline
from evenstock.operations.run_due import Workplace

NAME: Final = "node_up"


def act(at: Workplace, case: Case, now: datetime) -> Case:
    """Closed; orders that waited for the node are decided again."""
    return up_at_deadline(at.store, case, now)
