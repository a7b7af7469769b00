"""A change of how far software goes on its own: a version of the stages that is kept, and comes into force when approved."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import ApprovalRequest, Role
from evenstock.operations.approvals.asking import Ask
from evenstock.operations.approvals.carrying_out import Place
from evenstock.operations.approvals.requiring import require_approved
from evenstock.operations.autonomy.keeping import point, read_version

PREFIX: Final = "stages"


def ask(place: Place, name: str) -> Ask:
    """Of the version kept in the snapshot of this digest (`operations.autonomy.keeping.take`), with its simulation."""
    version = read_version(place.snapshots, name)
    evidence = (("simulation", version.evidence),) if version.evidence else ()
    return Ask(
        "change_stages", f"{PREFIX}:{name}", name, version.by, Role.APPROVER.value, because=version.because,
        evidence=evidence,
    )  # fmt: skip


def carry_out(place: Place, request: ApprovalRequest, by: str, now: datetime) -> str:  # noqa: ARG001 (the version says who)
    """Put it in force. Raises ConflictError if others came into force since it was proposed."""
    kept = request.about.removeprefix(f"{PREFIX}:")
    version = read_version(place.snapshots, kept)
    with place.store.transaction() as books:
        require_approved(books, request.about, kept)
        point(books, version, version.follows or None, kept, now)
    return f"stages in force: {version.stages.routing}; {len(version.stages.lines)} lines"
