"""Many events applied in one step of the books leave what one after the other leaves, event by event; and they are few statements."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.operations.exceptions.shop import LATER, NETWORK, NOW, ONE, TWO, shelf, stocked, whole
from tests.operations.inbound.feed import event, handled, inbound, level, receive

from evenstock.domain import (
    Event,
    LotId,
    NodeId,
    OrderId,
    Reservation,
    ReservationId,
    ReservationLine,
    StockBalance,
    StockObservation,
    Units,
)
from evenstock.operations.inbound import at_once
from evenstock.operations.inbound.drain import drain, told_of
from evenstock.operations.inbound.failing import MOST_TRIES
from evenstock.operations.inbound.kinds import stock_adjusted, stock_observed
from evenstock.operations.ports import ConflictError, Entry, Handling, Mark, Move, Received, Store
from evenstock.storage.memory import MemoryStore
from evenstock.storage.sql import SqlStore

SKUS = [str(sku) for sku in sorted(NETWORK.items)][:40]
RUNS = itertools.count(1)
"""Each example has sources and lots of its own, so that one database serves them all."""
NODES = ("TX", "NJ")

SHELVES = ((ONE, "TX", ""), (ONE, "TX", "b"), (TWO, "NJ", ""))
SYSTEMS = st.sampled_from(("wms", "3pl", "erp"))
WORDS = st.one_of(
    st.tuples(st.just("level"), SYSTEMS, st.sampled_from(SHELVES), st.integers(0, 9), st.integers(1, 5)),
    st.tuples(st.just("level"), SYSTEMS, st.sampled_from(SHELVES), st.integers(0, 9), st.integers(1, 5)),
    st.tuples(st.just("change"), SYSTEMS, st.sampled_from(SHELVES), st.integers(-6, 6), st.just(0)),
    st.tuples(
        st.sampled_from(("unreadable", "unknown", "odd")),
        st.just("wms"),
        st.sampled_from(SHELVES),
        st.integers(1, 3),
        st.integers(1, 5),
    ),
)
Word = tuple[str, str, tuple[str, str, str], int, int]


def said(run: int, word: Word) -> Received:
    """An event whose name says all it says, so that the same word is a repeated delivery."""
    what, source, (sku, node, lot), units, version = word
    name = f"{run}:{what}:{source}:{sku}:{node}:{lot}:{units}:{version}"
    lot, source = f"L{run}{lot}", f"{source}{run}"
    if what == "level":
        return _level(name, source, sku, units, version, node, lot)
    if what == "change":
        return event("stock.adjusted", name, source=source, sku=sku, node=node, units=units, lot=lot)
    if what == "unreadable":
        return event("stock.observed", name, source=source, sku=sku, node=node, units=str(units), lot=lot)
    if what == "unknown":
        return _level(name, source, f"SKU-NEW-{units}", units, version, node, lot)
    return event("stock.observed", name, source=source, sku=sku, node=node, units=units, lot=lot, poison=True)


def _level(name: str, source: str, sku: str, units: int, version: int, node: str, lot: str) -> Received:
    at = NOW - timedelta(minutes=30) + timedelta(seconds=version)
    return event(
        "stock.observed", name, at, source=source, sku=sku, node=node, units=units, version=version, lot=lot
    )  # fmt: skip


def left(store: Store, run: int) -> dict[str, Any]:
    """All that a run's events left in the books."""
    with store.transaction() as books:
        found: list[Received] = []
        for handling in Handling:
            for source in (f"wms{run}", f"3pl{run}", f"erp{run}"):
                found += books.received(handling, limit=1_000, source=source)
        lots = pl.col("lot").str.starts_with(f"L{run}")
        entries = [
            e for name in NODES for s in ("wms", "3pl", "erp") if (e := books.entry("feed_breaker", f"{s}{run}@{name}"))
        ]
        facts = books.outbox(100_000)
        books.delivered([f.id for f in facts], NOW)
        return {
            "events": sorted((e.source, e.id, e.handling, e.tries, e.because) for e in found),
            "balances": books.balance_frame().filter(lots).rows(),
            "movements": sorted(books.movement_frame().filter(lots).rows()),
            "facts": sorted((f.id, f.kind, f.aggregate, str(f.occurred_at), str(f.body)) for f in facts),
            "breaker": [(e.id, e.state, e.step, e.body) for e in entries],
        }  # fmt: skip


def one_by_one(patched: pytest.MonkeyPatch) -> None:
    patched.setattr("evenstock.operations.inbound.drain.planning_of", lambda _: None)


def _odd(patched: pytest.MonkeyPatch) -> None:
    """Whoever reads a poisoned statement meets what nobody foresaw."""
    real = stock_observed.observation_of

    def read(told: Any) -> StockObservation:
        if told.data.said.get("poison"):
            raise ZeroDivisionError("nobody foresaw this")
        return real(told)

    patched.setattr(stock_observed, "observation_of", read)


@pytest.fixture(scope="module")
def stores(fresh_stores: Callable[[], Any]) -> Iterator[dict[str, Store]]:
    with fresh_stores() as opened:
        yield {"the oracle": MemoryStore(), **opened}


def lived(store: Store, run: int, events: list[Received], cuts: list[int], limit: int) -> dict[str, Any]:
    for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        receive(store, *events[start:end])
        # Each of several that fail about one thing waits for the one before it to be given up.
        for hours in range(MOST_TRIES * len(events)):
            while drain(inbound(store), NOW + timedelta(hours=hours), limit).tried:
                pass
            with store.reading() as books:
                if not books.received(Handling.WAITING, limit=1):
                    break
    return left(store, run)


@settings(max_examples=40)
@given(data=st.data())
def test_at_once_is_as_one_by_one_whatever_comes_in_whatever_order(
    stores: dict[str, Store], data: st.DataObject
) -> None:
    run = next(RUNS)
    words: list[Word] = data.draw(st.lists(WORDS, min_size=6, max_size=30))
    words += data.draw(st.lists(st.sampled_from(words), max_size=6))
    events = [said(run, word) for word in data.draw(st.permutations(words))]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=2)))
    limit = data.draw(st.sampled_from((3, 7, 1_000)))
    breaker = data.draw(st.booleans())
    results = {}
    for name, opened in stores.items():
        with pytest.MonkeyPatch.context() as patched:
            _odd(patched)
            if name == "the oracle":
                one_by_one(patched)
            with opened.transaction() as books:
                if breaker:
                    books.enter(Entry("source", f"wms{run}", {"breaker": {"share_percent": 1, "least": 1}}))
            results[name] = lived(opened, run, events, cuts, limit)
    oracle = results.pop("the oracle")
    assert {e[2] for e in oracle["events"]} <= {Handling.DONE, Handling.DEAD}, "all tries are used up"
    for name, found in results.items():
        for what, expected in oracle.items():
            assert found[what] == expected, (name, what)


@pytest.mark.parametrize("bulk", [True, False])
def test_what_was_promised_becomes_a_shortfall_and_is_repaid_in_the_order_told(
    store: Store, monkeypatch: pytest.MonkeyPatch, bulk: bool
) -> None:
    """10 there, 8 of them promised; the feed says 3: 2 leave the shelf and 5 are short. Another says 9: 5 of the 6 repay."""
    stocked(store, {(ONE, "TX"): 10, (TWO, "TX"): 4})
    lines = (ReservationLine(ONE, NodeId("TX"), Units(8)),)
    with store.transaction() as books:
        assert books.reserve(Reservation(ReservationId("R"), OrderId("O"), lines, NOW, LATER)) is None
    if not bulk:
        one_by_one(monkeypatch)
    receive(
        store,
        event("stock.observed", "a", NOW - timedelta(seconds=9), sku=ONE, node="TX", units=3, version=1),
        event("stock.observed", "b", NOW - timedelta(seconds=5), source="3pl", sku=ONE, node="TX", units=9, version=1),
        event("stock.adjusted", "c", source="erp", sku=ONE, node="TX", units=2),
        event("stock.adjusted", "d", sku=TWO, node="TX", units=-9),
        event("stock.adjusted", "e", source="erp", sku=TWO, node="TX", units=-4),
    )
    done = drain(inbound(store), NOW)
    assert (done.done, done.again, done.dead) == (4, 1, 0)
    assert shelf(store, ONE, "TX") == {"available": 9 - 8 + 2, "reserved": 8}
    assert shelf(store, TWO, "TX") == {}
    assert handled(store, "a") == (Handling.DONE, "7 units missing")
    assert handled(store, "b", "3pl") == (Handling.DONE, "11 units found"), "6 found, and 5 of them repay"
    assert handled(store, "c", "erp") == (Handling.DONE, "+2 units")
    assert handled(store, "d") == (
        Handling.WAITING, "9 units of SKU-002 left TX, where the books have 4; count there, and replay"
    )  # fmt: skip
    with store.reading() as books:
        rows = books.movement_frame().filter(pl.col("sku") == ONE).rows(named=True)
        assert [(r["source_bucket"], r["destination_bucket"], r["units"]) for r in rows[-5:]] == [
            ("available", "outside", 2),
            ("shortfall", "outside", 5),
            ("outside", "available", 6),
            ("available", "shortfall", 5),
            ("outside", "available", 2),
        ]
    assert whole(store)


def test_a_batch_takes_few_statements_however_many_events(postgres: Store) -> None:
    """The control: one by one, the same events take ten times as many."""
    assert isinstance(postgres, SqlStore)
    stocked(postgres, {(sku, node): 5 for sku in SKUS for node in NODES})
    counted: list[str] = []
    sa.event.listen(postgres._engine, "before_cursor_execute", lambda _c, _u, sql, *_: counted.append(sql))

    def statements(version: int) -> int:
        levels = [
            level(f"{version}:{s}:{n}", s, 4 + version, version, n) for s in SKUS for n in NODES
        ]  # fmt: skip
        receive(postgres, *levels)
        counted.clear()
        assert drain(inbound(postgres), NOW).done == len(levels) == 80
        return len(counted)

    many = statements(1)
    assert many <= 24, "claimed, changed, told, marked and counted"
    with pytest.MonkeyPatch.context() as patched:
        one_by_one(patched)
        assert statements(2) > 10 * many


def test_nothing_is_left_half_done_where_a_batch_is_killed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    receive(store, *[level(f"e{n}", sku, 12, 1) for n, sku in enumerate(SKUS)])
    real = at_once.all_at_once

    def dies_after_its_effect(*arguments: Any) -> Any:
        real(*arguments)
        raise SystemExit("killed")

    monkeypatch.setattr("evenstock.operations.inbound.drain.all_at_once", dies_after_its_effect)
    with pytest.raises(SystemExit):
        drain(inbound(store), NOW)
    assert all(shelf(store, sku, "TX") == {} for sku in SKUS)
    monkeypatch.undo()
    assert drain(inbound(store), LATER).done == len(SKUS)
    assert all(shelf(store, sku, "TX") == {"available": 12} for sku in SKUS)


def test_a_fact_that_was_told_otherwise_before_takes_back_its_own_event_alone(store: Store) -> None:
    """Its movements go back too: the effect and what is told of it are one."""
    receive(store, *[level(f"e{n}", sku, 12, 1) for n, sku in enumerate(SKUS)])
    with MemoryStore().transaction() as elsewhere:
        elsewhere.receive([level("e7", SKUS[7], 12, 1)], NOW)
        said = stock_observed.observation_of(told_of(elsewhere.claim_received(NOW, 1)[0]))
        moves = elsewhere.adjust_on_hand(said, "observed by wms, version 1", NOW)
    taken_id = f"{moves[0].id}:event"
    with store.transaction() as books:
        books.publish([Event(taken_id, "Something", "else", NOW, {})])
    done = drain(inbound(store), NOW)
    assert (done.done, done.again) == (len(SKUS) - 1, 1)
    assert handled(store, "e7")[1].startswith(f"event {taken_id} is already published with other content")
    assert shelf(store, SKUS[7], "TX") == {}
    assert sum(shelf(store, sku, "TX") == {"available": 12} for sku in SKUS) == len(SKUS) - 1
    assert whole(store)


def test_a_movement_that_is_there_already_counts_once(store: Store) -> None:
    """A kind that names its movement as another did before: the single calls say of each what they always said."""
    receive(store, *[event("stock.adjusted", f"d{n}", sku=sku, node="TX", units=3) for n, sku in enumerate(SKUS[:9])])
    with store.transaction() as books:
        found = books.received_event("wms", "d4")
        assert found is not None
        step = stock_adjusted.plan(inbound(store), told_of(found)).step
        assert isinstance(step, Move)
        books.post(step.moves(StockBalance(step.sku, step.node, step.lot)), NOW)
    assert drain(inbound(store), NOW).done == 9
    assert [shelf(store, sku, "TX") for sku in SKUS[:9]] == [{"available": 3}] * 9


def test_batches_and_orders_at_once_lose_and_invent_nothing(postgres: Store) -> None:
    """Feeds in opposite orders, deltas and reservations on the same shelves: each takes effect once, and none waits in a circle."""
    stocked(postgres, {(sku, "TX"): 1_000 for sku in SKUS})
    for n in range(30):
        order = SKUS if n % 2 else SKUS[::-1]
        receive(postgres, *[event("stock.adjusted", f"{n}:{s}", source=f"s{n % 4}", sku=s, node="TX", units=1) for s in order])  # fmt: skip
    at = inbound(postgres)
    made: list[int] = []

    def reserve(worker: int) -> None:
        for n in range(40):
            lines = tuple(ReservationLine(s, NodeId("TX"), Units(1)) for s in sorted(NETWORK.items)[:40:4])
            wanted = Reservation(ReservationId(f"R{worker}-{n}"), OrderId(f"O{worker}-{n}"), lines, NOW, LATER)
            with postgres.transaction() as books:
                assert books.reserve(wanted) is None
            made.append(1)

    threads = [threading.Thread(target=lambda: [drain(at, NOW, 200) for _ in range(12)]) for _ in range(3)]
    threads += [threading.Thread(target=reserve, args=(worker,)) for worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while drain(at, NOW).tried:
        pass
    assert len(made) == 80
    with postgres.reading() as books:
        assert len(books.received(Handling.DONE, limit=2_000)) == 30 * 40
        assert not books.received(Handling.DEAD)
    for place, sku in enumerate(SKUS):
        taken = 80 if place % 4 == 0 else 0
        assert shelf(postgres, sku, "TX") == {
            k: v for k, v in {"available": 1_030 - taken, "reserved": taken}.items() if v
        }
    assert whole(postgres)


def test_marks_are_all_or_none(store: Store) -> None:
    receive(store, *[level(f"e{n}", SKUS[n], 1, 1) for n in range(4)])
    with store.transaction() as books:
        claimed = books.claim_received(NOW, 10)
        books.mark([Mark(claimed[2], Handling.DONE, "before")], NOW)
        with pytest.raises(ConflictError, match="event e2 of wms is done after 1 tries, not waiting after 0"):
            books.mark([Mark(one, Handling.DONE, "now") for one in claimed], NOW)
        with pytest.raises(ValueError, match="what waits has a time to be tried at"):
            books.mark([Mark(one, Handling.WAITING, "now") for one in claimed[:2]], NOW)
        twice = [Mark(claimed[0], Handling.DONE, "now"), Mark(claimed[0], Handling.DEAD, "again")]
        with pytest.raises(ConflictError, match="event e0 of wms is done after 1 tries"):
            books.mark(twice, NOW)
        books.mark([], NOW)
        assert [e.id for e in books.received(Handling.WAITING)] == ["e0", "e1", "e3"]
    assert handled(store, "e2") == (Handling.DONE, "before")


def test_items_on_hand_are_those_with_units_at_the_node(store: Store) -> None:
    stocked(store, {(ONE, "TX"): 2, (TWO, "TX"): 1, (ONE, "NJ"): 1})
    stocked(store, {(ONE, "TX"): 2}, lot="B")
    lines = (ReservationLine(TWO, NodeId("TX"), Units(1)),)
    with store.transaction() as books:
        assert books.reserve(Reservation(ReservationId("R"), OrderId("O"), lines, NOW, LATER)) is None
        assert [books.items_on_hand(NodeId(n)) for n in ("TX", "NJ", "CA")] == [2, 1, 0]
        books.adjust_on_hand(StockObservation("c", TWO, NodeId("NJ"), Units(0), NOW, 1, LotId("")), "count", NOW)
        assert books.items_on_hand(NodeId("NJ")) == 1, "a row of zeros is none"
