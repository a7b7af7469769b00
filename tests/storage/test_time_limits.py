"""No thread waits for ever for a server that neither answers nor refuses, and no healthy one is cut off."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextvars import copy_context
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from tests.service.fault_proxy import FaultProxy, between

from evenstock.operations.ports import Entry, Store, UnavailableError
from evenstock.storage import open_store, time_limits
from evenstock.storage.time_limits import BOUND, LONGEST_STATEMENT_S, WATCH, Bound

Result = TypeVar("Result")
SOON = Bound(1.0, brief=True)


def within(bound: Bound | None, call: Callable[[], Result]) -> Result:
    """As a request of a class does it: in a context of its own."""

    def run() -> Result:
        BOUND.set(bound)
        return call()

    return copy_context().run(run)


@pytest.fixture
def way(postgres_url: str) -> Iterator[tuple[FaultProxy, str]]:
    with between(postgres_url) as found:
        yield found


@pytest.fixture
def far(way: tuple[FaultProxy, str]) -> Iterator[Store]:
    store = open_store(way[1])
    yield store
    store.close()


def entered(store: Store) -> list[str]:
    with store.reading() as books:
        return [entry.id for entry in books.entries("run")]


def enter(store: Store, name: str) -> None:
    with store.transaction() as books:
        books.enter(Entry("run", name, {}))


def test_a_server_that_stands_still_is_given_up_and_its_outcome_is_unknown(
    far: Store, way: tuple[FaultProxy, str], postgres: Store
) -> None:
    """What it swallows is acknowledged by its machine, so no time-out of a network or a server ever runs."""
    proxy, _ = way

    def work() -> None:
        with far.transaction() as books:
            books.enter(Entry("run", "1", {}))
            proxy.freeze()
            books.enter(Entry("run", "2", {}))

    began = time.monotonic()
    try:
        with pytest.raises(UnavailableError, match=r"went away .* unknown: ask again under the same key or id") as told:
            within(SOON, work)
        assert SOON.held_s <= time.monotonic() - began < SOON.held_s + 5
    finally:
        proxy.thaw()
    assert "\n" not in str(told.value)
    until = time.monotonic() + 10
    while time.monotonic() < until and not _goes(lambda: enter(far, "3")):
        time.sleep(0.05)
    assert entered(postgres) == ["3"], "its transaction was open: none of it was kept"


def _goes(call: Callable[[], object]) -> bool:
    try:
        call()
    except UnavailableError:
        return False
    return True


def test_a_commit_that_was_swallowed_counts_as_one_that_may_have_been(
    far: Store, way: tuple[FaultProxy, str], postgres: Store
) -> None:
    """Cut off after COMMIT went out: told that nobody knows, and then it is there, once."""
    proxy, _ = way

    def work() -> None:
        with far.transaction() as books:
            books.enter(Entry("run", "1", {}))
            proxy.freeze()

    try:
        with pytest.raises(UnavailableError, match="whether the last commit took effect is unknown"):
            within(SOON, work)
        assert entered(postgres) == []
    finally:
        proxy.thaw()
    until = time.monotonic() + 10
    while time.monotonic() < until and not entered(postgres):
        time.sleep(0.05)
    assert entered(postgres) == ["1"]


def test_a_lock_that_is_never_given_up_is_refused_by_the_server_itself(postgres: Store, postgres_url: str) -> None:
    """Soon, for a class that is brief, and without losing the connection: nothing was changed, and that is known."""
    enter(postgres, "1")
    backends = "SELECT array_agg(pid ORDER BY pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(postgres_url) as other:
        before = other.execute(backends.encode()).fetchone()
        other.execute(b"LOCK TABLE entry IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        with pytest.raises(UnavailableError, match=r"lock timeout\); nothing was changed: try again"):
            within(Bound(30, brief=True), lambda: enter(postgres, "2"))
        assert 2.5 < time.monotonic() - began < 9, "the lock is given up after 3 s, not after the usual 10"
        assert other.execute(backends.encode()).fetchone() == before
        other.rollback()
    assert entered(postgres) == ["1"]


def test_a_connection_is_told_its_class_only_when_it_changes(postgres: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    tell = time_limits._tell

    def noted(connection: object, settings: str) -> None:
        told.append(settings)
        tell(connection, settings)

    monkeypatch.setattr(time_limits, "_tell", noted)

    def ask(bound: Bound | None) -> tuple[str, ...]:
        def shown() -> tuple[str, ...]:
            with postgres.reading() as books:
                names = ("statement_timeout", "lock_timeout", "transaction_isolation", "transaction_read_only")
                ask_of = books.connection.exec_driver_sql  # type: ignore[attr-defined]
                return tuple(str(ask_of(f"SHOW {name}").scalar()) for name in names)

        return within(bound, shown)

    usual, brief = (
        ("2min", "10s", "repeatable read", "on"),
        ("4s", "3s", "repeatable read", "on"),
    )
    assert [ask(None), ask(Bound(30)), ask(None)] == [usual] * 3
    assert told == []
    assert [ask(SOON)] * 50 == [brief] * 50
    assert told == [time_limits.BRIEF]
    assert [ask(Bound(9, brief=True)), ask(Bound(30)), ask(SOON)] == [brief, usual, brief]
    assert told == [time_limits.BRIEF, time_limits.PATIENT, time_limits.BRIEF]


def test_what_a_transaction_of_its_own_rolls_back_is_not_the_setting(postgres: Store) -> None:
    def fail() -> None:
        with postgres.transaction() as books:
            books.enter(Entry("run", "1", {}))
            raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="changed my mind"):
        within(SOON, fail)

    def shown() -> object:
        with postgres.reading() as books:
            return books.connection.exec_driver_sql("SHOW lock_timeout").scalar()  # type: ignore[attr-defined]

    assert within(SOON, shown) == "3s"


def test_who_asks_statement_after_statement_is_never_cut_off(postgres: Store) -> None:
    """Without a class only one statement is bounded: a long night's work of many goes on."""
    with postgres.transaction() as books:
        for number in range(5):
            now = time.monotonic() + (number + 1) * (LONGEST_STATEMENT_S - 1)
            assert WATCH.look(now) == 0
            books.enter(Entry("run", str(number), {}))
    assert len(entered(postgres)) == 5


def test_a_class_bounds_the_whole_transaction(postgres: Store) -> None:
    """Who computes too long in between is cut off too: his locks would hold others up."""

    def work() -> None:
        with postgres.transaction() as books:
            books.enter(Entry("run", "1", {}))
            assert WATCH.look(time.monotonic() + 59) == 0
            assert WATCH.look(time.monotonic() + 61) == 1
            books.enter(Entry("run", "2", {}))

    with pytest.raises(UnavailableError):
        within(Bound(60), work)
    assert entered(postgres) == []


def test_what_was_given_back_is_nobodys_and_handles_are_not_kept(postgres_url: str) -> None:
    def handles() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("no /proc here to count handles in")
    store = open_store(postgres_url)
    enter(store, "0")
    assert WATCH.look(time.monotonic() + 10_000) == 0
    store.close()
    before = handles()
    for number in range(1, 6):
        store = open_store(postgres_url)
        enter(store, str(number))
        store.close()
    assert handles() == before


def test_a_child_process_begins_anew(postgres: Store) -> None:
    with postgres.transaction():
        with warnings.catch_warnings():
            # Threads do not come along: that is what is tested.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            os._exit(0 if WATCH.look(time.monotonic() + 10_000) == 0 and WATCH._thread is None else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
