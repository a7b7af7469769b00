"""Seals the audit log: signs what is new, and keeps it outside the database."""

from __future__ import annotations

from typing import Final

from evenstock.bootstrap import open_audit
from evenstock.operations.audit.checkpoint import BrokenLogError, seal
from evenstock.operations.audit.standing import keep_trouble
from evenstock.service.worker.workplace import Workplace

NAME: Final = "audit"
EVERY_S: Final = 60.0


def do(at: Workplace) -> int:
    if not at.shared:
        # Books in memory end with the process, and a checkpoint that outlives them would say that they were cut off.
        return 0
    try:
        seal(at.store, open_audit(at.settings))
    except BrokenLogError as broken:
        # An error of this duty at every try, told in the worker's log; kept once, for metrics and for whoever looks.
        keep_trouble(at.store, str(broken))
        raise
    keep_trouble(at.store, "")
    # One checkpoint at a time, however many rows come meanwhile.
    return 0
