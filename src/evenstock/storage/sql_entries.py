"""What a service keeps and who leads, in SQL."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from evenstock.operations.ports import Entry
from evenstock.storage import bookkeeping as book
from evenstock.storage import rows
from evenstock.storage.schema import entry as table
from evenstock.storage.session import Session

_ENTER = sa.text(
    "INSERT INTO entry (kind, id, body, step, state, due_at) VALUES (:kind, :id, :body, :step, :state, :due_at) "
    "ON CONFLICT (kind, id) DO NOTHING"
)
_DUE = sa.text(
    "SELECT kind, id, body, step, state, due_at FROM entry WHERE kind = :kind AND due_at <= :now "
    "ORDER BY due_at, id LIMIT :limit"
)
# One guarded statement: who waited for another's commit finds the step moved on, and has lost.
_CHANGE = sa.text(
    "UPDATE entry SET body = :body, step = :step, state = :state, due_at = :due_at "
    "WHERE kind = :kind AND id = :id AND step = :seen_step"
)
_STEP = sa.text("SELECT step FROM entry WHERE kind = :kind AND id = :id")
_REMOVE = sa.text("DELETE FROM entry WHERE kind = :kind AND id = :id")


class EntriesSql(Session):
    """Entries by kind and id; leases by name."""

    def enter(self, entry: Entry) -> None:
        if not self.run(_ENTER, **self._row(entry, book.entered(entry))).rowcount:
            raise book.entry_there(entry.kind, entry.id)

    def _row(self, entry: Entry, body: str) -> dict[str, object]:
        due_at = None if entry.due_at is None else self.moment(entry.due_at)
        return {
            "kind": entry.kind,
            "id": entry.id,
            "body": body,
            "step": entry.step,
            "state": entry.state,
            "due_at": due_at,
        }

    def entry(self, kind: str, name: str) -> Entry | None:
        found = self.run(self.statements.read_entry, kind=kind, id=name).one_or_none()
        return rows.entry(found) if found is not None else None

    def entries(self, kind: str, *, state: str | None = None, after: str = "", limit: int = 1_000) -> list[Entry]:
        columns = table.c
        wanted = sa.select(columns.kind, columns.id, columns.body, columns.step, columns.state, columns.due_at)
        wanted = wanted.where(columns.kind == kind, columns.id > after).order_by(columns.id).limit(limit)
        if state is not None:
            wanted = wanted.where(columns.state == state)
        return [rows.entry(row) for row in self.connection.execute(wanted)]

    def due_entries(self, kind: str, now: datetime, limit: int) -> list[Entry]:
        return [rows.entry(row) for row in self.run(_DUE, kind=kind, now=self.moment(now), limit=limit)]

    def change_entry(self, seen_step: int, entry: Entry) -> None:
        row = self._row(entry, book.changed(seen_step, entry))
        if not self.run(_CHANGE, **row, seen_step=seen_step).rowcount:
            raise book.entry_moved(entry, seen_step, self.run(_STEP, kind=entry.kind, id=entry.id).scalar())

    def remove_entry(self, kind: str, name: str) -> bool:
        return self.run(_REMOVE, kind=kind, id=name).rowcount == 1

    def lease(self, name: str, holder: str, seconds: int) -> int | None:
        values = {"name": name, "holder": holder, "seconds": book.lasting(name, seconds)}
        token = self.run(self.statements.lease, **values).scalar()
        return None if token is None else int(token)

    def fenced(self, name: str, token: int) -> bool:
        return self.run(self.statements.fenced, name=name, token=token).scalar() is not None

    def clock(self) -> datetime:
        found: datetime | str = self.run(self.statements.clock).scalar_one()
        return rows.moment(found)
