"""The books in an SQLite file: the embedded default, with no server to run."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from evenstock.domain import rfc3339
from evenstock.storage.session import READ_ENTRY, Statements
from evenstock.storage.sql import SqlStore, SqlTransaction

_BUSY_S = 30.0
"""How long a transaction waits for the one before it."""

# As moments are kept: RFC 3339, to the microsecond, of which SQLite's clock has the first three digits.
_CLOCK: Final = sa.text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'")
_FENCED: Final = sa.text(
    "SELECT 1 FROM lease WHERE name = :name AND token = :token "
    "AND until > strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'"
)

_STATEMENTS = Statements(
    insert_movements=sa.text(
        """
        INSERT INTO movement (id, sku, lot, units, source_node, source_bucket, source_cause, destination_node,
            destination_bucket, destination_cause, occurred_at, recorded_at, because, reverses)
        SELECT json_extract(value, '$.id'), json_extract(value, '$.sku'), json_extract(value, '$.lot'),
            json_extract(value, '$.units'), json_extract(value, '$.source_node'), json_extract(value, '$.source_bucket'),
            json_extract(value, '$.source_cause'), json_extract(value, '$.destination_node'),
            json_extract(value, '$.destination_bucket'), json_extract(value, '$.destination_cause'),
            json_extract(value, '$.occurred_at'), json_extract(value, '$.recorded_at'), json_extract(value, '$.because'),
            json_extract(value, '$.reverses')
        FROM json_each(:rows) WHERE true ORDER BY key
        ON CONFLICT (id) DO NOTHING RETURNING id
        """
    ),
    insert_balances=sa.text(
        """
        INSERT INTO stock_balance (sku, node, lot)
        SELECT json_extract(value, '$.sku'), json_extract(value, '$.node'), json_extract(value, '$.lot')
        FROM json_each(:rows) WHERE true
        ON CONFLICT (sku, node, lot) DO NOTHING
        """
    ),
    # A transaction here holds the whole file, so there is no row to lock.
    lock_balances=sa.text("SELECT 1 WHERE :rows = ''"),
    change_balances=sa.text(
        """
        UPDATE stock_balance SET available = stock_balance.available + c.available,
            reserved = stock_balance.reserved + c.reserved, allocated = stock_balance.allocated + c.allocated,
            held = stock_balance.held + c.held, in_transit = stock_balance.in_transit + c.in_transit,
            shortfall = stock_balance.shortfall + c.shortfall
        FROM (
            SELECT json_extract(value, '$.sku') AS sku, json_extract(value, '$.node') AS node,
                json_extract(value, '$.lot') AS lot, json_extract(value, '$.available') AS available,
                json_extract(value, '$.reserved') AS reserved, json_extract(value, '$.allocated') AS allocated,
                json_extract(value, '$.held') AS held, json_extract(value, '$.in_transit') AS in_transit,
                json_extract(value, '$.shortfall') AS shortfall
            FROM json_each(:rows)
        ) AS c
        WHERE stock_balance.sku = c.sku AND stock_balance.node = c.node AND stock_balance.lot = c.lot
            AND stock_balance.available + c.available >= 0 AND stock_balance.reserved + c.reserved >= 0
            AND stock_balance.allocated + c.allocated >= 0 AND stock_balance.held + c.held >= 0
            AND stock_balance.in_transit + c.in_transit >= 0 AND stock_balance.shortfall + c.shortfall >= 0
        RETURNING sku, node, lot, available, shortfall
        """
    ),
    put_prices=sa.text(
        """
        INSERT INTO price (sku, node, valid_from, source, cents)
        SELECT json_extract(value, '$.sku'), json_extract(value, '$.node'), json_extract(value, '$.valid_from'),
            json_extract(value, '$.source'), json_extract(value, '$.cents')
        FROM json_each(:rows) WHERE true
        ON CONFLICT (sku, node, valid_from, source) DO UPDATE SET cents = excluded.cents
        """
    ),
    claim_outbox=sa.text(
        "SELECT id, kind, aggregate, occurred_at, body FROM outbox WHERE delivered_at IS NULL ORDER BY number LIMIT :limit"
    ),
    read_plan=sa.text("SELECT body, state FROM transfer_plan WHERE id = :id"),
    read_transfer=sa.text(
        "SELECT id, plan, origin, destination, ship_by, state, lines, mode, dispatched_on, received_on FROM transfer_order WHERE id = :id"
    ),
    read_case=sa.text("SELECT body FROM case_file WHERE id = :id"),
    claim_received=sa.text(
        """
        SELECT * FROM received_event AS e
        WHERE handling = 'waiting' AND due_at <= :now AND NOT EXISTS (
            SELECT 1 FROM received_event AS earlier WHERE earlier.handling = 'waiting'
                AND earlier.source = e.source AND earlier.subject = e.subject AND earlier.number < e.number
        )
        ORDER BY number LIMIT :limit
        """
    ),
    read_entry=READ_ENTRY,
    lease=sa.text(
        """
        INSERT INTO lease (name, holder, token, until)
        VALUES (:name, :holder, 1, strftime('%Y-%m-%dT%H:%M:%f', 'now', '+' || :seconds || ' seconds') || '000Z')
        ON CONFLICT (name) DO UPDATE SET token = lease.token + (lease.holder <> excluded.holder),
            holder = excluded.holder, until = excluded.until
        WHERE lease.holder = excluded.holder OR lease.until <= strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'
        RETURNING token
        """
    ),
    fenced=_FENCED,
    fenced_unlocked=_FENCED,
    clock=_CLOCK,
)


class SqliteTransaction(SqlTransaction):
    statements = _STATEMENTS

    def moment(self, at: datetime) -> str:
        return rfc3339(at)

    def day(self, day: date) -> str:
        return day.isoformat()


class SqliteStore(SqlStore):
    """One file, one writer at a time, each commit on disk before it returns.

    The file must be at this version's schema: `storage.open_store` brings it there.
    """

    kind = SqliteTransaction

    def __init__(self, path: Path | str) -> None:
        super().__init__(sqlite_engine(str(path)))

    def reading_engine(self) -> sa.Engine:
        return self._engine.execution_options(evenstock_reading=True)


def sqlite_engine(path: str) -> sa.Engine:
    """An engine whose transactions take the write lock when they begin, and whose commits survive power loss."""
    engine = sa.create_engine(
        f"sqlite:///{path}", connect_args={"timeout": _BUSY_S, "check_same_thread": False}, hide_parameters=True
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # To write: at once, so that two transactions never both read and then find they cannot write. To read: the
        # write-ahead log shows one moment, and nobody waits.
        reading = connection.get_execution_options().get("evenstock_reading", False)
        connection.exec_driver_sql(f"PRAGMA query_only = {int(reading)}")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
