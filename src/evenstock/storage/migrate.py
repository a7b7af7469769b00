"""Brings a database to this version's schema, from code: no ini file, no command of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from evenstock.operations.ports import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0006"
"""The schema this version of the code reads and writes."""

SCRIPTS: Final = Path(__file__).with_name("migrations")


def engine_for(url: str) -> sa.Engine:
    """An engine that starts each transaction as the store of this address does."""
    if url.startswith("sqlite:"):
        from evenstock.storage.sqlite import sqlite_engine

        return sqlite_engine(url.removeprefix("sqlite:///"))
    from evenstock.storage.postgres import postgres_engine

    return postgres_engine(url)


def upgrade(url: str) -> None:
    """Run the migrations that are missing, all in one transaction; does nothing at head.

    Raises StoreError if the database was brought to a newer schema by a newer version, or cannot be reached.
    """
    engine = engine_for(url)
    try:
        with engine.begin() as connection:
            if current(connection) == HEAD:
                return
            if connection.dialect.name == "postgresql":
                # Two processes that start together must not both create the tables.
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('evenstock migrations'))"))
            _run(connection)
    except sa.exc.OperationalError as error:
        raise cannot_open(engine, error) from error
    finally:
        engine.dispose()


def cannot_open(engine: sa.Engine, error: sa.exc.OperationalError) -> StoreError:
    said = str(error.orig).strip().splitlines()[0]
    return StoreError(f"{engine.url.render_as_string()}: the database cannot be opened: {said}")


def current(connection: sa.Connection) -> str | None:
    """The schema a database is at; None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def require_head(connection: sa.Connection) -> None:
    """Raise StoreError unless the database is at this version's schema."""
    found = current(connection)
    if found != HEAD:
        raise StoreError(
            f"the database is at schema {found or 'none'} and this version needs {HEAD}; "
            "open it with evenstock.storage.open_store, which brings it there"
        )


def config(connection: sa.Connection) -> Config:
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings


def _run(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(config(connection), "head")
    except CommandError as error:
        raise StoreError(
            f"the database is at schema {current(connection)}, which this version does not know; use the newer version "
            f"that made it ({error})"
        ) from error
