"""The books in PostgreSQL: the server that companies run."""

from __future__ import annotations

import select
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from time import monotonic, sleep
from typing import Any, Final, cast

import sqlalchemy as sa

from evenstock.domain import DecisionId, DecisionRecord, Event, Order, Reservation, Sku, canonical_json
from evenstock.operations.ports import (
    Answer,
    Compared,
    Look,
    Received,
    Remembered,
    Short,
    SingleCalls,
    Slot,
    StoreError,
)
from evenstock.storage import bookkeeping as book
from evenstock.storage.array_text import array_text
from evenstock.storage.audit_postgres import AuditPostgres, columns_of
from evenstock.storage.discreet_errors import say_no_values
from evenstock.storage.personal_postgres import KEEP_KEYS, KEY_ROWS, key_columns, with_keys
from evenstock.storage.personal_seals import KeyRow
from evenstock.storage.postgres_books import COMPARE, OUTSIDE, SETTINGS, side_by_side
from evenstock.storage.postgres_inbound import InboundPostgres
from evenstock.storage.postgres_singly import by_themselves
from evenstock.storage.postgres_together import (
    HALTS,
    KEEP_TOGETHER,
    KEEP_TOGETHER_SEALED,
    RECALL_AND_LOOK,
    arguments,
    look_of,
)
from evenstock.storage.session import Statements
from evenstock.storage.sql import SqlStore
from evenstock.storage.time_limits import limit_time

_KEPT_OPEN: Final = 4
_AT_MOST: Final = 8
"""Connections. More than these collapse on hot rows, on any number of cores."""

_PATIENCE_S: Final = 5
"""Longest wait for a connection while all are busy."""
_NETWORK: Final[dict[str, int]] = {
    "connect_timeout": 3,
    "tcp_user_timeout": 15_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""A server whose machine or network is gone is given up in seconds, not in the quarter of an hour that systems allow. An
address may say otherwise (`?connect_timeout=10`)."""

_SETTINGS: Final = (
    "SET TIME ZONE 'UTC'; SET lock_timeout = '10s'; SET statement_timeout = '120s'; "
    "SET idle_in_transaction_session_timeout = '300s'; SET default_transaction_isolation = 'read committed'"
)

_STATEMENTS = Statements(
    insert_movements=sa.text(
        """
        INSERT INTO movement (id, sku, lot, units, source_node, source_bucket, source_cause, destination_node,
            destination_bucket, destination_cause, occurred_at, recorded_at, because, reverses)
        SELECT * FROM ROWS FROM (json_to_recordset(CAST(:rows AS json)) AS (
            id text, sku text, lot text, units bigint, source_node text, source_bucket text, source_cause text,
            destination_node text, destination_bucket text, destination_cause text, occurred_at timestamptz,
            recorded_at timestamptz, because text, reverses text
        )) AS r
        ON CONFLICT (id) DO NOTHING RETURNING id
        """
    ),
    insert_balances=sa.text(
        """
        INSERT INTO stock_balance (sku, node, lot)
        SELECT sku, node, lot FROM json_to_recordset(CAST(:rows AS json)) AS r (sku text, node text, lot text)
        ON CONFLICT (sku, node, lot) DO NOTHING
        """
    ),
    lock_balances=sa.text(
        """
        SELECT 1 FROM stock_balance AS b
        JOIN json_to_recordset(CAST(:rows AS json)) AS r (sku text, node text, lot text)
            ON b.sku = r.sku AND b.node = r.node AND b.lot = r.lot
        ORDER BY b.sku, b.node, b.lot
        FOR UPDATE OF b
        """
    ),
    change_balances=sa.text(
        """
        UPDATE stock_balance AS b SET available = b.available + c.available, reserved = b.reserved + c.reserved,
            allocated = b.allocated + c.allocated, held = b.held + c.held, in_transit = b.in_transit + c.in_transit,
            shortfall = b.shortfall + c.shortfall
        FROM json_to_recordset(CAST(:rows AS json)) AS c (sku text, node text, lot text, available bigint,
            reserved bigint, allocated bigint, held bigint, in_transit bigint, shortfall bigint)
        WHERE b.sku = c.sku AND b.node = c.node AND b.lot = c.lot
            AND b.available + c.available >= 0 AND b.reserved + c.reserved >= 0 AND b.allocated + c.allocated >= 0
            AND b.held + c.held >= 0 AND b.in_transit + c.in_transit >= 0 AND b.shortfall + c.shortfall >= 0
        RETURNING b.sku, b.node, b.lot, b.available, b.shortfall
        """
    ),
    put_prices=sa.text(
        """
        INSERT INTO price (sku, node, valid_from, source, cents)
        SELECT sku, node, valid_from, source, cents FROM json_to_recordset(CAST(:rows AS json))
            AS r (sku text, node text, valid_from timestamptz, source text, cents bigint)
        ON CONFLICT (sku, node, valid_from, source) DO UPDATE SET cents = excluded.cents
        """
    ),
    # One relay at a time holds an aggregate, so that its facts keep their order; others skip to other aggregates.
    claim_outbox=sa.text(
        """
        SELECT id, kind, aggregate, occurred_at, body FROM outbox
        WHERE delivered_at IS NULL AND pg_try_advisory_xact_lock(hashtextextended('outbox:' || aggregate, 0))
        ORDER BY number LIMIT :limit
        FOR UPDATE SKIP LOCKED
        """
    ),
    read_plan=sa.text("SELECT body, state FROM transfer_plan WHERE id = :id FOR UPDATE"),
    read_transfer=sa.text(
        "SELECT id, plan, origin, destination, ship_by, state, lines, mode, dispatched_on, received_on FROM transfer_order WHERE id = :id FOR UPDATE"
    ),
    read_case=sa.text("SELECT body FROM case_file WHERE id = :id FOR UPDATE"),
    claim_received=sa.text("SELECT * FROM claim_received(:now, :limit)"),
    read_entry=sa.text(
        "SELECT kind, id, body, step, state, due_at FROM entry WHERE kind = :kind AND id = :id FOR UPDATE"
    ),
    # The clock as it is, not as it was when the transaction began: who waited here may have waited the lease out.
    lease=sa.text(
        """
        INSERT INTO lease (name, holder, token, until)
        VALUES (:name, :holder, 1, clock_timestamp() + make_interval(secs => :seconds))
        ON CONFLICT (name) DO UPDATE SET token = lease.token + (lease.holder <> excluded.holder)::integer,
            holder = excluded.holder, until = clock_timestamp() + make_interval(secs => :seconds)
        WHERE lease.holder = excluded.holder OR lease.until <= clock_timestamp()
        RETURNING token
        """
    ),
    fenced=sa.text("SELECT 1 FROM lease WHERE name = :name AND token = :token AND until > clock_timestamp() FOR SHARE"),
    fenced_unlocked=sa.text("SELECT 1 FROM lease WHERE name = :name AND token = :token AND until > clock_timestamp()"),
    clock=sa.text("SELECT clock_timestamp()"),
)

_PROTECTED: Final = 1_000_000
"""Added to the number of a line by `reserve_stock` where units are there, but kept for others."""
_RECALL: Final = "SELECT request, response FROM recall_command(%s)"
# Numbered in the order given, stored in the order of their keys: two that receive the same events never wait in a circle. Of
# one that stands there twice the first counts.
_RECEIVE: Final = """
INSERT INTO received_event (number, source, id, kind, subject, occurred_at, body, received_at, due_at)
OVERRIDING SYSTEM VALUE
SELECT number, source, id, kind, subject, occurred_at, body, received_at, received_at
FROM (
    SELECT nextval('received_event_number_seq') AS number, CAST(%s AS timestamptz) AS received_at, e.*
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::bytea[])
        AS e (source, id, kind, subject, occurred_at, body)
    OFFSET 0
) AS numbered
ORDER BY source, id, number
ON CONFLICT (source, id) DO NOTHING RETURNING source, id
"""
_DECISION: Final = "SELECT record FROM decision WHERE id = %s"
_LOOK: Final = f"SELECT *, {HALTS} FROM look_up(%s::text[], %s::date[], %s)"  # noqa: S608 (of constants)
_OPEN: Final = """
SELECT held.pid, held.virtualtransaction
FROM pg_locks AS held JOIN pg_stat_activity AS client ON client.pid = held.pid
WHERE held.locktype = 'virtualxid' AND held.granted AND held.pid <> pg_backend_pid()
    AND client.datname = current_database() AND client.usename = current_user AND client.backend_type = 'client backend'
"""
_POLL_S: Final = 0.01
_ANSWER: Final = (
    "SELECT keep_answer(%s, %s, %s, %s, %s, %b, %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], "
    "%s, %s, %s)"
)
_ANSWER_SEALED: Final = with_keys(_ANSWER)
_RESERVE: Final = (
    "SELECT reserve_stock(%s, %s, %s, %s, %s::text[], %s::text[], %s::text[], %s::bigint[], "
    "%s::text[], %s::date[], %s::integer[], %s::integer[], %s, %s)"
)


class PostgresTransaction(AuditPostgres, InboundPostgres):
    statements = _STATEMENTS

    def moment(self, at: datetime) -> datetime:
        return at.astimezone(UTC)

    def day(self, day: date) -> date:
        return day

    def recall(self, key: str) -> Remembered | None:
        found = self.connection.exec_driver_sql(_RECALL, (key,)).one_or_none()
        return (
            Remembered(key, found.request, self.answer_opened(key, bytes(found.response)))
            if found is not None
            else None
        )

    def compared(self, also: Sequence[Sku] = ()) -> Compared:
        self.connection.exec_driver_sql(SETTINGS)
        beside = self.connection.exec_driver_sql(COMPARE, (array_text(also),)).all()
        items = array_text(sorted({row.sku for row in beside}))
        outside = self.connection.exec_driver_sql(OUTSIDE, (items, items)).all() if beside else []
        return side_by_side(beside, outside)

    def receive(self, events: Sequence[Received], now: datetime) -> list[bool]:
        if not events:
            return []
        sealing = self.sealing()
        kept = [sealing.event(event, now) for event in events]
        new = {tuple(row) for row in self.connection.exec_driver_sql(_RECEIVE, _columns(events, now, kept))}
        if sealing.rows:
            under = {
                subject
                for event, (_, subject) in zip(events, kept, strict=True)
                if subject and (event.source, event.id) in new
            }
            self.keep_keys(key for key in sealing.rows if key.subject in under)
        first = {(event.source, event.id): place for place, event in reversed(list(enumerate(events)))}
        return [
            key in new and first[key] == place for place, key in enumerate((event.source, event.id) for event in events)
        ]

    def key_rows(self, subjects: Sequence[str], ids: Sequence[str]) -> Iterable[Sequence[Any]]:
        return self.connection.exec_driver_sql(KEY_ROWS, (array_text(subjects), array_text(ids))).all()

    def keep_keys(self, keys: Iterable[KeyRow]) -> None:
        wanted = list(keys)
        if wanted:
            self.connection.exec_driver_sql(KEEP_KEYS, key_columns(wanted))

    def decision(self, decision: DecisionId) -> bytes | None:
        found = self.connection.exec_driver_sql(_DECISION, (decision,)).scalar()
        return self.record_opened(bytes(found)) if found is not None else None

    def look(self, skus: Sequence[Sku], days: Sequence[date], now: datetime) -> Look:
        wanted = (array_text(sorted(set(skus))), array_text(sorted(set(days))), self.moment(now))
        return look_of(self.connection.exec_driver_sql(_LOOK, wanted).one())

    def recall_and_look(
        self, keys: Sequence[str], skus: Sequence[Sku], days: Sequence[date], now: datetime
    ) -> tuple[Mapping[str, Remembered], Look]:
        wanted = (array_text(sorted(set(keys))), array_text(sorted(set(skus))), array_text(sorted(set(days))))
        found = self.connection.exec_driver_sql(RECALL_AND_LOOK, (*wanted, self.moment(now))).one()
        names, requests, responses, *looked = found
        known = zip(names or (), requests or (), responses or (), strict=True)
        told = {
            key: Remembered(key, request, self.answer_opened(key, bytes(response))) for key, request, response in known
        }
        return told, look_of(looked)

    def outlast(self, seconds: float) -> bool:
        """Every transaction, also one that only reads, holds the lock of its own number while it is open."""
        until = monotonic() + seconds
        waited_for = {tuple(row) for row in self.connection.exec_driver_sql(_OPEN)}
        while waited_for and monotonic() < until:
            sleep(_POLL_S)
            waited_for &= {tuple(row) for row in self.connection.exec_driver_sql(_OPEN)}
        return not waited_for

    def keep_together(
        self,
        answers: Sequence[Answer],
        now: datetime,
        said: Sequence[tuple[str, str]] = (),
        *,
        halts: Collection[str] = (),
    ) -> bool:
        sealing = self.sealing()
        asked = (array_text(sorted(halts)), *arguments(answers, now, sealing), *columns_of(said))
        if not sealing.rows:
            return bool(self.connection.exec_driver_sql(KEEP_TOGETHER, asked).scalar())
        keyed = (*asked, *key_columns(sealing.rows))
        return bool(self.connection.exec_driver_sql(KEEP_TOGETHER_SEALED, keyed).scalar())

    def answer(
        self,
        decision: DecisionRecord,
        now: datetime,
        *,
        order: Order | None = None,
        facts: Sequence[Event] = (),
        key: str = "",
        request: str = "",
    ) -> None:
        sealing = self.sealing()
        arguments = (
            order.id if order else None,
            sealing.order(order) if order else None,
            decision.id,
            decision.order,
            decision.decided_at,
            sealing.record(decision),
            array_text([fact.id for fact in facts]),
            array_text([fact.kind for fact in facts]),
            array_text([fact.aggregate for fact in facts]),
            array_text([fact.occurred_at.isoformat() for fact in facts]),
            array_text([canonical_json(fact.body).decode() for fact in facts]),
            key or None,
            request,
            self.moment(now),
        )
        asked = (_ANSWER_SEALED, (*arguments, *key_columns(sealing.rows))) if sealing.rows else (_ANSWER, arguments)
        if not self.connection.exec_driver_sql(*asked).scalar():
            super().answer(decision, now, order=order, facts=facts, key=key, request=request)

    def reserve(
        self,
        reservation: Reservation,
        slots: Sequence[Slot] = (),
        *,
        order_class: str = "",
        may_take_protected: bool = False,
    ) -> Short | None:
        places = book.places(slots)
        arguments = (*_arguments(reservation, places), order_class, may_take_protected)
        step = self.connection.exec_driver_sql(_RESERVE, arguments).scalar()
        if step == 0:
            return None
        if step is None:
            self._same_promise(reservation)
            return None
        if step > _PROTECTED:
            line = reservation.lines[step - _PROTECTED - 1]
            return book.short_of_protected(line.sku, line.node, line.units)
        if step > 0:
            line = reservation.lines[step - 1]
            return book.short_of_stock(line.sku, line.node, line.units)
        return book.short_of_slots(*places[-step - 1])


def _columns(events: Sequence[Received], now: datetime, kept: Sequence[tuple[bytes, str]]) -> tuple[Any, ...]:
    for event in events:
        book.as_received(event)
    return (
        now.astimezone(UTC),
        array_text([event.source for event in events]),
        array_text([event.id for event in events]),
        array_text([event.kind for event in events]),
        array_text([event.subject for event in events]),
        array_text([event.occurred_at.isoformat() for event in events]),
        "{" + ",".join([f'"\\\\x{body.hex()}"' for body, _ in kept]) + "}",
    )


def _arguments(reservation: Reservation, places: Sequence[tuple[Slot, int]]) -> tuple[Any, ...]:
    lines = reservation.lines
    return (
        reservation.id,
        reservation.order,
        reservation.made_at,
        reservation.expires_at,
        array_text([line.sku for line in lines]),
        array_text([line.node for line in lines]),
        array_text([line.lot for line in lines]),
        array_text([line.units for line in lines]),
        array_text([slot.node for slot, _ in places]),
        array_text([slot.day for slot, _ in places]),
        array_text([slot.ceiling for slot, _ in places]),
        array_text([count for _, count in places]),
    )


class PostgresStore(SqlStore):
    """A server, a few connections, READ COMMITTED with guarded updates; each commit on disk before it returns.

    The database must be at this version's schema: `storage.open_store` brings it there. Raises StoreError if the server
    is set to acknowledge commits that a power failure would take back.
    """

    kind = PostgresTransaction

    def __init__(self, url: str) -> None:
        super().__init__(postgres_engine(url))

    def check(self, connection: sa.Connection) -> None:
        refuse_unsafe(durability(connection))
        super().check(connection)

    @contextmanager
    def singly(self) -> Iterator[SingleCalls]:
        with self._alone(), by_themselves(self._engine) as connection:
            yield self.kind(cast("sa.Connection", connection))

    def reading_engine(self) -> sa.Engine:
        return self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def postgres_engine(url: str) -> sa.Engine:
    """An engine with a small pool and safe session settings."""
    address = sa.make_url(url).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(
        address,
        pool_size=_KEPT_OPEN,
        max_overflow=_AT_MOST - _KEPT_OPEN,
        pool_timeout=_PATIENCE_S,
        connect_args={name: value for name, value in _NETWORK.items() if name not in address.query},
        # What an order holds stands in no error and in no log.
        hide_parameters=True,
    )
    limit_time(engine)
    say_no_values(engine)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        connection.execute(_SETTINGS)
        connection.autocommit = False

    @sa.event.listens_for(engine, "checkout")
    def alive(connection: Any, _record: Any, _proxy: Any) -> None:
        # A server that ended a connection has said so, or hung up: then something can be read although nothing was asked.
        if _readable(connection.fileno()):
            raise sa.exc.InvalidatePoolError

    return engine


def _readable(handle: int) -> bool:
    """Whether something has arrived; costs no question to the server."""
    if not hasattr(select, "poll"):  # pragma: no cover (Windows)
        return bool(select.select([handle], [], [], 0)[0])
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(0))


def durability(connection: sa.Connection) -> dict[str, str]:
    """The server's settings that decide whether an acknowledged commit survives a power failure."""
    names = ("fsync", "synchronous_commit", "full_page_writes")
    return {name: str(connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in names}


def refuse_unsafe(settings: Mapping[str, str]) -> None:
    """Raise StoreError for a server that would lose committed work."""
    for name, value in settings.items():
        if value == "off":
            raise StoreError(
                f"PostgreSQL runs with {name} = off: a power failure would take back orders already confirmed; "
                f"set {name} = on and restart evenstock"
            )
