"""Statements that need no transaction, asked of the driver itself: each is kept when it is answered.

An order's batch is two statements. What a layer above the driver does for each, and what begins and ends a transaction, would
cost as much again as asking them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from evenstock.operations.ports import StoreError, UnavailableError
from evenstock.storage.discreet_errors import keep_first_line


class Told:
    """What a statement answered: rows as the driver has them."""

    __slots__ = ("_rows",)

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = rows

    def all(self) -> list[tuple[Any, ...]]:
        return self._rows

    def one(self) -> tuple[Any, ...]:
        [row] = self._rows
        return row

    def scalar(self) -> Any:
        return self._rows[0][0] if self._rows else None


class Driver:
    """A connection that answers `exec_driver_sql` alone."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def exec_driver_sql(self, statement: str, arguments: Sequence[Any] = ()) -> Told:
        return Told(self._connection.execute(statement, arguments).fetchall())


@contextmanager
def by_themselves(engine: sa.Engine) -> Iterator[Driver]:
    """A connection of the engine's pool whose every statement is a transaction.

    Raises
    ------
    UnavailableError
        If the server went away, or could not go on.
    StoreError
        If it refused.
    """
    taken = engine.raw_connection()
    try:
        connection: Any = taken.dbapi_connection
        connection.autocommit = True
        try:
            yield Driver(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            keep_first_line(error)
            raise _as_ours(error, gone=bool(connection.closed), engine=engine) from error
        finally:
            if connection.closed:
                taken.invalidate()
            else:
                connection.autocommit = False
    finally:
        taken.close()


def _as_ours(error: Exception, *, gone: bool, engine: sa.Engine) -> StoreError:
    said = str(error).strip()
    if gone:
        return UnavailableError(
            f"the database went away ({said}); whether the last commit took effect is unknown: "
            "ask again under the same key or id, and it will count once"
        )
    if isinstance(error, engine.dialect.loaded_dbapi.OperationalError):
        return UnavailableError(f"the database could not go on ({said}); nothing was changed: try again")
    return StoreError(f"the database refused ({said}); nothing was changed")
