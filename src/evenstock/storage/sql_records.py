"""Commands, inbox, outbox and decisions in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from evenstock.domain import DecisionId, DecisionRecord, Event, OrderId, canonical_json
from evenstock.operations.ports import ConflictError, Remembered, StoreError
from evenstock.storage import bookkeeping as book
from evenstock.storage import rows
from evenstock.storage.personal_seals import RECORD, is_sealed, readable, subject_of_answer
from evenstock.storage.personal_sql import SealedSql
from evenstock.storage.session import listed

_RECALL = sa.text("SELECT request, response FROM command WHERE key = :key")
_REMEMBER = sa.text(
    "INSERT INTO command (key, request, response, answered_at) VALUES (:key, :request, :response, :now) "
    "ON CONFLICT (key) DO NOTHING"
)
_ACCEPT = sa.text(
    "INSERT INTO inbox (source, event, accepted_at) VALUES (:source, :event, :now) "
    "ON CONFLICT (source, event) DO NOTHING"
)
_RECORD = sa.text(
    "INSERT INTO decision (id, order_id, decided_at, record) VALUES (:id, :order_id, :decided_at, :record) "
    "ON CONFLICT (id) DO NOTHING"
)
_DECISION = sa.text("SELECT record FROM decision WHERE id = :id")
_DECISION_OF = sa.text("SELECT record FROM decision WHERE order_id = :order_id ORDER BY number DESC LIMIT 1")
_NUMBER = sa.text("SELECT number FROM decision WHERE id = :id")
_DECISIONS = sa.text("SELECT record FROM decision WHERE number > :after ORDER BY number LIMIT :limit")
_PUBLISH = sa.text(
    "INSERT INTO outbox (id, kind, aggregate, occurred_at, body) VALUES (:id, :kind, :aggregate, :occurred_at, :body) "
    "ON CONFLICT (id) DO NOTHING"
)
_FACT = sa.text("SELECT id, kind, aggregate, occurred_at, body FROM outbox WHERE id = :id")
_DELIVERED = listed("UPDATE outbox SET delivered_at = COALESCE(delivered_at, :now) WHERE id IN :among")


class RecordsSql(SealedSql):
    """What must be there once: answers, events of others, facts for others, decisions."""

    def recall(self, key: str) -> Remembered | None:
        found = self.run(_RECALL, key=key).one_or_none()
        if found is None:
            return None
        return Remembered(key, found.request, self.answer_opened(key, bytes(found.response)))

    def answer_opened(self, key: str, response: bytes) -> bytes:
        """The answer to a command. Raises StoreError where it was forgotten on purpose."""
        if not is_sealed(response):
            return response
        if response.startswith(RECORD):
            return self.record_opened(response)
        answer = self.opened_one(response, subject_of_answer(key))
        if answer is None:
            raise StoreError("what was answered then is erased; ask under another Idempotency-Key")
        return answer

    def remember(self, key: str, request: str, response: bytes, now: datetime) -> None:
        sealing = self.sealing()
        kept = sealing.answer(key, response, now)
        if self.run(_REMEMBER, key=key, request=request, response=kept, now=self.moment(now)).rowcount:
            self.keep_keys(sealing.rows)
        else:
            raise ConflictError(f"command {key} already has its answer; recall it first")

    def accept(self, source: str, event: str, now: datetime) -> bool:
        return self.run(_ACCEPT, source=source, event=event, now=self.moment(now)).rowcount == 1

    def record(self, decision: DecisionRecord) -> None:
        sealing = self.sealing()
        record = sealing.record(decision)
        values = {"id": decision.id, "order_id": decision.order, "decided_at": self.moment(decision.decided_at)}
        if self.run(_RECORD, **values, record=record).rowcount:
            self.keep_keys(sealing.rows)
        elif self.decision(decision.id) != decision.canonical():
            raise ConflictError(
                f"decision {decision.id} is already recorded with other content; records are never changed"
            )

    def decision(self, decision: DecisionId) -> bytes | None:
        found = self.run(_DECISION, id=decision).scalar()
        return self.record_opened(bytes(found)) if found is not None else None

    def decision_of(self, order: OrderId) -> bytes | None:
        found = self.run(_DECISION_OF, order_id=order).scalar()
        return self.record_opened(bytes(found)) if found is not None else None

    def decisions(self, limit: int, after: str = "") -> list[bytes]:
        return self.records_opened(self._kept(limit, after))

    def decisions_readable(self, limit: int, after: str = "") -> list[bytes]:
        """As `decisions`, each as it stands readable without any key."""
        return [readable(record) for record in self._kept(limit, after)]

    def _kept(self, limit: int, after: str) -> list[bytes]:
        number = self.run(_NUMBER, id=after).scalar() if after else 0
        if number is None:
            raise StoreError(f"decision {after} is not recorded; leave `after` empty to read from the first")
        return [bytes(record) for record in self.run(_DECISIONS, after=number, limit=limit).scalars()]

    def publish(self, events: Iterable[Event]) -> None:
        with self.whole():
            for event in events:
                values = {"id": event.id, "kind": event.kind, "aggregate": event.aggregate}
                body = canonical_json(event.body).decode()
                if not self.run(_PUBLISH, **values, occurred_at=self.moment(event.occurred_at), body=body).rowcount:
                    book.same_fact(rows.event(self.run(_FACT, id=event.id).one()), event)

    def outbox(self, limit: int) -> list[Event]:
        return [rows.event(row) for row in self.run(self.statements.claim_outbox, limit=limit)]

    def delivered(self, events: Sequence[str], now: datetime) -> None:
        names = sorted(set(events))
        if not names:
            return
        with self.whole():
            if self.run(_DELIVERED, among=names, now=self.moment(now)).rowcount < len(names):
                never = next(name for name in events if self.run(_FACT, id=name).one_or_none() is None)
                raise StoreError(f"event {never} was never published, so it cannot be marked as delivered")
