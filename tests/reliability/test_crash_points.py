"""Killed at every statement of every deed: nothing of it or all of it is in the books, and asked again it counts once.

A twin in memory that nothing ever happens to lives the same day. Before each statement of a deed the connection is cut, once
from our side and once by ending the server's process; and once after the commit, before we hear of it. Then the books equal
the twin's before the deed or after it, nothing between; and asked for again, the deed gives the twin's answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from tests.reliability.deeds import DEEDS, LATER, NOW, Deed, fill, state

from evenstock.operations.check_books import check_books
from evenstock.operations.ports import Store, UnavailableError
from evenstock.storage import open_store
from evenstock.storage.memory import MemoryStore
from evenstock.storage.postgres_singly import Driver, Told
from evenstock.storage.sql import SqlStore


class PowerError(Exception):
    """The process ends here."""


class Cut:
    """Ends a transaction at its n-th statement; beyond the last one, before its commit and then after it."""

    def __init__(self, store: Store, how: str, server: str) -> None:
        assert isinstance(store, SqlStore)
        self.engine, self.how, self.server = store._engine, how, server
        self.countdown, self.struck, self.seen = 0, "", 0
        sa.event.listen(self.engine, "before_cursor_execute", self._statement)
        sa.event.listen(self.engine, "commit", self._commit)
        self._inner = Driver.exec_driver_sql
        cut = self

        def struck(driver: Driver, statement: str, arguments: Sequence[Any] = ()) -> Told:
            return cut._by_itself(driver, statement, arguments)

        Driver.exec_driver_sql = struck  # type: ignore[method-assign]

    def close(self) -> None:
        Driver.exec_driver_sql = self._inner  # type: ignore[method-assign]

    def _by_itself(self, driver: Driver, statement: str, arguments: Sequence[Any] = ()) -> Told:
        """A statement that is a transaction: struck before it, and after it before we hear of it."""
        if self._due():
            self._end(driver._connection, "a statement")
        answer = self._inner(driver, statement, arguments)
        if self._due():
            self._end(driver._connection, "the answer to a statement")
            driver._connection.close()
            raise psycopg.OperationalError("the connection is gone")
        return answer

    @contextmanager
    def at(self, number: int) -> Iterator[None]:
        self.countdown, self.struck = number, ""
        try:
            yield
        finally:
            self.countdown = 0

    def _statement(self, connection: sa.Connection, *_: object) -> None:
        if self._due():
            self._strike(connection, "a statement")

    def _commit(self, connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if options.get("evenstock_reading") or options.get("postgresql_readonly"):
            if self._due():
                self._strike(connection, "the end of a reading")
        elif self._due():
            self._strike(connection, "the commit")
        elif self._due():
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.commit()
            self._strike(connection, "the answer to the commit")

    def _due(self) -> bool:
        self.countdown -= 1
        return self.countdown == 0

    def _strike(self, connection: sa.Connection, moment: str) -> None:
        self._end(connection.connection.driver_connection, moment)

    def _end(self, raw: object, moment: str) -> None:
        self.struck = moment
        if self.how == "the power fails":
            raise PowerError
        assert isinstance(raw, psycopg.Connection)
        if self.how == "the connection is cut":
            raw.pgconn.finish()
        else:
            with psycopg.connect(self.server, autocommit=True) as admin:
                admin.execute("SELECT pg_terminate_backend(%s, 5000)", (raw.info.backend_pid,))


def strike_everywhere(store: Store, twin: Store, cut: Cut, deed: Deed) -> dict[str, int]:
    """How many points of the deed were struck, by moment."""
    points: dict[str, int] = {}
    for number in range(1, 200):
        key = f"{deed.name.replace(' ', '-')}-{number}"
        for each in (store, twin):
            deed.prepare(each, key)
        before = state(twin)
        with cut.at(number):
            answer = tried(deed, store, key)
        told, whole, after = deed.do(twin, key), state(twin), state(store)
        if not cut.struck:
            assert (answer, after) == (told, whole)
            return points
        points[cut.struck] = points.get(cut.struck, 0) + 1
        assert after in (before, whole), f"{deed.name}: struck at {cut.struck}, {number}, it is there in part"
        if cut.struck == "the answer to the commit":
            assert after == whole
        assert [f for f in check_books(store, NOW) if f.broken] == []
        assert deed.do(store, key) == told, f"{deed.name}: struck at {cut.struck}, {number}, and asked again"
        assert state(store) == whole
    raise AssertionError("a deed of 200 statements")


def tried(deed: Deed, store: Store, key: str) -> object:
    """The answer, or None where it was struck."""
    try:
        return deed.do(store, key)
    except PowerError:
        return None
    except UnavailableError as error:
        assert "ask again under the same key" in str(error)  # noqa: PT017 (whether it raises depends on the moment)
        return None


OFTEN = {"route", "route under a key"}
CASES = [
    pytest.param(kind, how, deed, id=f"{how}-{deed.name}")
    for kind, how in (
        ("sqlite", "the power fails"),
        ("postgres", "the connection is cut"),
        ("postgres", "the server's process ends"),
    )
    for deed in DEEDS
    if how != "the server's process ends" or deed.name in OFTEN
]


@pytest.mark.parametrize(("kind", "how", "deed"), CASES)
def test_a_deed_struck_at_any_point_is_there_whole_or_not_at_all_and_counts_once(
    kind: str, how: str, deed: Deed, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'books.db'}" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    store, twin = open_store(url), MemoryStore()
    fill(store)
    fill(twin)

    cut = Cut(store, how, url)
    try:
        points = strike_everywhere(store, twin, cut, deed)
    finally:
        cut.close()

    assert points["a statement"] >= 2
    by_themselves = points.get("the answer to a statement", 0)
    assert by_themselves or points["the commit"] >= 1
    assert by_themselves or points["the answer to the commit"] >= 1
    print(f"  {how}, {deed.name}: {sum(points.values())} points struck, 0 broken")
    assert check_books(store, LATER) == check_books(twin, LATER)
    store.close()
