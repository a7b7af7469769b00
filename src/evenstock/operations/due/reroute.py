"""Decides again about what an exception left unplaced of an order."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import Case
from evenstock.operations.exceptions.rerouting import follow
from evenstock.operations.run_due import Workplace

NAME: Final = "reroute"


def act(at: Workplace, case: Case, now: datetime) -> Case:
    """Closed where a plan stands, else open for a person, and tried again later."""
    return follow(at.store, at.network, at.policy, case, now, decide=at.decide)
