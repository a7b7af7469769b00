"""The audit log in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from evenstock.operations.audit.rows import AuditRow, Head, line_of, linked
from evenstock.storage import rows as read
from evenstock.storage.session import Session, listed

ONE_WRITER: Final = 0
"""The stream of a store in which transactions never meet."""
_HEADS = sa.text("SELECT stream, number, link FROM audit_head ORDER BY stream")
_HEAD = sa.text("SELECT number, link FROM audit_head WHERE stream = :stream")
_INSERT = sa.text(
    "INSERT INTO audit_row (stream, number, at, about, said, link) VALUES (:stream, :number, :at, :about, :said, :link)"
)
_MOVE = sa.text("UPDATE audit_head SET number = :number, link = :link WHERE stream = :stream")
_ROWS = sa.text(
    "SELECT stream, number, at, about, said, link FROM audit_row WHERE stream = :stream AND number > :after "
    "ORDER BY number LIMIT :limit"
)
_LINKS = sa.text("SELECT link FROM audit_row WHERE stream = :stream AND number > :after ORDER BY number LIMIT :limit")
_ABOUT = listed(
    "SELECT stream, number, at, about, said, link FROM audit_row WHERE about IN :among "
    "ORDER BY at, stream, number LIMIT :limit"
)

_LAST = sa.text(
    "SELECT stream, number, at, about, said, link FROM audit_row WHERE about = :about AND at <= :until "
    "ORDER BY at DESC, stream DESC, number DESC LIMIT 1"
)


class AuditSql(Session):
    """Rows, links and heads of the audit log."""

    def append_audit(self, rows: Sequence[tuple[str, str]]) -> None:
        found = self.run(_HEAD, stream=ONE_WRITER).one()
        number, link = int(found.number), bytes(found.link)
        at = read.moment(self.run(self.statements.clock).scalar_one())
        new: list[dict[str, Any]] = []
        for about, said in rows:
            number += 1
            link = linked(link, line_of(ONE_WRITER, number, at, said))
            new.append(
                {
                    "stream": ONE_WRITER,
                    "number": number,
                    "at": self.moment(at),
                    "about": about,
                    "said": said,
                    "link": link,
                }
            )
        if new:
            self.connection.execute(_INSERT, new)
            self.run(_MOVE, stream=ONE_WRITER, number=number, link=link)

    def audit_heads(self) -> list[Head]:
        return [Head(row.stream, row.number, bytes(row.link)) for row in self.run(_HEADS)]

    def audit_rows(self, stream: int, after: int, limit: int) -> list[AuditRow]:
        return [_row(found) for found in self.run(_ROWS, stream=stream, after=after, limit=limit)]

    def audit_links(self, stream: int, after: int, limit: int) -> list[bytes]:
        return [bytes(link) for (link,) in self.run(_LINKS, stream=stream, after=after, limit=limit)]

    def audit_about(self, about: Sequence[str], limit: int) -> list[AuditRow]:
        return [_row(found) for found in self.run(_ABOUT, among=list(about), limit=limit)]

    def audit_last(self, about: Sequence[str], until: datetime) -> list[AuditRow]:
        until_there = self.moment(until)
        return [_row(found) for name in about for found in self.run(_LAST, about=name, until=until_there)]


def _row(found: Any) -> AuditRow:
    return AuditRow(found.stream, found.number, read.moment(found.at), found.about, found.said, bytes(found.link))
