"""The audit log in PostgreSQL: one statement locks a free stream, chains the rows and moves its head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from evenstock.storage.array_text import array_text
from evenstock.storage.audit_sql import AuditSql

_APPEND: Final = "SELECT audit_append(%s::text[], %s::text[])"


class AuditPostgres(AuditSql):
    """Links are made by the server, which holds the stream meanwhile: no second question while it is held."""

    def append_audit(self, rows: Sequence[tuple[str, str]]) -> None:
        if rows:
            self.connection.exec_driver_sql(_APPEND, columns_of(rows))


def columns_of(rows: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """What the rows are about, and what they say, as arrays."""
    return array_text([about for about, _ in rows]), array_text([said for _, said in rows])
