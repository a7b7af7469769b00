"""The audit log in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from evenstock.operations.audit.rows import NOTHING, STREAMS, AuditRow, Head, line_of, linked
from evenstock.storage.memory_entries import EntriesInMemory

_STREAM: Final = 0
"""Transactions never meet here."""


class AuditInMemory(EntriesInMemory):
    """Rows by number, in one stream of the sixteen."""

    def append_audit(self, rows: Sequence[tuple[str, str]]) -> None:
        log, at = self._books.audit, self.clock()
        for about, said in rows:
            number = len(log) + 1
            link = linked(log[number - 1].link if log else NOTHING, line_of(_STREAM, number, at, said))
            self._put(log, number, AuditRow(_STREAM, number, at, about, said, link))

    def audit_heads(self) -> list[Head]:
        log = self._books.audit
        last = Head(_STREAM, len(log), log[len(log)].link if log else NOTHING)
        return [last, *(Head(stream, 0, NOTHING) for stream in range(STREAMS) if stream != _STREAM)]

    def audit_rows(self, stream: int, after: int, limit: int) -> list[AuditRow]:
        if stream != _STREAM:
            return []
        return [self._books.audit[n] for n in range(after + 1, min(len(self._books.audit), after + limit) + 1)]

    def audit_links(self, stream: int, after: int, limit: int) -> list[bytes]:
        return [row.link for row in self.audit_rows(stream, after, limit)]

    def audit_about(self, about: Sequence[str], limit: int) -> list[AuditRow]:
        wanted = set(about)
        return [row for row in self._books.audit.values() if row.about in wanted][:limit]

    def audit_last(self, about: Sequence[str], until: datetime) -> list[AuditRow]:
        last: dict[str, AuditRow] = {}
        for row in self._books.audit.values():
            if row.at <= until:
                last[row.about] = row
        return [last[name] for name in about if name in last]
