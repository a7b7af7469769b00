"""A row of the audit log, its exact bytes, and what a store must do for the log.

A row's link is the hash of the link before it in its stream and of its line. It is at once the hash of a leaf of RFC 9162's tree
over the entries `previous link + line`, so that one tree over all streams needs no second hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, cast

from evenstock.domain import rfc3339
from evenstock.domain.merkle import leaf_hash
from evenstock.operations.ports import Transaction

STREAMS: Final = 16
"""Chains. A transaction appends to one of them; more than transactions that commit at the same moment."""
NOTHING: Final = bytes(32)
"""The link before the first row of a stream."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """What one transaction did to one thing."""

    stream: int
    number: int
    """Within the stream, from 1, without a gap."""
    at: datetime
    """By the store's own clock, to the microsecond."""
    about: str
    """Id of the thing; the same as in `said`, where it can be found by."""
    said: str
    """JSON: `about`, the `deeds` in their order, and `who`."""
    link: bytes

    @property
    def line(self) -> bytes:
        """The exact bytes that the chain holds."""
        return line_of(self.stream, self.number, self.at, self.said)


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a stream."""

    stream: int
    number: int
    link: bytes


class AuditBooks(Protocol):
    """The audit log within an open transaction."""

    def append_audit(self, rows: Sequence[tuple[str, str]]) -> None:
        """Append rows (`about`, `said`) to one stream: the last thing before the commit."""

    def audit_heads(self) -> list[Head]:
        """Of every stream, by its number."""

    def audit_rows(self, stream: int, after: int, limit: int) -> list[AuditRow]:
        """Rows of a stream from the one after number `after`, in order."""

    def audit_links(self, stream: int, after: int, limit: int) -> list[bytes]:
        """Their links alone."""

    def audit_about(self, about: Sequence[str], limit: int) -> list[AuditRow]:
        """Rows about any of these ids, by time, then stream and number."""

    def audit_last(self, about: Sequence[str], until: datetime) -> list[AuditRow]:
        """Of each of these ids the last row up to a moment, in the order of the ids; none where there is none."""


def audit_of(books: Transaction) -> AuditBooks:
    """The audit log of the store that this transaction is of; every store keeps one."""
    return cast("AuditBooks", books)


def line_of(stream: int, number: int, at: datetime, said: str) -> bytes:
    """
    Examples
    --------
    >>> from datetime import UTC
    >>> line_of(3, 1, datetime(2026, 11, 20, 14, tzinfo=UTC), '{"about":"order-1"}')
    b'3 1 2026-11-20T14:00:00.000000Z {"about":"order-1"}'
    """
    return f"{stream} {number} {rfc3339(at)} {said}".encode()


def linked(link: bytes, line: bytes) -> bytes:
    """The link of the row with this line after the one with this link."""
    return leaf_hash(link + line)
