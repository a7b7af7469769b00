"""Cancels an order that was held, and that nobody released in time."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import Case
from evenstock.operations.exceptions.cancel import cancel_at_deadline
from evenstock.operations.run_due import Workplace

NAME: Final = "cancel_order"


def act(at: Workplace, case: Case, now: datetime) -> Case:
    """Stock back at once; what a node picks is stopped first."""
    return cancel_at_deadline(at.store, at.network, at.policy, case, now)
