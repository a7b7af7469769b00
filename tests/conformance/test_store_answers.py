"""One question before a decision, one statement after it: as the single calls, in memory, SQLite and PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from evenstock.domain import (
    Account,
    Allow,
    Bucket,
    CapacityPrice,
    Case,
    CaseId,
    CaseKind,
    Cause,
    Cents,
    DecisionId,
    DecisionRecord,
    Event,
    Inputs,
    LineId,
    LotId,
    Movement,
    MovementId,
    NodeId,
    Order,
    OrderId,
    OrderLine,
    Outcome,
    Price,
    Quota,
    Reservation,
    ReservationId,
    ReservationLine,
    ShipTo,
    Sku,
    Units,
)
from evenstock.operations.ports import ConflictError, Look, Slot, Store, StoreError, Transaction
from evenstock.storage import plainly

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
TODAY = date(2026, 11, 20)
TOMORROW = date(2026, 11, 21)
MUG, TEA, ODD = Sku("MUG"), Sku("TEA"), Sku('é "{,}\\ NULL')
PA, TX = NodeId("PA"), NodeId("TX")


# --- the question ----------------------------------------------------------------------------------------------------
def received(sku: Sku, node: NodeId, units: int, lot: str = "") -> Movement:
    world = Account(sku, node, Bucket.OUTSIDE, LotId(lot), Cause.SUPPLIER)
    shelf = Account(sku, node, Bucket.AVAILABLE, LotId(lot))
    return Movement(MovementId(f"{sku}-{node}-{lot}"), Units(units), world, shelf, NOW, "po")


def out(name: str, kind: CaseKind, due_in: timedelta) -> Case:
    return Case(CaseId(name), kind, f"node:{name}", "why", "", "none", "ops", NOW, NOW + due_in, (("né", '"'),))


@pytest.fixture
def full(store: Store) -> Store:
    """Two nodes with lots, buffers and promises; quotas; prices of two sources; places that are taken; cases that are open."""
    with store.transaction() as t:
        t.post([received(MUG, TX, 10), received(MUG, PA, 5, "b"), received(MUG, PA, 4, "a"), received(ODD, TX, 7)], NOW)
        t.post([received(TEA, TX, 3)], NOW)
        t.set_buffer(MUG, TX, Units(2))
        t.set_quotas(
            [Quota(MUG, TX, "vip", Units(4)), Quota(MUG, TX, "club", Units(1)), Quota(TEA, TX, "vip", Units(1))]
        )
        line = ReservationLine(MUG, TX, Units(1))
        held = Reservation(ReservationId("r"), OrderId("o"), (line,), NOW, NOW + HOUR)
        assert (
            t.reserve(held, [Slot(TX, TODAY, 9), Slot(PA, TODAY, 9), Slot(TX, TOMORROW, 9)], order_class="vip") is None
        )
        t.put_prices(
            [
                Price(MUG, TX, NOW - HOUR, "nightly", Cents(50)),
                Price(MUG, TX, NOW - HOUR, "repricing", Cents(70)),
                Price(MUG, TX, NOW + HOUR, "repricing", Cents(90)),
                Price(MUG, PA, NOW - HOUR, "nightly", Cents(0)),
                Price(MUG, PA, NOW, "another", Cents(30)),
                Price(ODD, TX, NOW - HOUR, "nightly", Cents(-4)),
            ]
        )
        t.put_capacity_prices(
            [
                CapacityPrice("service", "ups", TODAY, NOW, "nightly", Cents(20)),
                CapacityPrice("node", "TX", TOMORROW, NOW, "nightly", Cents(10)),
                CapacityPrice("node", "TX", TOMORROW, NOW, "repricing", Cents(15)),
                CapacityPrice("node", "TX", TOMORROW, NOW + HOUR, "repricing", Cents(99)),
            ]
        )
        for case in (
            out("late", CaseKind.NODE_DOWN, 3 * HOUR),
            out("review", CaseKind.REVIEW, HOUR),
            out("soon", CaseKind.CARRIER, HOUR),
            out("tie", CaseKind.NODE_DOWN, HOUR),
            out("over", CaseKind.NODE_DOWN, HOUR),
        ):
            t.put_case(case)
        t.change_case(0, out("over", CaseKind.NODE_DOWN, HOUR).closed(NOW, "Ana", "back"))
    return store


@pytest.mark.parametrize("skus", [[MUG], [TEA, MUG, ODD, MUG], [Sku("nothing")], []])
@pytest.mark.parametrize("days", [[], [TODAY], [TOMORROW, TODAY, TODAY], [date(2030, 1, 1)]])
def test_a_look_says_what_the_single_calls_say(full: Store, skus: Sequence[Sku], days: Sequence[date]) -> None:
    with full.reading() as t:
        assert t.look(skus, days, NOW) == plainly.look(t, skus, days, NOW)


def test_a_look_says_what_is_there(full: Store) -> None:
    with full.reading() as t:
        found = t.look([MUG], [TODAY, TOMORROW], NOW)

    assert [(b.node, b.lot, b.available, b.reserved, b.buffer) for b in found.balances] == [
        ("PA", "a", 4, 0, 0),
        ("PA", "b", 5, 0, 0),
        ("TX", "", 9, 1, 2),
    ]
    assert [(p.node, p.source, p.cents) for p in found.prices] == [("PA", "another", 30), ("TX", "repricing", 70)]
    assert found.prices[0].valid_from.utcoffset() == timedelta(0)
    assert [(q.order_class, q.units, q.taken) for q in found.quotas] == [("club", 1, 0), ("vip", 4, 1)]
    assert dict(found.slots_taken) == {(PA, TODAY): 1, (TX, TODAY): 1, (TX, TOMORROW): 1}
    assert [(c.scope, c.name, c.day, c.cents) for c in found.capacity_prices] == [
        ("node", "TX", TOMORROW, 15),
        ("service", "ups", TODAY, 20),
    ]
    assert [case.id for case in found.out] == ["soon", "tie", "late"]


def test_empty_books_have_nothing_to_say(store: Store) -> None:
    with store.reading() as t:
        assert t.look([MUG], [TODAY], NOW) == Look([], [], [], {}, [], [], [])


# --- the answer ------------------------------------------------------------------------------------------------------
ORDER = Order(OrderId("A-1"), (OrderLine(LineId("1"), MUG, Units(2)),), ShipTo("73301"), NOW)
RECORD = DecisionRecord(
    DecisionId("d-1"),
    ORDER.id,
    NOW,
    Inputs("sha256:n", "sha256:s", "sha256:p", "sha256:c", "1"),
    Outcome.UNSERVED,
    Allow(),
    'Not routed: é "{}\\, NULL.',
    None,
    (),
    (),
)


def fact(name: str, **body: object) -> Event:
    return Event(name, "OrderRouted", "order:A-1", NOW, {"é": '"{},\\', **body})


FACTS = [fact("d-1:routed"), fact("d-1:more", lines=[1, 2])]


def everything(t: Transaction) -> object:
    known = t.recall("route:A-1")
    return t.order(ORDER.id), t.decision(RECORD.id), t.decision_of(ORDER.id), known, t.outbox(9)


@pytest.mark.parametrize("key", ["route:A-1", ""])
@pytest.mark.parametrize("facts", [FACTS, []])
@pytest.mark.parametrize("order", [ORDER, None])
def test_an_answer_writes_what_the_single_calls_write(
    store: Store, memory: Store, order: Order | None, facts: list[Event], key: str
) -> None:
    with store.transaction() as t, memory.transaction() as plain:
        t.answer(RECORD, NOW, order=order, facts=facts, key=key, request="sha256:r")
        plainly.answer(plain, RECORD, NOW, order=order, facts=facts, key=key, request="sha256:r")
        assert everything(t) == everything(plain)
    with store.transaction() as t, memory.transaction() as plain:
        assert everything(t) == everything(plain)
        assert (t.order(ORDER.id) is None) is (order is None)
        assert (t.recall("route:A-1") is None) is (key == "")


def test_what_is_there_already_with_the_same_content_counts_once(store: Store) -> None:
    with store.transaction() as t:
        t.answer(RECORD, NOW, order=ORDER, facts=FACTS)
        t.answer(RECORD, NOW, order=ORDER, facts=[*FACTS, FACTS[0]], key="route:A-1", request="r")
        assert [e.id for e in t.outbox(9)] == ["d-1:routed", "d-1:more"]
        known = t.recall("route:A-1")
        assert known is not None
        assert known.response == RECORD.canonical()


@contextmanager
def refused(t: Transaction, because: str) -> Iterator[None]:
    before = everything(t)
    with pytest.raises(ConflictError, match=because):
        yield
    assert everything(t) == before


def test_an_answer_that_conflicts_leaves_no_trace_and_says_with_what(store: Store) -> None:
    """Whichever part of it is there with other content: none of the other parts is written."""
    other = replace(ORDER, id=OrderId("A-2"), channel="shop")
    with store.transaction() as t:
        t.put_order(ORDER)
        t.record(RECORD)
        t.publish(FACTS[:1])
        t.remember("taken", "r", b"another", NOW)
        fresh = replace(RECORD, id=DecisionId("d-2"))
        with refused(t, "order A-1 was placed with other content"):
            t.answer(fresh, NOW, order=replace(ORDER, channel="x"), facts=[fact("new")], key="route:A-1")
        with refused(t, "decision d-1 is already recorded with other content"):
            t.answer(replace(RECORD, sentence="x"), NOW, order=other, facts=[fact("new")], key="route:A-1")
        with refused(t, "event d-1:routed is already published with other content"):
            t.answer(fresh, NOW, order=other, facts=[fact("new"), fact("d-1:routed", x=1)], key="route:A-1")
        with refused(t, "command taken already has its answer"):
            t.answer(fresh, NOW, order=other, facts=[fact("new")], key="taken")
        assert t.order(other.id) is None
        assert t.decision(fresh.id) is None
        t.answer(fresh, NOW, order=other, facts=[fact("new")], key="route:A-1")


def test_what_a_failed_transaction_answered_was_never_said(store: Store) -> None:
    def answer_and_fail() -> None:
        with store.transaction() as t:
            t.answer(RECORD, NOW, order=ORDER, facts=FACTS, key="route:A-1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer_and_fail()
    with store.transaction() as t:
        assert everything(t) == (None, None, None, None, [])


def test_a_reading_answers_nothing(store: Store) -> None:
    with pytest.raises(StoreError), store.reading() as t:
        t.answer(RECORD, NOW)
    with store.transaction() as t:
        assert everything(t) == (None, None, None, None, [])
