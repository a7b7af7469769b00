"""Seals the audit log: signs what is new, and keeps it outside the database."""

from __future__ import annotations

from typing import Final

from evenstock.bootstrap import open_audit
from evenstock.operations.audit.checkpoint import seal
from evenstock.service.worker.workplace import Workplace

NAME: Final = "audit"
EVERY_S: Final = 60.0


def do(at: Workplace) -> int:
    if not at.shared:
        # Books in memory end with the process, and a checkpoint that outlives them would say that they were cut off.
        return 0
    # A log that is not what was signed is an error of this duty, told in the worker's log at every try.
    seal(at.store, open_audit(at.settings))
    # One checkpoint at a time, however many rows come meanwhile.
    return 0
