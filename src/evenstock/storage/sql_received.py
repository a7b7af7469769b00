"""Events of others, stored before they are applied, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from evenstock.operations.ports import Handling, Mark, Received
from evenstock.storage import bookkeeping as book
from evenstock.storage import rows
from evenstock.storage.session import Session

_RECEIVE = sa.text(
    "INSERT INTO received_event (source, id, kind, subject, occurred_at, body, received_at, due_at) "
    "VALUES (:source, :id, :kind, :subject, :occurred_at, :body, :now, :now) ON CONFLICT (source, id) DO NOTHING"
)
# What became of it since the caller saw it is not written over.
_HANDLED = sa.text(
    "UPDATE received_event SET handling = :handling, tries = :tries, because = :because, due_at = :due_at, "
    "handled_at = :now WHERE source = :source AND id = :id AND handling = :seen AND tries = :seen_tries"
)
_RECEIVED = sa.text(
    "SELECT * FROM received_event WHERE handling = :handling AND number > :after ORDER BY number LIMIT :limit"
)
_RECEIVED_OF = sa.text(
    "SELECT * FROM received_event WHERE handling = :handling AND number > :after AND source = :source "
    "ORDER BY number LIMIT :limit"
)
_EVENT = sa.text("SELECT * FROM received_event WHERE source = :source AND id = :id")


class ReceivedSql(Session):
    """Each event once, and what became of it."""

    def receive(self, events: Sequence[Received], now: datetime) -> list[bool]:
        at = self.moment(now)
        return [
            self.run(
                _RECEIVE,
                source=event.source,
                id=event.id,
                kind=event.kind,
                subject=event.subject,
                occurred_at=self.moment(event.occurred_at),
                body=event.body,
                now=at,
            ).rowcount
            == 1
            for event in [book.as_received(event) for event in events]
        ]

    def claim_received(self, now: datetime, limit: int) -> list[Received]:
        found = self.run(self.statements.claim_received, now=self.moment(now), limit=max(0, limit))
        return sorted((rows.received(row) for row in found), key=lambda event: event.number)

    def handled(
        self, event: Received, handling: Handling, now: datetime, because: str = "", due_at: datetime | None = None
    ) -> None:
        values = {
            "handling": handling.value,
            "tries": book.tries_after(event, handling),
            "because": because,
            "due_at": self.moment(book.handled(event, handling, now, due_at)),
            "now": self.moment(now),
        }
        seen = {"source": event.source, "id": event.id, "seen": event.handling.value, "seen_tries": event.tries}
        if not self.run(_HANDLED, **values, **seen).rowcount:
            raise book.handled_otherwise(event, self.received_event(event.source, event.id))

    def mark(self, marks: Sequence[Mark], now: datetime) -> None:
        with self.whole():
            for mark in marks:
                self.handled(mark.event, mark.handling, now, mark.because, mark.due_at)

    def received(self, handling: Handling, *, after: int = 0, limit: int = 100, source: str = "") -> list[Received]:
        values = {"handling": handling.value, "after": after, "limit": limit}
        found = self.run(_RECEIVED_OF, **values, source=source) if source else self.run(_RECEIVED, **values)
        return [rows.received(row) for row in found]

    def received_event(self, source: str, event: str) -> Received | None:
        found = self.run(_EVENT, source=source, id=event).one_or_none()
        return rows.received(found) if found is not None else None
