"""One step back of the stages: every line and routing's roll-out as they were before the last change."""

from __future__ import annotations

from datetime import datetime

from evenstock.operations.autonomy.keeping import StagesVersion, before, keep_version
from evenstock.operations.ports import Snapshots, Store


def roll_back_stages(store: Store, snapshots: Snapshots, *, by: str, because: str, now: datetime) -> StagesVersion:
    """Return to the stages before these; without any before, routing is in shadow. Halts stay as they are.

    Raises
    ------
    StoreError
        If no stage was ever set.
    ConflictError
        If somebody else changed the stages in the meantime.
    """
    version, seen = before(store, snapshots, by=by, because=because, now=now)
    return keep_version(store, snapshots, version, seen, now)
