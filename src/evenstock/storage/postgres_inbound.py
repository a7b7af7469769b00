"""What others tell, applied many at a time in PostgreSQL: a few statements, however many events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from evenstock.domain import Event, Movement, canonical_json
from evenstock.operations.ports import Count, Mark, Move, StoreError
from evenstock.storage import bookkeeping as book
from evenstock.storage import rows, stock_steps
from evenstock.storage.array_text import array_text
from evenstock.storage.sql import SqlTransaction

# Rows of zeros first, as the single calls do: who waits here for another's row holds none himself.
_INSERT_BALANCES: Final = """
INSERT INTO stock_balance (sku, node, lot) SELECT * FROM unnest(%s::text[], %s::text[], %s::text[])
ON CONFLICT (sku, node, lot) DO NOTHING
"""
_LOCK_BALANCES: Final = """
SELECT b.sku, b.node, b.lot, b.available, b.reserved, b.allocated, b.held, b.in_transit, b.shortfall, b.buffer
FROM stock_balance AS b
JOIN unnest(%s::text[], %s::text[], %s::text[]) AS k (sku, node, lot)
    ON b.sku = k.sku AND b.node = k.node AND b.lot = k.lot
ORDER BY b.sku, b.node, b.lot
FOR UPDATE OF b
"""
_OBSERVATIONS: Final = """
SELECT o.source, o.sku, o.node, o.lot, o.version, o.units, o.observed_at
FROM stock_observation AS o
JOIN unnest(%s::text[], %s::text[], %s::text[]) AS k (sku, node, lot)
    ON o.sku = k.sku AND o.node = k.node AND o.lot = k.lot
"""
_OBSERVE: Final = """
INSERT INTO stock_observation (sku, node, lot, source, version, units, observed_at)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[])
ON CONFLICT (sku, node, lot, source)
DO UPDATE SET version = excluded.version, units = excluded.units, observed_at = excluded.observed_at
"""
_MOVEMENTS: Final = """
INSERT INTO movement (id, sku, lot, units, source_node, source_bucket, source_cause, destination_node,
    destination_bucket, destination_cause, occurred_at, because, recorded_at)
SELECT m.*, CAST(%s AS timestamptz) FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[]) AS m
ON CONFLICT (id) DO NOTHING
"""
_CHANGE: Final = """
UPDATE stock_balance AS b SET available = b.available + c.available, reserved = b.reserved + c.reserved,
    allocated = b.allocated + c.allocated, held = b.held + c.held, in_transit = b.in_transit + c.in_transit,
    shortfall = b.shortfall + c.shortfall
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::bigint[]) AS c (sku, node, lot, available, reserved, allocated, held, in_transit, shortfall)
WHERE b.sku = c.sku AND b.node = c.node AND b.lot = c.lot
"""
_PUBLISH: Final = """
INSERT INTO outbox (id, kind, aggregate, occurred_at, body)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[])
ON CONFLICT (id) DO NOTHING RETURNING id
"""
_MARK: Final = """
UPDATE received_event AS e SET handling = m.handling, tries = m.tries, because = m.because, due_at = m.due_at,
    handled_at = %s
FROM unnest(%s::text[], %s::text[], %s::text[], %s::integer[], %s::text[], %s::integer[], %s::text[], %s::timestamptz[])
    AS m (source, id, seen, seen_tries, handling, tries, because, due_at)
WHERE e.source = m.source AND e.id = m.id AND e.handling = m.seen AND e.tries = m.seen_tries
"""


class _SingleError(Exception):
    """Takes back what cannot be written all at once."""


class InboundPostgres(SqlTransaction):
    """The single calls for one; few statements for many."""

    def change_stock(
        self, steps: Sequence[Count | Move], recorded_at: datetime
    ) -> list[Sequence[Movement] | StoreError]:
        if len(steps) > 1:
            try:
                with self.whole():
                    return self._at_once(steps, recorded_at)
            except _SingleError:
                pass
        return super().change_stock(steps, recorded_at)

    def _at_once(self, steps: Sequence[Count | Move], recorded_at: datetime) -> list[Sequence[Movement] | StoreError]:
        keys = _columns(sorted({stock_steps.key_of(step) for step in steps}), 3)
        self._do(_INSERT_BALANCES, keys)
        balances = self._do(_LOCK_BALANCES, keys)
        taking = stock_steps.Steps.over(
            [rows.balance(row) for row in balances], map(rows.observation, self._do(_OBSERVATIONS, keys))
        )
        for step in steps:
            taking.take(step)
        self._write(taking, recorded_at)
        return taking.answers

    def _write(self, taking: stock_steps.Steps, recorded_at: datetime) -> None:
        if taking.news:
            self._do(_OBSERVE, _columns((_said(one) for _, one in sorted(taking.news.items())), 7))
        if not taking.movements:
            return
        if any(one.reverses is not None for one in taking.movements):
            raise _SingleError
        made = (self.moment(recorded_at), *_columns(map(_written, taking.movements), 12))
        self._all(_MOVEMENTS, made, len(taking.movements))
        changes = [
            (*key, *(change.get(state, 0) for state in book.STATES)) for key, change in sorted(taking.changes.items())
        ]
        self._all(_CHANGE, _columns(changes, 3 + len(book.STATES)), len(changes))

    def publish(self, events: Iterable[Event]) -> None:
        wanted = list(events)
        if not wanted:
            return None
        if len(wanted) < 2:
            return super().publish(wanted)
        told = [(e.id, e.kind, e.aggregate, e.occurred_at.isoformat(), canonical_json(e.body).decode()) for e in wanted]
        with self.whole():
            new = {row.id for row in self._do(_PUBLISH, _columns(told, 5))}
            # What is there already, or stands twice among them, is compared by the single call.
            first = {event.id: event for event in reversed(wanted)}
            super().publish([e for e in wanted if e.id not in new or first[e.id] is not e])
        return None

    def mark(self, marks: Sequence[Mark], now: datetime) -> None:
        if len(marks) < 2:
            super().mark(marks, now)
            return
        told = [
            (
                m.event.source, m.event.id, m.event.handling.value, m.event.tries, m.handling.value,
                book.tries_after(m.event, m.handling), m.because,
                book.handled(m.event, m.handling, now, m.due_at).isoformat(),
            )
            for m in marks
        ]  # fmt: skip
        try:
            with self.whole():
                self._all(_MARK, (self.moment(now), *_columns(told, 8)), len(marks))
        except _SingleError:
            super().mark(marks, now)

    def _all(self, statement: str, arguments: tuple[Any, ...], wanted: int) -> None:
        """Raise _SingleError unless so many rows were written."""
        if self._do(statement, arguments).rowcount < wanted:
            raise _SingleError

    def _do(self, statement: str, arguments: tuple[Any, ...]) -> Any:
        return self.connection.exec_driver_sql(statement, arguments)


def _columns(table: Iterable[Sequence[object]], width: int) -> tuple[str, ...]:
    """Rows as one array a column."""
    columns = list(zip(*table, strict=True)) or [()] * width
    return tuple(map(array_text, columns))


def _said(one: Any) -> tuple[object, ...]:
    return one.sku, one.node, one.lot, one.source, one.version, one.units, one.observed_at.isoformat()


def _written(one: Movement) -> tuple[object, ...]:
    source, destination = one.source, one.destination
    return (
        one.id, source.sku, source.lot, one.units, source.node, source.bucket.value, source.cause.value, destination.node,
        destination.bucket.value, destination.cause.value, one.occurred_at.isoformat(), one.because,
    )  # fmt: skip
