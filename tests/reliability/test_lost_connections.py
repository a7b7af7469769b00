"""A server that restarts, or ends a connection: who was in the middle is told, and nobody after him notices."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest

from evenstock.operations.ports import Entry, Store, UnavailableError


def end_all(url: str) -> int:
    """End every connection of the test's database, as a restart of the server does; returns how many there were."""
    with psycopg.connect(url, autocommit=True) as admin:
        asked = (
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        row = admin.execute(asked).fetchone()
    assert row is not None
    return int(row[0])


def test_connections_that_ended_while_nobody_used_them_are_replaced_unseen(postgres: Store, postgres_url: str) -> None:
    """Four connections open, all ended, four at once again: none of them fails."""
    together = Barrier(4)

    def work(number: int) -> None:
        with postgres.transaction() as t:
            together.wait(timeout=30)
            t.enter(Entry("run", str(number), {}))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
        assert end_all(postgres_url) >= 4
        list(pool.map(work, range(4, 8)))
    with postgres.reading() as t:
        assert [entry.id for entry in t.entries("run")] == [str(n) for n in range(8)]


def test_who_was_in_the_middle_is_told_and_may_ask_again(postgres: Store, postgres_url: str) -> None:
    def work() -> None:
        with postgres.transaction() as t:
            t.enter(Entry("run", "1", {}))
            end_all(postgres_url)
            t.enter(Entry("run", "2", {}))

    with pytest.raises(UnavailableError, match=r"the database went away .* ask again under the same key or id"):
        work()
    with postgres.transaction() as t:
        assert t.entries("run") == []
        t.enter(Entry("run", "1", {}))


def test_a_reading_that_was_cut_off_can_be_read_again(postgres: Store, postgres_url: str) -> None:
    def read() -> None:
        with postgres.reading() as t:
            t.entries("run")
            end_all(postgres_url)
            t.entries("run")

    with pytest.raises(UnavailableError):
        read()
    with postgres.reading() as t:
        assert t.entries("run") == []
