"""Operations joined to one transaction: all of them commit with it, or none. Over memory, SQLite and PostgreSQL."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

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
from evenstock.operations.check_books import check_books
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import ConflictError, Entry, Store, StoreError, Transaction
from evenstock.operations.reservations import post_reservation, void_reservation
from evenstock.operations.ship_order import ship_order

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
MUG, TX = Sku("MUG"), NodeId("TX")


def receipt(units: int, name: str = "m1") -> Movement:
    world = Account(MUG, TX, Bucket.OUTSIDE, cause=Cause.SUPPLIER)
    return Movement(MovementId(name), Units(units), world, Account(MUG, TX, Bucket.AVAILABLE), NOW, "po-1")


def promise(name: str, units: int = 3) -> Reservation:
    line = ReservationLine(MUG, TX, Units(units))
    return Reservation(ReservationId(name), OrderId(f"o-{name}"), (line,), NOW, NOW + timedelta(hours=1))


@pytest.fixture
def stocked(store: Store) -> Store:
    """Ten mugs, three of them reserved as `r1`."""
    with store.transaction() as t:
        t.post([receipt(10)], NOW)
        assert t.reserve(promise("r1")) is None
    return store


def mugs(store: Store) -> tuple[int, int, int]:
    with store.reading() as t:
        (b,) = t.balances([MUG])
    return b.available, b.reserved, b.allocated


@contextmanager
def joined(store: Store) -> Iterator[tuple[Transaction, JoinedStore]]:
    with store.transaction() as books:
        yield books, JoinedStore(books)


def test_operations_commit_with_the_key_they_were_asked_under(stocked: Store) -> None:
    with joined(stocked) as (books, store):
        assert post_reservation(store, ReservationId("r1"), NOW)
        assert ship_order(store, ReservationId("r1"), NOW) == 3
        books.remember("key", "request", b"3 shipped", NOW)

    with stocked.transaction() as t:
        again = t.recall("key")
        assert again is not None
        assert again.response == b"3 shipped"
    assert mugs(stocked) == (7, 0, 0)
    assert check_books(stocked, NOW) == []


def test_where_the_key_cannot_be_kept_nothing_was_done(stocked: Store) -> None:
    def ask() -> None:
        with joined(stocked) as (books, store):
            ship_order(store, ReservationId("r1"), NOW)
            books.remember("key", "request", b"3 shipped", NOW)

    with stocked.transaction() as t:
        t.remember("key", "request", b"another", NOW)
    with pytest.raises(ConflictError, match="command key already has its answer"):
        ask()
    assert mugs(stocked) == (7, 3, 0)


def test_an_operation_that_refuses_leaves_no_trace_and_the_refusal_can_be_kept(stocked: Store) -> None:
    """Half of it was done when it raised; the request goes on, and keeps what it answered."""

    def half(store: Store) -> None:
        with store.transaction() as t:
            t.post([receipt(5, "m2")], NOW)
            t.enter(Entry("run", "1", {}))
            t.settle(ReservationId("nobody"), ReservationState.POSTED, NOW)

    with joined(stocked) as (books, store):
        with pytest.raises(ConflictError, match="nobody does not exist"):
            half(store)
        assert void_reservation(store, ReservationId("r1"), NOW, "the customer asked")
        books.remember("key", "request", b"refused", NOW)

    assert mugs(stocked) == (10, 0, 0)
    with stocked.transaction() as t:
        assert t.entries("run") == []
        assert t.recall("key") is not None
    assert check_books(stocked, NOW) == []


def test_any_error_within_a_block_takes_that_block_back_and_no_more(stocked: Store) -> None:
    def fail(store: Store) -> None:
        with store.transaction() as t:
            assert t.reserve(promise("r3")) is None
            raise ZeroDivisionError

    with joined(stocked) as (_, store):
        with store.transaction() as t:
            assert t.reserve(promise("r2")) is None
        with pytest.raises(ZeroDivisionError):
            fail(store)
        assert mugs(store) == (4, 6, 0)
    assert mugs(stocked) == (4, 6, 0)


def test_blocks_stand_within_one_another(stocked: Store) -> None:
    def outer(store: Store) -> None:
        with store.transaction() as t:
            assert t.reserve(promise("r2")) is None
            with store.transaction() as inner:
                assert inner.reserve(promise("r3")) is None
            with store.reading() as inner:
                assert [r.id for r in inner.pending()] == ["r1", "r2", "r3"]
            raise ZeroDivisionError

    with joined(stocked) as (_, store):
        with pytest.raises(ZeroDivisionError):
            outer(store)
        assert ship_order(store, ReservationId("r1"), NOW) == 3
    assert mugs(stocked) == (7, 0, 0)


def test_where_the_open_transaction_fails_every_block_is_gone(stocked: Store) -> None:
    def ask() -> None:
        with joined(stocked) as (_, store):
            ship_order(store, ReservationId("r1"), NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask()
    assert mugs(stocked) == (7, 3, 0)
    assert check_books(stocked, NOW) == []


def test_it_reads_what_was_done_before_it_and_closing_it_closes_nothing(stocked: Store) -> None:
    with joined(stocked) as (books, store):
        assert books.reserve(promise("r2")) is None
        assert mugs(store) == (4, 6, 0)
        store.close()
        assert mugs(store) == (4, 6, 0)
    assert mugs(stocked) == (4, 6, 0)


def test_a_joined_store_does_not_open_the_door_to_a_second_transaction(stocked: Store) -> None:
    with joined(stocked) as (_, store), store.transaction(), pytest.raises(StoreError, match="already open"):
        stocked.transaction().__enter__()


def test_a_key_asked_by_many_at_once_runs_its_operation_once(stocked: Store) -> None:
    gate = threading.Barrier(12)

    def ask(_: int) -> bytes:
        gate.wait(timeout=30)
        with joined(stocked) as (books, store):
            before = books.recall("key")
            if before is not None:
                return before.response
            answer = str(ship_order(store, ReservationId("r1"), NOW)).encode()
            books.remember("key", "request", answer, NOW)
            return answer

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(ask, range(12))) == {b"3"}, "who came later got the first answer, not `0 more left`"
    assert mugs(stocked) == (7, 0, 0)


def test_a_step_of_a_transaction_that_raises_leaves_no_trace(stocked: Store) -> None:
    def fail(books: Transaction) -> None:
        with books.whole():
            books.enter(Entry("run", "1", {}))
            raise ZeroDivisionError

    with stocked.transaction() as books:
        with pytest.raises(ZeroDivisionError):
            fail(books)
        books.enter(Entry("run", "2", {}))
    with stocked.reading() as t:
        assert [e.id for e in t.entries("run")] == ["2"]
