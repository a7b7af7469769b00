"""Forgets persons whose time is over by the rules of their country, some at a time."""

from __future__ import annotations

from typing import Final

from evenstock.operations.personal_data.retention import forget_due
from evenstock.service.worker.workplace import Workplace

NAME: Final = "retention"
EVERY_S: Final = 60.0
_AT_ONCE: Final = 100


def do(at: Workplace) -> int:
    step = forget_due(at.store, at.snapshots, at.clock(), _AT_ONCE)
    return step.erased if step.more else 0
