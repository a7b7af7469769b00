"""Many at once: sixteen buyers of the last units, opposite orders, one key, one slot. The race table as tests."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    Event,
    Movement,
    MovementId,
    NodeId,
    OrderId,
    Reservation,
    ReservationId,
    ReservationLine,
    ReservationState,
    Sku,
    StockObservation,
    Units,
)
from evenstock.operations.check_books import check_books
from evenstock.operations.ports import ConflictError, Slot, Store
from evenstock.storage import open_store

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
TODAY = date(2026, 11, 20)
MUG, TEA = Sku("MUG"), Sku("TEA")
TX = NodeId("TX")
THREADS = 16
T = TypeVar("T")


def stock(store: Store, *amounts: tuple[Sku, int], buffer: int = 0) -> None:
    with store.transaction() as t:
        for sku, units in amounts:
            world, shelf = Account(sku, TX, Bucket.OUTSIDE, cause=Cause.OPENING), Account(sku, TX, Bucket.AVAILABLE)
            t.post([Movement(MovementId(f"open-{sku}"), Units(units), world, shelf, NOW, "opening")], NOW)
            t.set_buffer(sku, TX, Units(buffer))


def order(name: object, *skus: Sku) -> Reservation:
    lines = tuple(ReservationLine(sku, TX, Units(1)) for sku in skus)
    return Reservation(ReservationId(f"r{name}"), OrderId(f"o{name}"), lines, NOW, NOW + timedelta(hours=1))


def at_once(jobs: Sequence[Callable[[], T]], threads: int = THREADS) -> list[T]:
    """Results of the jobs, run by so many threads that start together."""
    gate = threading.Barrier(threads)
    shares = [jobs[k::threads] for k in range(threads)]

    def work(share: Sequence[Callable[[], T]]) -> list[T]:
        gate.wait(timeout=30)
        return [job() for job in share]

    with ThreadPoolExecutor(threads) as pool:
        return [result for results in pool.map(work, shares) for result in results]


def sold_by_reserve(store: Store, orders: int) -> int:
    def buy(number: int) -> bool:
        with store.transaction() as t:
            return t.reserve(order(number, MUG)) is None

    return sum(at_once([lambda n=n: buy(n) for n in range(orders)]))  # type: ignore[misc]


def oversold(units_sold: int, on_hand: int, buffer: int) -> int:
    """The checker of the race table: units promised beyond what could be."""
    return max(0, units_sold - (on_hand - buffer))


def test_sixteen_buyers_of_one_hundred_mugs_get_exactly_ninety_five(postgres: Store) -> None:
    """On hand 100, buffer 5, 400 orders of one unit: 95 sold, 0 oversold, 305 told so."""
    stock(postgres, (MUG, 100), buffer=5)

    sold = sold_by_reserve(postgres, 400)

    assert sold == 95
    assert oversold(sold, 100, 5) == 0
    with postgres.transaction() as t:
        (balance,) = t.balances([MUG])
        assert (balance.available, balance.reserved) == (5, 95)
        assert len(t.pending()) == 95
    assert check_books(postgres, NOW) == []


def test_read_compute_write_back_oversells_and_is_caught(postgres: Store, postgres_url: str) -> None:
    """The positive control: what an ORM does by default. The same race, the same checker, and it must be caught."""
    stock(postgres, (MUG, 100), buffer=5)
    together = threading.Barrier(THREADS)
    read = "SELECT available, reserved, buffer FROM stock_balance WHERE sku = 'MUG'"
    write = "UPDATE stock_balance SET available = %s, reserved = %s WHERE sku = 'MUG'"

    def buyer(_: int) -> int:
        sold = 0
        with psycopg.connect(postgres_url) as connection:
            for _number in range(400 // THREADS):
                row = connection.execute(read).fetchone()
                assert row is not None
                available, reserved, buffer = row
                together.wait(timeout=30)  # all have read before one writes, as happens by chance under load
                if available - buffer >= 1:
                    connection.execute(write, (available - 1, reserved + 1))
                    sold += 1
                connection.commit()
        return sold

    with ThreadPoolExecutor(THREADS) as pool:
        sold = sum(pool.map(buyer, range(THREADS)))

    assert oversold(sold, 100, 5) > 0, "the checker sees it"
    broken = [finding.rule for finding in check_books(postgres, NOW) if finding.broken]
    assert {"projection", "reserved"} <= set(broken), "and so does the reconciler"


@pytest.fixture(params=["memory", "sqlite"])
def embedded(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return open_store("memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'books.db'}")


def test_the_embedded_stores_sell_exactly_what_there_is_too(embedded: Store) -> None:
    stock(embedded, (MUG, 20), buffer=5)

    assert sold_by_reserve(embedded, 48) == 15
    assert check_books(embedded, NOW) == []
    embedded.close()


def test_orders_that_list_items_in_opposite_order_never_deadlock(postgres: Store) -> None:
    stock(postgres, (MUG, 500), (TEA, 500))

    def buy(number: int) -> bool:
        wanted = order(number, MUG, TEA) if number % 2 else order(number, TEA, MUG)
        with postgres.transaction() as t:
            done = t.reserve(wanted) is None
        if number % 3 == 0:
            with postgres.transaction() as t:
                t.settle(wanted.id, ReservationState.VOIDED, NOW)
        return done

    assert all(at_once([lambda n=n: buy(n) for n in range(240)]))  # type: ignore[misc]
    with postgres.transaction() as t:
        assert [(b.available, b.reserved) for b in t.balances([MUG, TEA])] == [(340, 160)] * 2, "240 made, 80 voided"
    assert check_books(postgres, NOW) == []


def test_a_loser_lets_go_of_what_it_took_before_it_goes_on(postgres: Store) -> None:
    """Each order fails on its second item, then takes the first alone: without a savepoint these would wait in a circle."""
    stock(postgres, (MUG, 200), (TEA, 1))
    with postgres.transaction() as t:
        assert t.reserve(order("last", TEA)) is None

    def buy(number: int) -> tuple[bool, bool]:
        with postgres.transaction() as t:
            both = t.reserve(order(f"{number}a", MUG, TEA)) is None
            return both, t.reserve(order(f"{number}b", MUG)) is None

    assert Counter(at_once([lambda n=n: buy(n) for n in range(96)])) == {(False, True): 96}  # type: ignore[misc]
    assert check_books(postgres, NOW) == []


def test_a_ceiling_holds_under_races(postgres: Store) -> None:
    stock(postgres, (MUG, 500))

    def buy(number: int) -> bool:
        with postgres.transaction() as t:
            return t.reserve(order(number, MUG), [Slot(TX, TODAY, 30)]) is None

    assert sum(at_once([lambda n=n: buy(n) for n in range(128)])) == 30  # type: ignore[misc]
    with postgres.transaction() as t:
        assert dict(t.slots_taken([TODAY])) == {(TX, TODAY): 30}
        (balance,) = t.balances([MUG])
    assert balance.reserved == 30, "who got no place holds no stock"


def test_one_key_from_many_threads_has_one_effect(store: Store) -> None:
    stock(store, (MUG, 100))
    at_once([lambda: check_books(store, NOW)] * 8, threads=8)  # connections are open before the race

    def route(_: int) -> bytes:
        with store.transaction() as t:
            before = t.recall("order-1")
            if before is not None:
                return before.response
            time.sleep(0.05)  # long enough for the others to ask meanwhile
            assert t.reserve(order("1", MUG)) is None
            t.remember("order-1", "digest", b"TX", NOW)
            return b"TX"

    assert set(at_once([lambda n=n: route(n) for n in range(32)])) == {b"TX"}  # type: ignore[misc]
    with store.transaction() as t:
        assert len(t.pending()) == 1


def test_one_reservation_id_from_many_threads_is_made_once(postgres: Store) -> None:
    stock(postgres, (MUG, 100))

    def buy(_: int) -> bool:
        with postgres.transaction() as t:
            return t.reserve(order("same", MUG)) is None

    assert all(at_once([lambda n=n: buy(n) for n in range(32)]))  # type: ignore[misc]
    with postgres.transaction() as t:
        (balance,) = t.balances([MUG])
    assert balance.reserved == 1


def test_posting_and_voiding_at_once_settles_once(postgres: Store) -> None:
    stock(postgres, (MUG, 100))
    for round_number in range(8):
        with postgres.transaction() as t:
            t.reserve(order(round_number, MUG))

    def settle(number: int) -> str:
        state = (ReservationState.POSTED, ReservationState.VOIDED)[number % 2]
        try:
            with postgres.transaction() as t:
                return "done" if t.settle(ReservationId(f"r{number // 4}"), state, NOW) else "already"
        except ConflictError:
            return "otherwise"

    said = Counter(at_once([lambda n=n: settle(n) for n in range(32)]))  # type: ignore[misc]
    assert said == {"done": 8, "already": 8, "otherwise": 16}
    assert check_books(postgres, NOW) == []


def test_one_movement_reported_by_many_counts_once(postgres: Store) -> None:
    stock(postgres, (MUG, 100))
    shelf, world = Account(MUG, TX, Bucket.AVAILABLE), Account(MUG, TX, Bucket.OUTSIDE, cause=Cause.DAMAGE)
    broken = Movement(MovementId("broken"), Units(1), shelf, world, NOW, "dropped")

    def report(_: int) -> int:
        with postgres.transaction() as t:
            return t.post([broken], NOW)

    assert sum(at_once([lambda n=n: report(n) for n in range(32)])) == 1  # type: ignore[misc]
    with postgres.transaction() as t:
        (balance,) = t.balances([MUG])
    assert balance.available == 99


def test_counts_of_many_sources_at_once_leave_the_last_word(postgres: Store) -> None:
    stock(postgres, (MUG, 100))
    said = [
        StockObservation(f"s{k % 4}", MUG, TX, Units(40 + k), NOW + timedelta(minutes=k), version=k) for k in range(64)
    ]

    def tell(observation: StockObservation) -> None:
        with postgres.transaction() as t:
            t.adjust_on_hand(observation, "count", NOW)

    at_once([lambda o=o: tell(o) for o in said])  # type: ignore[misc]
    with postgres.transaction() as t:
        (balance,) = t.balances([MUG])
    assert balance.on_hand == 40 + 63
    assert check_books(postgres, NOW) == []


def test_relays_at_once_take_different_facts_and_keep_each_aggregate_in_order(
    postgres: Store, postgres_url: str
) -> None:
    with postgres.transaction() as t:
        t.publish([Event(f"e{k}", "Sold", f"order-{k % 3}", NOW, {}) for k in range(12)])
    other = open_store(postgres_url)

    with postgres.transaction() as one:
        first = one.outbox(2)
        with other.transaction() as two:
            second = two.outbox(99)
            assert [e.id for e in first] == ["e0", "e1"]
            assert not {e.id for e in first} & {e.id for e in second}
            assert {e.aggregate for e in second}.isdisjoint(e.aggregate for e in first), "no overtaking"
            two.delivered([e.id for e in second], NOW)
        one.delivered([e.id for e in first], NOW)

    with postgres.transaction() as t:
        left = [e.id for e in t.outbox(99)]
    assert left == sorted({f"e{k}" for k in range(12)} - {e.id for e in [*first, *second]}, key=lambda n: int(n[1:]))
    assert left, "what the first relay held back is still there, in order"
    other.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_reading_sees_one_moment_while_others_write(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'books.db'}" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    store = open_store(url)
    stock(store, (MUG, 10))

    def buy() -> None:
        with store.transaction() as t:
            assert t.reserve(order(1, MUG)) is None

    with store.reading() as t:
        before = t.balance_frame()
        buyer = threading.Thread(target=buy)
        buyer.start()
        buyer.join(timeout=20)
        assert not buyer.is_alive(), "a reading keeps nobody waiting"
        assert t.balance_frame().equals(before)
        assert t.promised_frame().is_empty()
    with store.reading() as t:
        assert t.promised_frame()["units"].to_list() == [1]
    store.close()
