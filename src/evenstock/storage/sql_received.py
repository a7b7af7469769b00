"""Events of others, stored before they are applied, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from evenstock.operations.ports import Handling, Mark, Received
from evenstock.storage import bookkeeping as book
from evenstock.storage import rows
from evenstock.storage.personal_seals import is_sealed, subject_of
from evenstock.storage.personal_sql import SealedSql

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


class ReceivedSql(SealedSql):
    """Each event once, and what became of it."""

    def receive(self, events: Sequence[Received], now: datetime) -> list[bool]:
        return [self._store(book.as_received(event), now) for event in events]

    def _store(self, event: Received, now: datetime) -> bool:
        at, sealing = self.moment(now), self.sealing()
        body, _ = sealing.event(event, now)
        new: bool = (
            self.run(
                _RECEIVE,
                source=event.source,
                id=event.id,
                kind=event.kind,
                subject=event.subject,
                occurred_at=self.moment(event.occurred_at),
                body=body,
                now=at,
            ).rowcount
            == 1
        )
        if new:
            self.keep_keys(sealing.rows)
        return new

    def events_opened(self, events: Sequence[Received]) -> list[Received]:
        """With their bodies as they came; empty where they were erased with their keys."""
        if not any(is_sealed(event.body) for event in events):
            return list(events)
        kept = [(event.body, subject_of(event)) for event in events]
        return [replace(event, body=body or b"") for event, body in zip(events, self.opened_each(kept), strict=True)]

    def claim_received(self, now: datetime, limit: int) -> list[Received]:
        found = self.run(self.statements.claim_received, now=self.moment(now), limit=max(0, limit))
        return sorted(self.events_opened(list(map(rows.received, found))), key=lambda event: event.number)

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
        return self.events_opened(list(map(rows.received, found)))

    def received_event(self, source: str, event: str) -> Received | None:
        found = self.run(_EVENT, source=source, id=event).one_or_none()
        return self.events_opened([rows.received(found)])[0] if found is not None else None
