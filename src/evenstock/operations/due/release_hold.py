"""Lets an order go that was held, where its policy says that silence is consent."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import Case
from evenstock.operations.exceptions.hold import release_at_deadline
from evenstock.operations.run_due import Workplace

NAME: Final = "release_hold"


def act(at: Workplace, case: Case, now: datetime) -> Case:
    """Released; decided again where its old plan has become too old."""
    return release_at_deadline(at.store, at.network, case, now)
