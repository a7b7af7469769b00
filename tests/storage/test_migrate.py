"""The migrations make exactly the schema that the code reads and writes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from evenstock.domain import (
    NodeId,
    OrderId,
    Quota,
    Reservation,
    ReservationId,
    ReservationLine,
    ReservationState,
    Sku,
    Units,
)
from evenstock.operations.ports import StoreError
from evenstock.storage import open_store
from evenstock.storage.migrate import HEAD, config, engine_for, upgrade
from evenstock.storage.schema import metadata
from evenstock.storage.sqlite import SqliteStore


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'books.db'}"
    url: str = request.getfixturevalue("empty_database")
    return url


@pytest.fixture
def engine(empty_url: str) -> Iterator[sa.Engine]:
    made = engine_for(empty_url)
    yield made
    made.dispose()


def test_the_migrations_yield_the_schema(empty_url: str, engine: sa.Engine) -> None:
    upgrade(empty_url)

    # SQLite counts by itself and shows no default for it.
    defaults = engine.dialect.name == "postgresql"
    with engine.begin() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": defaults}
        )
        assert compare_metadata(context, metadata) == []


def checks(connection: sa.Connection) -> dict[str, set[tuple[str | None, str]]]:
    inspector = sa.inspect(connection)
    return {
        table: {(c["name"], " ".join(c["sqltext"].split())) for c in inspector.get_check_constraints(table)}
        for table in metadata.tables
    }


def test_the_migrations_yield_the_checks_too(empty_url: str, engine: sa.Engine) -> None:
    """Alembic compares no CHECKs: so what the migrations made is set beside what the schema makes."""
    upgrade(empty_url)
    with engine.begin() as connection:
        migrated = checks(connection)

    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA other")
            connection.exec_driver_sql("SET search_path = other")
            metadata.create_all(connection)
            made = checks(connection)
    else:
        memory = sa.create_engine("sqlite://")
        with memory.begin() as connection:
            metadata.create_all(connection)
            made = checks(connection)
        memory.dispose()

    assert migrated == made
    # 7 of movement, 7 of stock_balance, 2 each of reservation and case, 1 each of observation, line, slot, its places,
    # quota, what was drawn from it, capacity price, plan, transfer, week of tries, received event; 5 of an approval
    # request, 2 of a vote on it.
    assert sum(map(len, made.values())) == 7 + 7 + 2 + 2 + 11 + 5 + 2


def test_upgrading_twice_changes_nothing(empty_url: str, engine: sa.Engine) -> None:
    upgrade(empty_url)
    upgrade(empty_url)

    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == [HEAD]


def test_head_is_the_newest_migration(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert ScriptDirectory.from_config(config(connection)).get_heads() == [HEAD]


def test_a_database_of_a_newer_version_is_refused(empty_url: str, engine: sa.Engine) -> None:
    upgrade(empty_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.exec_driver_sql("UPDATE pointer SET digest = '9998' WHERE name = 'schema.serves'")

    with pytest.raises(StoreError, match="schema 9999, which this version does not know"):
        upgrade(empty_url)


def test_a_store_refuses_a_file_without_tables(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="schema none and this version needs"):
        SqliteStore(tmp_path / "empty.db")


def test_a_file_that_cannot_be_opened_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path / 'nowhere' / 'books.db'}")


@pytest.mark.parametrize("url", ["", "books.db", "mysql://host/db", "sqlite:///"])
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="a store is memory:"):
        open_store(url)


def test_books_of_the_version_before_are_brought_here_with_everything_in_them(
    empty_url: str, engine: sa.Engine
) -> None:
    """A receipt of ten, three of them reserved, under the first schema: they are there afterwards, and quotas hold."""
    with engine.begin() as connection:
        command.upgrade(config(connection), "0001")
        connection.exec_driver_sql(
            "INSERT INTO stock_balance (sku, node, lot, available, reserved) VALUES ('MUG', 'TX', '', 7, 3)"
        )
        connection.exec_driver_sql(
            "INSERT INTO reservation (id, order_id, made_at, expires_at, state) VALUES ('old', 'o', "
            "'2026-11-20T14:00:00.000000Z', '2026-11-21T14:00:00.000000Z', 'pending')"
        )
        connection.exec_driver_sql("INSERT INTO reservation_line VALUES ('old', 'MUG', 'TX', '', 3)")

    store = open_store(empty_url)

    mug, tx, now = Sku("MUG"), NodeId("TX"), datetime(2026, 11, 20, 15, tzinfo=UTC)
    with store.transaction() as t:
        assert [(b.available, b.reserved) for b in t.balances([mug])] == [(7, 3)]
        t.set_quotas([Quota(mug, tx, "vip", Units(5))])
        line = ReservationLine(mug, tx, Units(3))
        new = Reservation(ReservationId("new"), OrderId("o2"), (line,), now, now + timedelta(hours=1))
        assert t.reserve(new) is not None, "7 - 5 = 2"
        assert t.reserve(new, order_class="vip") is None
        t.settle(ReservationId("old"), ReservationState.VOIDED, now)
        assert [(b.available, b.reserved) for b in t.balances([mug])] == [(7, 3)]
        assert t.quotas([mug]) == [Quota(mug, tx, "vip", Units(5), Units(3))]
    store.close()


def test_long_bytes_are_compressed_by_lz4_where_the_server_can(empty_database: str) -> None:
    upgrade(empty_database)
    engine = engine_for(empty_database)
    with engine.begin() as connection:
        said = connection.exec_driver_sql(
            "SELECT attrelid::regclass || '.' || attname FROM pg_attribute WHERE attcompression = 'l' ORDER BY 1"
        )
        built = connection.exec_driver_sql("SELECT setting FROM pg_config WHERE name = 'CONFIGURE'").scalar() or ""
        expected = ["command.response", "decision.record", "outbox.body", "received_event.body"]
        assert said.scalars().all() == (expected if "--with-lz4" in built else [])
    engine.dispose()
