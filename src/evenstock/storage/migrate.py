"""Brings a database to this version's schema, from code: no ini file, no command of its own.

Versions are changed one process at a time: the newer one brings the database on while the older one still serves. So a
migration only adds, and says in `serves` which older schema's code may go on; the database keeps that, and code of that schema
or a later one opens it. A migration that says nothing serves only its own.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from evenstock.operations.ports import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0012"
"""The schema this version of the code reads and writes."""

SCRIPTS: Final = Path(__file__).with_name("migrations")
SERVES: Final = "schema.serves"
"""Pointer that holds the oldest schema whose code may use the database."""
LOCK_S: Final = 3
"""How long a migration waits for another one."""
TABLE_LOCK_MS: Final = 400
"""How long it waits for a table: while it waits, every later statement on the table waits behind it. Shorter than the second after
which a server looks for those who wait in a circle: then it is the migration that gives way and begins again, never an order."""
TRIES: Final = 40
_PAUSE_S: Final = 0.5


def engine_for(url: str) -> sa.Engine:
    """An engine that starts each transaction as the store of this address does."""
    if url.startswith("sqlite:"):
        from evenstock.storage.sqlite import sqlite_engine

        return sqlite_engine(url.removeprefix("sqlite:///"))
    from evenstock.storage.postgres import postgres_engine

    return postgres_engine(url)


def upgrade(url: str) -> None:
    """Run the migrations that are missing, all in one transaction; does nothing at head.

    Raises StoreError if the database was brought to a newer schema that does not serve this version, if it is so busy
    that a table could not be had, or cannot be reached.
    """
    engine = engine_for(url)
    try:
        for left in reversed(range(TRIES)):
            try:
                return _upgrade(engine)
            except sa.exc.OperationalError as error:
                if not left or getattr(error.orig, "sqlstate", "") not in _IN_THE_WAY:
                    raise cannot_open(engine, error) from error
                time.sleep(_PAUSE_S)
    finally:
        engine.dispose()


_IN_THE_WAY: Final = frozenset({"55P03", "40P01"})
"""A lock that could not be had in time, and two that wait for each other."""


def _upgrade(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        if serves_us(connection):
            return
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCK_S}s'"))
            # Two processes that start together must not both create the tables.
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('evenstock migrations'))"))
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{TABLE_LOCK_MS}ms'"))
        before = current(connection)
        _run(connection)
        _keep_oldest(connection, before)


def _keep_oldest(connection: sa.Connection, before: str | None) -> None:
    """Write down which code may use the database now: the latest that any of the migrations just run asks for."""
    from alembic.script import ScriptDirectory

    known = oldest_served(connection)
    steps = ScriptDirectory.from_config(config(connection)).walk_revisions()
    run = [step for step in steps if before is None or step.revision > before]
    asked = [getattr(step.module, "serves", step.revision) for step in run]
    oldest = max([*asked, *([known] if known else [])], default=HEAD)
    connection.execute(sa.text("DELETE FROM pointer WHERE name = :name"), {"name": SERVES})
    connection.execute(
        sa.text("INSERT INTO pointer (name, digest, set_at) VALUES (:name, :oldest, :at)"),
        {"name": SERVES, "oldest": oldest, "at": "1970-01-01T00:00:00.000000Z"},
    )


def oldest_served(connection: sa.Connection) -> str | None:
    """The oldest schema whose code may use this database; None where nobody wrote it down."""
    if not sa.inspect(connection).has_table("pointer"):
        return None
    found = connection.execute(sa.text("SELECT digest FROM pointer WHERE name = :name"), {"name": SERVES}).scalar()
    return str(found) if found is not None else None


def serves_us(connection: sa.Connection) -> bool:
    """Whether this version may use the database as it is: at our schema, or at a newer one that still serves ours."""
    found = current(connection)
    if found == HEAD:
        return True
    oldest = oldest_served(connection)
    return found is not None and oldest is not None and found > HEAD >= oldest


def cannot_open(engine: sa.Engine, error: sa.exc.OperationalError) -> StoreError:
    said = str(error.orig).strip().splitlines()[0]
    return StoreError(f"{engine.url.render_as_string()}: the database cannot be opened: {said}")


def current(connection: sa.Connection) -> str | None:
    """The schema a database is at; None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def require_head(connection: sa.Connection) -> None:
    """Raise StoreError unless the database is at this version's schema, or at a newer one that serves it."""
    if not serves_us(connection):
        found = current(connection)
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
