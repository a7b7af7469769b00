"""Asks for the runs whose slot has come."""

from __future__ import annotations

from typing import Final

from evenstock.operations.schedule.keeping import any_due, follow
from evenstock.service.worker.workplace import Workplace

NAME: Final = "schedule"
EVERY_S: Final = 1.0


def do(at: Workplace) -> int:
    with at.store.reading() as books:
        if not any_due(books):
            return 0
    with at.store.transaction() as books:
        follow(books, at.clock())
    # All that is due was asked for: there is no more before the next slot.
    return 0
