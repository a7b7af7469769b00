"""The databases themselves refuse what the code never does: changing a record, reviving a reservation, overselling."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    Movement,
    MovementId,
    NodeId,
    OrderId,
    Reservation,
    ReservationId,
    ReservationLine,
    ReservationState,
    Sku,
    Units,
)
from evenstock.operations.ports import StoreError
from evenstock.storage import open_store
from evenstock.storage.migrate import engine_for
from evenstock.storage.postgres import PostgresStore, refuse_unsafe
from evenstock.storage.sqlite import SqliteStore

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
MUG, TX = Sku("MUG"), NodeId("TX")
CAUSELESS = (
    "INSERT INTO movement (id, sku, lot, units, source_node, source_bucket, source_cause, destination_node, "
    "destination_bucket, destination_cause, occurred_at, recorded_at, because) VALUES ('m9', 'MUG', '', 1, 'TX', "
    "'outside', '', 'TX', 'available', '', '2026-01-01', '2026-01-01', '')"
)


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A database with a receipt of ten mugs, a voided reservation of three, and a decision."""
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'books.db'}" if sqlite else request.getfixturevalue("postgres_url")
    store = open_store(url)
    supplier = Account(MUG, TX, Bucket.OUTSIDE, cause=Cause.SUPPLIER)
    receipt = Movement(MovementId("m1"), Units(10), supplier, Account(MUG, TX, Bucket.AVAILABLE), NOW, "po-1")
    line = ReservationLine(MUG, TX, Units(3))
    held = Reservation(ReservationId("r1"), OrderId("o1"), (line,), NOW, NOW + timedelta(hours=1))
    with store.transaction() as t:
        t.post([receipt], NOW)
        t.reserve(held)
        t.settle(held.id, ReservationState.VOIDED, NOW)
    store.close()
    made = engine_for(url)
    with made.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO decision (id, order_id, decided_at, record) VALUES ('d1', 'o1', '2026-01-01', 'x')"
        )
    yield made
    made.dispose()


@pytest.mark.parametrize(
    ("statement", "because"),
    [
        ("UPDATE movement SET units = 99", "never changed"),
        ("DELETE FROM movement", "never"),
        ("UPDATE decision SET record = ''", "never changed"),
        ("DELETE FROM decision", "never"),
        ("UPDATE reservation SET state = 'pending'", "settled once"),
        ("UPDATE reservation SET state = 'posted'", "settled once"),
        ("UPDATE reservation SET order_id = 'o2'", "settled once"),
        ("DELETE FROM reservation_line", "never"),
        ("DELETE FROM reservation", "never deleted"),
        ("INSERT INTO reservation VALUES ('r9', 'o9', '2026-01-01', '2026-01-02', 'posted')", "starts pending"),
        ("UPDATE stock_balance SET available = available - 11", "not_negative"),
        ("UPDATE stock_balance SET shortfall = -1", "not_negative"),
        ("INSERT INTO slot VALUES ('TX', '2026-11-20', 5, 6)", "taken_within_ceiling"),
        (CAUSELESS, "source_cause_outside"),
    ],
)
def test_the_database_refuses(engine: sa.Engine, statement: str, because: str) -> None:
    with pytest.raises(sa.exc.DBAPIError, match=because), engine.begin() as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("table", ["movement", "decision", "reservation_line", "reservation"])
def test_postgresql_refuses_to_truncate_what_was_recorded(postgres_url: str, table: str) -> None:
    engine = engine_for(postgres_url)
    with pytest.raises(sa.exc.DBAPIError, match=r"never|foreign key"), engine.begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE {table} CASCADE")
    engine.dispose()


def test_a_server_that_acknowledges_before_it_writes_is_refused(postgres_url: str) -> None:
    with pytest.raises(StoreError, match="synchronous_commit = off: a power failure would take back orders"):
        PostgresStore(f"{postgres_url}?options=-csynchronous_commit%3Doff")


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_server_that_does_not_flush_is_refused(name: str) -> None:
    with pytest.raises(StoreError, match=f"{name} = off"):
        refuse_unsafe({"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"} | {name: "off"})


def test_a_server_that_does_not_answer_is_a_clear_error() -> None:
    with pytest.raises(StoreError, match=r"cannot be opened"):
        open_store("postgresql://postgres@127.0.0.1:1/postgres")


def test_sqlite_flushes_each_commit_and_keeps_readers_out_of_the_way(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'books.db'}")
    assert isinstance(store, SqliteStore)
    engine = engine_for(f"sqlite:///{tmp_path / 'books.db'}")
    with engine.begin() as connection:
        said = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")}
    assert said == {"journal_mode": "wal", "synchronous": 2}, "2 is FULL"
    engine.dispose()
    store.close()
