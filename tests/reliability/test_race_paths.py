"""Every way of changing the books at once, by many threads on PostgreSQL; and that the checker would have seen a mistake."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from tests.reliability.deeds import CA, GA, NETWORK, ONE, POLICY, TODAY, TWO, fill
from tests.routing.brand import NOW, order

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    CostTerm,
    Movement,
    MovementId,
    Outcome,
    PlanId,
    Quota,
    Reservation,
    ReservationState,
    Sku,
    StockObservation,
    TransferId,
    TransferLine,
    TransferPlan,
    Units,
)
from evenstock.operations.check_books import check_books
from evenstock.operations.count_stock import count_stock
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Answer, ConflictError, Handling, Received, Short, Slot, Store, UnavailableError
from evenstock.operations.reservations import expire_reservations, void_reservation
from evenstock.operations.route_order import Routed, route_order
from evenstock.operations.route_together import Wish, route_together
from evenstock.operations.ship_order import ship_order
from evenstock.operations.transfers import ReceivedLine, approve_plan, dispatch_transfer, receive_transfer
from evenstock.storage import bookkeeping as book
from evenstock.storage.migrations import versions
from evenstock.storage.postgres import PostgresStore, PostgresTransaction

ON_HAND, BUFFER = 100, 5
T = TypeVar("T")


def routed(store: Store, name: str, units: int = 1) -> Routed:
    return route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, units), name=name), NOW))


def patiently(deed: Callable[[], T]) -> T:
    """Asked again while all connections are busy, as a client does: on a slow machine sixty threads wait for eight."""
    until = time.monotonic() + 60
    while True:
        try:
            return deed()
        except UnavailableError as error:
            if "busy" not in str(error) or time.monotonic() > until:
                raise


def at_once(threads: int, work: Callable[[int], object]) -> list[object]:
    gate = threading.Barrier(threads)

    def begin(number: int) -> object:
        gate.wait(timeout=60)
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin, range(threads)))


# --- one hot item ----------------------------------------------------------------------------------------------------
def one_shelf(store: Store) -> int:
    """A hundred of one item at one node, five of them a buffer; returns what may be sold."""
    with store.transaction() as t:
        world, shelf = Account(ONE, CA, Bucket.OUTSIDE, cause=Cause.OPENING), Account(ONE, CA, Bucket.AVAILABLE)
        t.post([Movement(MovementId("open"), Units(ON_HAND), world, shelf, NOW, "opening")], NOW)
        t.set_buffer(ONE, CA, Units(BUFFER))
    return ON_HAND - BUFFER


def sold(store: Store) -> int:
    """Units that reservations hold."""
    with store.reading() as t:
        return sum(line.units for reservation in t.pending() for line in reservation.lines)


def faults(store: Store, sellable: int) -> list[str]:
    """What the checker of this file says of one hot item: units sold beyond what may be, and broken books."""
    over = max(0, sold(store) - sellable)
    broken = [finding.rule for finding in check_books(store, NOW) if finding.broken]
    return [f"{over} units oversold"] * bool(over) + broken


@pytest.mark.parametrize("threads", [16, 64])
def test_as_many_are_sold_as_may_be_and_not_one_more(postgres: Store, threads: int) -> None:
    """128 orders of one unit, each asked for twice at once; 95 may be sold."""
    sellable = one_shelf(postgres)
    names = [f"hot-{n:03}" for n in range(128)]

    def buy(number: int) -> list[tuple[str, bytes, bool]]:
        said = []
        # Each name stands in the shares of two threads.
        for name in names[number // 2 :: threads // 2]:
            record = patiently(lambda name=name: routed(postgres, name)).record  # type: ignore[misc]
            said.append((name, record.canonical(), record.outcome is Outcome.EXECUTED))
        return said

    answers = [answer for share in at_once(threads, buy) for answer in share]  # type: ignore[attr-defined]

    assert sold(postgres) == sellable
    assert faults(postgres, sellable) == []
    executed = {name: record for name, record, done in answers if done}
    assert len(executed) == sellable
    assert all(record == executed[name] for name, record, done in answers if done), "asked twice, answered alike"
    with postgres.transaction() as t:
        told = Counter(fact.kind for fact in t.outbox(1_000))
    assert told["OrderRouted"] == sellable
    print(f"  {threads} threads, one hot item: {sold(postgres)} sold = {sellable} sellable, 0 oversold")


def in_batches(store: Store, names: Sequence[str], rng: np.random.Generator) -> list[tuple[str, bytes, bool]]:
    """Routed together, a few at a time; alone whatever could not go together."""
    said, waiting = [], list(names)
    while waiting:
        some, waiting = waiting[: (size := int(rng.integers(1, 9)))], waiting[size:]
        wishes = [Wish(RouteOrder(order((ONE, 1), name=name), NOW)) for name in some]
        told = patiently(lambda wishes=wishes: route_together(store, NETWORK, POLICY, wishes))  # type: ignore[misc]
        for name, one in zip(some, told, strict=True):
            record = (one or patiently(lambda name=name: routed(store, name))).record  # type: ignore[misc]
            said.append((name, record.canonical(), record.outcome is Outcome.EXECUTED))
    return said


@pytest.mark.parametrize("threads", [16, 64])
def test_batches_sell_as_many_as_may_be_and_not_one_more(postgres: Store, threads: int) -> None:
    """As above, in batches that overlap; some threads come one by one."""
    sellable = one_shelf(postgres)
    names = [f"hot-{n:03}" for n in range(128)]

    def buy(number: int) -> list[tuple[str, bytes, bool]]:
        rng = np.random.default_rng(number)
        mine = list(rng.permutation(names[number // 2 :: threads // 2]))
        if number % 4 == 0:
            mine = mine[:1]
        return in_batches(postgres, mine, rng)

    answers = [answer for share in at_once(threads, buy) for answer in share]  # type: ignore[attr-defined]

    assert sold(postgres) == sellable
    assert faults(postgres, sellable) == []
    executed = {name: record for name, record, done in answers if done}
    assert len(executed) == sellable
    assert all(record == executed[name] for name, record, done in answers if done), "asked twice, answered alike"
    print(f"  {threads} threads in batches, one hot item: {sold(postgres)} sold = {sellable} sellable, 0 oversold")


def test_a_batch_without_its_guard_would_be_seen(postgres: Store) -> None:
    """The control: decided on what was there, and taken whatever is there now."""
    assert isinstance(postgres, PostgresStore)
    sellable = one_shelf(postgres)
    text = (Path(versions.__path__[0]) / "0008_orders_together_postgresql.sql").read_text("utf-8")
    function = next(part for part in text.split(";;\n") if "FUNCTION keep_together" in part)
    guard = " AND available - buffer >= b_units[k]"
    assert guard in function
    careless = function.replace(guard, "").replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    with postgres._engine.begin() as connection:
        connection.exec_driver_sql(careless[careless.index("CREATE OR") :])
    names = [f"hot-{n:03}" for n in range(sellable + 3)]
    for name in names[: sellable - 1]:
        routed(postgres, name)
    gate = threading.Barrier(4)

    class Waiting(PostgresTransaction):
        def keep_together(self, answers: Sequence[Answer], now: datetime, *more: Any, **said: Any) -> bool:
            gate.wait(timeout=60)
            return super().keep_together(answers, now, *more, **said)

    postgres.kind = Waiting
    at_once(4, lambda n: route_together(postgres, NETWORK, POLICY, [Wish(RouteOrder(order((ONE, 1), name=names[-1 - n]), NOW))]))  # fmt: skip
    assert faults(postgres, sellable)[0] == "3 units oversold"


class CarelessTransaction(PostgresTransaction):
    """Reads what is there, reckons, and writes the result back: what is done where nobody thought of others."""

    def reserve(
        self,
        reservation: Reservation,
        slots: Sequence[Slot] = (),
        *,
        order_class: str = "",
        may_take_protected: bool = False,
    ) -> Short | None:
        assert not slots
        found = {(b.sku, b.node, b.lot): b for b in self.balances([line.sku for line in reservation.lines])}
        time.sleep(0.02)
        if not self._insert(reservation):
            return None
        for line in reservation.lines:
            there = found[line.sku, line.node, line.lot]
            if there.atp < line.units:
                return book.short_of_stock(line.sku, line.node, line.units)
            self.connection.exec_driver_sql(
                "UPDATE stock_balance SET available = %s, reserved = %s WHERE sku = %s AND node = %s AND lot = %s",
                (there.available - line.units, there.reserved + line.units, line.sku, line.node, line.lot),
            )
            self.connection.exec_driver_sql(
                "INSERT INTO reservation_line VALUES (%s, %s, %s, %s, %s)",
                (reservation.id, line.sku, line.node, line.lot, line.units),
            )
        self._append(book.reserving(reservation), NOW)
        return None


class CarelessStore(PostgresStore):
    kind = CarelessTransaction


def test_the_same_checker_catches_a_store_that_reads_and_then_writes(postgres_url: str) -> None:
    """The positive control: a checker that never complains proves nothing."""
    careless = CarelessStore(postgres_url)
    sellable = one_shelf(careless)

    def buy(number: int) -> None:
        for k in range(8):
            patiently(lambda k=k: routed(careless, f"hot-{number}-{k}"))  # type: ignore[misc]

    at_once(16, buy)

    found = faults(careless, sellable)
    assert any("oversold" in fault for fault in found), f"{sold(careless)} of {sellable} sold"
    assert {"projection", "reserved"} <= set(found)
    print(f"  the control, read then write: {found[0]}")
    careless.close()


# --- everything at once ----------------------------------------------------------------------------------------------
@dataclass
class Day:
    """What threads did, for the checks after it."""

    store: Store
    guard: threading.Lock = field(default_factory=threading.Lock)
    executed: dict[str, set[bytes]] = field(default_factory=dict)
    came_in: int = 0
    shipped: int = 0
    delivered: list[str] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    deeds: Counter[str] = field(default_factory=Counter)

    def note(self, name: str) -> None:
        with self.guard:
            self.deeds[name] += 1


def route(day: Day, rng: np.random.Generator, n: int) -> None:
    """New orders and repeated ones, some in one transaction with the key of a request."""
    name = f"o{int(rng.integers(0, 60))}"
    if n % 3:
        record = route_order(day.store, NETWORK, POLICY, RouteOrder(order((ONE, 1), (TWO, 1), name=name), NOW)).record
    else:
        with day.store.transaction() as books:
            joined = JoinedStore(books)
            record = route_order(joined, NETWORK, POLICY, RouteOrder(order((ONE, 1), (TWO, 1), name=name), NOW)).record
            books.recall(f"http:{name}-{n}")
    if record.outcome is Outcome.EXECUTED:
        with day.guard:
            day.executed.setdefault(name, set()).add(record.canonical())


def _some_reservation(day: Day, rng: np.random.Generator) -> Reservation | None:
    with day.store.reading() as t:
        pending = t.pending()
    return pending[int(rng.integers(0, len(pending)))] if pending else None


def ship(day: Day, rng: np.random.Generator, _: int) -> None:
    found = _some_reservation(day, rng)
    if found is not None:
        units = ship_order(day.store, found.id, NOW)
        with day.guard:
            day.shipped += units


def void(day: Day, rng: np.random.Generator, _: int) -> None:
    found = _some_reservation(day, rng)
    if found is not None:
        void_reservation(day.store, found.id, NOW, "cancelled")


def expire(day: Day, rng: np.random.Generator, _: int) -> None:
    if rng.random() < 0.2:
        expire_reservations(day.store, NOW + timedelta(hours=80), limit=2)


def supply(day: Day, rng: np.random.Generator, n: int) -> None:
    """The same few receipts reported by many."""
    sku = (ONE, TWO)[n % 2]
    world, shelf = Account(sku, GA, Bucket.OUTSIDE, cause=Cause.SUPPLIER), Account(sku, GA, Bucket.AVAILABLE)
    name = MovementId(f"po-{sku}-{int(rng.integers(0, 12))}")
    with day.store.transaction() as t:
        new = t.post([Movement(name, Units(3), world, shelf, NOW, "po")], NOW)
    with day.guard:
        day.came_in += 3 * new


def count(day: Day, rng: np.random.Generator, n: int) -> None:
    version = int(rng.integers(1, 40))
    at = NOW + timedelta(seconds=version)
    sku: Sku = (ONE, TWO)[n % 2]
    count_stock(day.store, [StockObservation("wms", sku, CA, Units(10 + version % 5), at, version)], NOW)


def move(day: Day, rng: np.random.Generator, _: int) -> None:
    """One of five transfers, by whatever step it is at; several threads find it at the same step."""
    name = f"plan-{int(rng.integers(0, 5))}"
    lines = tuple(
        TransferLine(s, CA, GA, Units(2), 900, (CostTerm("freight", 1),), 4, 2, 2, 1, "-") for s in (ONE, TWO)
    )
    with day.store.transaction() as t:
        t.put_plan(TransferPlan(PlanId(name), NOW, (), 7, lines))
    approve_plan(day.store, PlanId(name), TODAY, "Ana", NOW)
    sent = dispatch_transfer(day.store, TransferId(f"{name}:001"), NOW).transfer
    got = [ReceivedLine(line.sku, line.dispatched) for line in sent.lines if line.dispatched]
    if got:
        receive_transfer(day.store, TransferId(f"{name}:001"), "dock", got, NOW)


def keep(day: Day, rng: np.random.Generator, _: int) -> None:
    with day.store.transaction() as t:
        t.set_quotas([Quota(ONE, GA, "vip", Units(int(rng.integers(0, 3))))])


def relay(day: Day, _rng: np.random.Generator, _: int) -> None:
    with day.store.transaction() as t:
        names = [fact.id for fact in t.outbox(20)]
        t.delivered(names, NOW)
    with day.guard:
        day.delivered += names


def take_in(day: Day, rng: np.random.Generator, _: int) -> None:
    with day.store.transaction() as t:
        t.receive([Received("wms", str(int(rng.integers(0, 80))), "k", str(k), NOW, b"") for k in range(3)], NOW)


def apply(day: Day, _rng: np.random.Generator, _: int) -> None:
    with day.store.transaction() as t:
        events = t.claim_received(NOW, 5)
        for event in events:
            t.handled(event, Handling.DONE, NOW)
    with day.guard:
        day.applied += [event.id for event in events]


DEEDS = (route, route, route, ship, void, expire, supply, count, move, keep, relay, take_in, apply)


def test_every_way_of_changing_the_books_at_once_leaves_them_whole(postgres: Store) -> None:
    """24 threads, 20 deeds each, over 2 items at 3 nodes: conflicts are answers, anything else is a fault."""
    fill(postgres, 20)
    day = Day(postgres)

    def work(number: int) -> None:
        rng = np.random.default_rng(number)
        for n in range(20):
            deed = DEEDS[int(rng.integers(0, len(DEEDS)))]
            try:
                patiently(lambda deed=deed, n=n: deed(day, rng, n))  # type: ignore[misc]
            except ConflictError:
                day.note("conflict")
            else:
                day.note(deed.__name__)

    at_once(24, work)

    assert [finding for finding in check_books(postgres, NOW) if finding.broken] == []
    with postgres.transaction() as t:
        day.delivered += [fact.id for fact in t.outbox(10_000)]
        for name, records in day.executed.items():
            assert len(records) == 1, f"{name} has one answer, however often it was asked for"
            made = t.reservations_of(order((ONE, 1), name=name).id)
            assert sum(r.state is not ReservationState.VOIDED for r in made) <= 1
            known = t.recall(f"route:{name}")
            assert known is not None
            assert {known.response} == records
        stored = t.received(Handling.DONE, limit=1_000)
    assert len(day.delivered) == len(set(day.delivered)), "no fact was told twice"
    facts = Counter(name.rpartition(":")[2] for name in day.delivered)
    assert facts["routed"] >= len(day.executed), "nothing that was done was left untold"
    assert sorted(day.applied) == sorted(event.id for event in stored), "each event was applied once"
    for deed in DEEDS:
        assert day.deeds[deed.__name__] > 0
    print(
        f"  24 threads: {sum(day.deeds.values())} deeds of {len(set(DEEDS))} kinds, {day.deeds['conflict']} conflicts, 0 broken"
    )
