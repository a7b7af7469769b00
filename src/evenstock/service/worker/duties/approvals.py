"""Lets another role decide too about what waited past its deadline, and closes what waited too long."""

from __future__ import annotations

from typing import Final

from evenstock.operations.approvals.due import see_to_due
from evenstock.service.worker.workplace import Workplace

NAME: Final = "approvals"
EVERY_S: Final = 10.0


def do(at: Workplace) -> int:
    return see_to_due(at.store, at.clock())
