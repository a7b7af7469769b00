"""Turns what happened into deliveries for those who asked to be told."""

from __future__ import annotations

from typing import Final

from evenstock.operations.outbound.deliveries import fan_out
from evenstock.service.worker.workplace import Workplace

NAME: Final = "outbox"
EVERY_S: Final = 0.5


def do(at: Workplace) -> int:
    return fan_out(at.store, at.clock())
