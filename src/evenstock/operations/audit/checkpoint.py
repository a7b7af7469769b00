"""Checkpoints: what the whole audit log was at a moment, in a few lines that are signed and kept outside the books.

Whoever can write the database can write every chain anew; he cannot take back what a checkpoint elsewhere says. Rows become leaves
of one tree (RFC 9162) checkpoint by checkpoint, in the order of streams and numbers among those that are new.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from evenstock.domain.merkle import Frontier
from evenstock.operations.audit.rows import NOTHING, AuditBooks, Head, audit_of, linked
from evenstock.operations.ports import Store, StoreError

AT_ONCE: Final = 5_000
"""Rows read in one question."""


class BrokenLogError(StoreError):
    """The audit log is not what it was: the message says where, and what that means."""


class GapError(BrokenLogError):
    """The books are older than the last checkpoint: a backup was restored, or the end of the log was cut off."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log up to a row of each stream."""

    origin: str
    """Name of the log: that of the key it is signed by."""
    size: int
    """Rows in all."""
    root: bytes
    heads: tuple[Head, ...]
    """Each stream's rows and last link, by stream."""
    peaks: tuple[bytes, ...]
    """Roots of the tree's perfect subtrees, the largest first: what must be known to go on."""

    @property
    def body(self) -> str:
        """The signed text (C2SP tlog-checkpoint): origin, size, root, then lines of our own."""
        heads = [f"stream {head.stream} {head.number} {_b64(head.link)}" for head in self.heads]
        return "\n".join(
            [self.origin, str(self.size), _b64(self.root), *heads, *(f"peak {_b64(p)}" for p in self.peaks), ""]
        )

    @classmethod
    def read(cls, body: str) -> Checkpoint:
        """Raises ValueError where it is none, or its parts do not agree."""
        origin, size, root, *more = body.removesuffix("\n").split("\n")
        words = [line.split(" ") for line in more]
        heads = tuple(Head(int(w[1]), int(w[2]), base64.b64decode(w[3])) for w in words if w[0] == "stream")
        peaks = tuple(base64.b64decode(w[1]) for w in words if w[0] == "peak")
        made = cls(origin, int(size), base64.b64decode(root), heads, peaks)
        if made.frontier().root() != made.root or sum(head.number for head in heads) != made.size:
            raise ValueError(f"the checkpoint of {made.size} rows does not agree with itself")
        return made

    def frontier(self) -> Frontier:
        return Frontier(self.size, list(self.peaks))


class Witness(Protocol):
    """Where checkpoints are kept, outside the books, and who signs them."""

    @property
    def origin(self) -> str: ...

    def latest(self) -> Checkpoint | None:
        """Raises BrokenLogError where it is not signed by our key."""

    def keep(self, checkpoint: Checkpoint) -> bool:
        """Sign and write it, for good; False where one of its size is there already."""


def seal(store: Store, witness: Witness) -> Checkpoint | None:
    """Make a checkpoint of all rows, and keep it: None where no row is new.

    Raises
    ------
    GapError
        If the books hold fewer rows than the last checkpoint counted.
    BrokenLogError
        If a row is not the one that was signed, or does not follow from the one before it.
    """
    last = witness.latest()
    with store.reading() as books:
        made = _checkpoint(audit_of(books), witness.origin, last)
    if made.size == (last.size if last is not None else 0):
        return None
    return made if witness.keep(made) else None


def _checkpoint(log: AuditBooks, origin: str, last: Checkpoint | None) -> Checkpoint:
    heads = log.audit_heads()
    before = {head.stream: head for head in last.heads} if last is not None else {}
    frontier = last.frontier() if last is not None else Frontier()
    for head in heads:
        signed = before.get(head.stream, Head(head.stream, 0, NOTHING))
        still_there(log, signed, head, last.size if last is not None else 0)
        for link in following(log, signed, head):
            frontier.append(link)
    return Checkpoint(origin, frontier.size, frontier.root(), tuple(heads), tuple(frontier.peaks))


def still_there(log: AuditBooks, signed: Head, head: Head, size: int) -> None:
    """Raises GapError or BrokenLogError unless the stream still holds what was signed."""
    where = f"audit stream {signed.stream}"
    if head.number < signed.number:
        raise GapError(
            f"{where} holds {head.number} rows, and the checkpoint of {size} rows counted {signed.number}: the books are older "
            "than the checkpoint. Either a backup was restored, and what was done since is missing; or the log was cut off"
        )
    if signed.number and log.audit_links(signed.stream, signed.number - 1, 1) != [signed.link]:
        raise BrokenLogError(
            f"{where}: row {signed.number} is not the one that the checkpoint of {size} rows signed: the log was written anew"
        )


def broken(log: AuditBooks, last: Checkpoint | None) -> str:
    """Why the log is not what the last checkpoint signed, as far as its heads say; empty where it is."""
    heads = {head.stream: head for head in log.audit_heads()}
    try:
        for signed in last.heads if last is not None else ():
            still_there(
                log, signed, heads.get(signed.stream, Head(signed.stream, 0, NOTHING)), last.size if last else 0
            )
    except BrokenLogError as wrong:
        return str(wrong)
    return ""


def following(log: AuditBooks, after: Head, until: Head) -> Iterator[bytes]:
    """Links of the rows between, each checked against the row before it. Raises BrokenLogError."""
    link, number = after.link, after.number
    while number < until.number:
        found = log.audit_rows(after.stream, number, min(AT_ONCE, until.number - number))
        for row in found:
            number, link = number + 1, linked(link, row.line)
            if row.number != number or row.link != link:
                raise BrokenLogError(
                    f"audit stream {after.stream}, row {number}: it is missing or not what was written"
                )
            yield link
        if not found:
            raise BrokenLogError(f"audit stream {after.stream}: rows {number + 1} to {until.number} are missing")
    if link != until.link:
        raise BrokenLogError(f"audit stream {after.stream}: its head is not its last row")


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
