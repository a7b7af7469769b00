"""Books in PostgreSQL: dumped by pg_dump at one exported moment, and restored by pg_restore beside what was there."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from evenstock.service.backup.manifest import BackupError

FILE: Final = "books.dump"
_ASIDE: Final = "before_restore"
"""Schema that holds the tables of before while a restore goes on."""


def dump(url: str, to: Path, snapshot: str) -> None:
    """What the exported `snapshot` sees, in pg_dump's custom format. Raises BackupError."""
    words = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={to}"]
    _run("pg_dump", url, words)


def export(connection: sa.Connection) -> str:
    """Name of the moment that an open transaction sees, for as long as it is open."""
    return str(connection.execute(sa.text("SELECT pg_export_snapshot()")).scalar())


def holds_something(url: str) -> bool:
    with _administering(url) as connection:
        return bool(connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()[0])


def require_alone(url: str) -> None:
    """Raise BackupError while somebody else uses the database."""
    with _administering(url) as connection:
        others = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        ).fetchone()[0]
    if others:
        raise BackupError(f"{others} others are connected to the database: stop the service and the worker first")


@contextmanager
def restored(url: str, dumped: Path) -> Iterator[None]:
    """Inside, the backup's tables are there; what was there before comes back if the block raises, and is gone if not."""
    with _administering(url) as connection:
        connection.execute(f"ALTER SCHEMA public RENAME TO {_ASIDE}")
        connection.execute("CREATE SCHEMA public")
    try:
        words = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(dumped)]
        _run("pg_restore", url, words)
        yield
    except BaseException:
        with _administering(url) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute(f"ALTER SCHEMA {_ASIDE} RENAME TO public")
        raise
    with _administering(url) as connection:
        connection.execute(f"DROP SCHEMA {_ASIDE} CASCADE")


@contextmanager
def _administering(url: str) -> Iterator[Any]:
    import psycopg

    address, environ = _address(url)
    try:
        with psycopg.connect(address, password=environ.get("PGPASSWORD"), autocommit=True) as connection:
            yield connection
    except psycopg.Error as error:
        raise BackupError(f"the database refused: {str(error).strip().splitlines()[0]}") from error


def _address(url: str) -> tuple[str, dict[str, str]]:
    """The address as libpq has it, and the password apart: arguments are seen by everybody on the machine."""
    from psycopg.conninfo import make_conninfo

    told = sa.make_url(url)
    parts: dict[str, Any] = {
        "host": told.host,
        "port": told.port,
        "user": told.username,
        "dbname": told.database,
        **told.query,
    }
    password = str(told.password) if told.password is not None else parts.pop("password", None)
    address = make_conninfo(**{key: value for key, value in parts.items() if value is not None})
    return address, {"PGPASSWORD": str(password)} if password else {}


def _run(name: str, url: str, words: list[str]) -> None:
    tool = shutil.which(name)
    if tool is None:
        raise BackupError(
            f"{name} is not installed; install the client of PostgreSQL, of the server's version or a later one "
            "(Debian and Ubuntu: apt-get install postgresql-client)"
        )
    address, environ = _address(url)
    done = subprocess.run(  # noqa: S603 (the tool that was found, and words of ours)
        [tool, f"--dbname={address}", *words],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise BackupError(f"{name} ended with {done.returncode}: {' '.join(said[:2]) or 'it did not say why'}")
