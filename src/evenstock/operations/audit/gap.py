"""The books went back to an older state: what no longer holds is named, signed and kept, and checkpoints go on from what does.

After a backup was restored the last checkpoints count rows that are not there, or that others have taken the place of. That is
reported until a person says why it is so. His word takes nothing back: the note names every checkpoint that it sets aside, and
whoever kept copies of them sees for himself what is missing.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from evenstock.domain import refuse_naive, rfc3339
from evenstock.domain.canonical import digest_of
from evenstock.operations.audit.audited_store import say
from evenstock.operations.audit.checkpoint import BrokenLogError, Checkpoint, GapError, Witness, still_there
from evenstock.operations.audit.rows import NOTHING, AuditBooks, Head, audit_of
from evenstock.operations.ports import Store

ABOUT = "audit:gap"
"""What the deed stands under."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What no longer holds."""

    origin: str
    at: datetime
    by: str
    because: str
    holds: int
    """Rows of the last checkpoint that still holds; 0 where none does."""
    superseded: tuple[Checkpoint, ...]
    """The smallest first."""
    missing: int
    """Rows that the last checkpoint counted and the books no longer hold, stream by stream."""

    @property
    def name(self) -> str:
        return f"{self.superseded[-1].size:016}-{base64.b16encode(self.superseded[-1].root[:4]).decode().lower()}"

    @property
    def body(self) -> str:
        """The signed text, a line each; what people wrote stands on one."""
        named = [f"superseded {p.size} {base64.b64encode(p.root).decode()}" for p in self.superseded]
        told = [f"at {rfc3339(self.at)}", f"by {_line(self.by)}", f"because {_line(self.because)}"]
        return "\n".join([self.origin, "gap", *told, f"holds {self.holds}", f"missing {self.missing}", *named, ""])


class GapKeeper(Witness, Protocol):
    """Where checkpoints are kept, and notes of gaps beside them."""

    def every(self) -> list[Checkpoint]: ...

    def keep_gap(self, gap: Gap) -> bytes:
        """Sign and write the note, for good; its bytes."""

    def set_aside(self, gap: Gap) -> None:
        """Move the checkpoints that it names out of the way; none is lost."""


def gap_of(log: AuditBooks, points: Sequence[Checkpoint]) -> tuple[list[Checkpoint], list[Checkpoint]]:
    """Checkpoints that the books still hold, and those they do not, each the smallest first."""
    heads = {head.stream: head for head in log.audit_heads()}
    for number in range(len(points), 0, -1):
        try:
            for signed in points[number - 1].heads:
                still_there(
                    log, signed, heads.get(signed.stream, Head(signed.stream, 0, NOTHING)), points[number - 1].size
                )
        except BrokenLogError:
            continue
        return list(points[:number]), list(points[number:])
    return [], list(points)


def acknowledge_gap(store: Store, keeper: GapKeeper, by: str, because: str, now: datetime) -> Gap:
    """Say why the books are older than the last checkpoint: a signed note, a row of the log, and sealing goes on.

    Cut short, it is done by saying it again.

    Raises
    ------
    GapError
        If there is no gap: every checkpoint holds.
    ValueError
        If nobody says who he is or why.
    """
    refuse_naive(now, "now")
    if not by.strip() or not because.strip():
        raise ValueError("say who acknowledges the gap and why it is there, such as which backup was restored")
    with store.reading() as books:
        log = audit_of(books)
        hold, gone = gap_of(log, keeper.every())
        have = {head.stream: head.number for head in log.audit_heads()}
    if not gone:
        raise GapError("there is no gap: the books hold what every checkpoint signed")
    missing = sum(max(0, head.number - have.get(head.stream, 0)) for head in gone[-1].heads)
    size = hold[-1].size if hold else 0
    gap = Gap(keeper.origin, now, by.strip(), because.strip(), size, tuple(gone), missing)
    note = keeper.keep_gap(gap)
    with store.transaction() as books:
        told = {"holds": gap.holds, "superseded": len(gone), "last": gone[-1].size, "missing": missing}
        say(books, ABOUT, {"did": "acknowledge_gap", **told, "note": digest_of(note)})
    keeper.set_aside(gap)
    return gap


def _line(text: str) -> str:
    return " ".join(text.split())
