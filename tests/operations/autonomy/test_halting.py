"""After a halt nothing of its kind is executed by software, in any process, and nothing is lost."""

import threading
from datetime import timedelta

import pytest
from tests.operations.test_route_order import put
from tests.operations.test_route_together import ONE, TWO, wishes
from tests.routing.brand import NOW, compiled, network, order

from evenstock.domain import ActionKind, CaseKind, CaseState, NodeId, Outcome
from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.autonomy.halting import (
    NotHaltedError,
    halt,
    halts_in_force,
    past_halts,
    resume,
)
from evenstock.operations.autonomy.stages import Scope
from evenstock.operations.check_books import check_books
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.route_order import route_order
from evenstock.operations.route_together import route_together
from evenstock.operations.run_due import Workplace, run_due
from evenstock.policy.text import parse
from evenstock.storage import open_store

NETWORK = network(4)
ROUTES = Scope(frozenset({ActionKind.ROUTE}))
WHY = {"by": "Ana", "because": "the rates look wrong"}
LATER = NOW + timedelta(minutes=1)


def stocked(store, units: int = 50) -> None:
    put(store, {(sku, node.id): units for sku in (ONE, TWO) for node in NETWORK.nodes})


def route(store, name: str, now=NOW):
    return route_order(store, NETWORK, compiled(NETWORK), RouteOrder(order((ONE, 1), name=name), now)).record


def test_a_halted_order_is_decided_and_set_aside_and_waits_for_a_person(store) -> None:
    stocked(store)
    assert route(store, "A-1").outcome is Outcome.EXECUTED
    done = halt(store, ROUTES, **WHY, now=NOW)
    assert done.settled
    record = route(store, "A-2")
    assert record.outcome is Outcome.AWAITS_APPROVAL
    assert "halted by Ana" in record.verdict.because
    with store.reading() as books:
        (case,) = books.cases(CaseState.OPEN, CaseKind.REVIEW)
        assert (case.about, case.at_deadline) == ("order:A-2", "wait")
        assert len(books.reservations_of(record.order)) == 1
    # Nobody answers: the deadline is no consent while it is halted, nor after.
    run_due(Workplace(store, NETWORK, compiled(NETWORK)), case.due_at + timedelta(seconds=1))
    with store.reading() as books:
        assert len(books.cases(CaseState.OPEN, CaseKind.REVIEW)) == 1

    resume(store, done.halt.id, by="Ben", because="rates are right", now=LATER)
    assert route(store, "A-3", LATER).outcome is Outcome.EXECUTED
    with store.reading() as books:
        assert halts_in_force(books) == ()
        (past,) = past_halts(books)
    assert (past.body["by"], past.body["resumed_by"]) == ("Ana", "Ben")


def test_a_plan_that_would_execute_at_its_deadline_waits_while_it_is_halted(store) -> None:
    stocked(store)
    policy = compiled(NETWORK, parse("rule open: active\nrule all: review_above lead plan above 0.01\n"))
    record = route_order(store, NETWORK, policy, RouteOrder(order((ONE, 1), name="A-1"), NOW)).record
    with store.reading() as books:
        (case,) = books.cases(CaseState.OPEN, CaseKind.REVIEW)
    assert case.at_deadline == "execute"
    made = halt(store, ROUTES, **WHY, now=NOW).halt
    run_due(Workplace(store, NETWORK, policy), case.due_at + timedelta(seconds=1))
    with store.reading() as books:
        (again,) = books.cases(CaseState.OPEN, CaseKind.REVIEW)
    assert "halted by Ana" in again.because
    resume(store, made.id, by="Ben", because="fine", now=LATER)
    run_due(Workplace(store, NETWORK, policy), again.due_at + timedelta(seconds=1))
    with store.reading() as books:
        assert books.cases(CaseState.OPEN, CaseKind.REVIEW) == []
        assert len(books.reservations_of(record.order)) == 1


def test_orders_together_heed_a_halt_that_their_process_never_heard_of(store) -> None:
    stocked(store)
    policy = compiled(NETWORK)
    halt(store, ROUTES, **WHY, now=NOW)
    orders = [order((ONE, 1), name=f"A-{n}") for n in range(3)]
    told = route_together(store, NETWORK, policy, wishes(orders))
    assert told == [None, None, None]
    assert policy.staged is None
    assert route(store, "A-0").outcome is Outcome.AWAITS_APPROVAL


def test_a_halt_elsewhere_or_of_other_kinds_stops_no_order(store) -> None:
    stocked(store)
    halt(store, Scope(frozenset({ActionKind.TRANSFER})), **WHY, now=NOW)
    first = route(store, "A-1")
    away = next(n.id for n in NETWORK.nodes if n.id not in first.choice.nodes)
    halt(store, Scope(nodes=frozenset({NodeId(away)})), **WHY, now=NOW)
    assert first.outcome is route(store, "A-2").outcome is Outcome.EXECUTED
    halt(store, Scope(nodes=frozenset(first.choice.nodes)), **WHY, now=NOW)
    assert route(store, "A-3").outcome is Outcome.AWAITS_APPROVAL


def test_halting_twice_is_one_halt_and_resuming_twice_says_so(store) -> None:
    once = halt(store, ROUTES, **WHY, now=NOW)
    again = halt(store, ROUTES, by="Ben", because="so do I", now=LATER)
    assert again.repeated
    assert again.halt == once.halt
    resume(store, once.halt.id, by="Ben", because="fine", now=LATER)
    with pytest.raises(NotHaltedError, match="in force: none"):
        resume(store, once.halt.id, by="Ben", because="fine", now=LATER)
    with pytest.raises(ValueError, match="say who and why"):
        halt(store, ROUTES, by="", because="x", now=NOW)


def test_a_batch_decided_before_a_halt_is_not_kept_after_it(store) -> None:
    """The look was before, the keeping comes after: it finds a halt that whoever decided knew nothing of."""
    stocked(store)
    with store.transaction() as books:
        look = books.look([ONE], (), NOW)
        assert look.halts == []
        assert books.keep_together([], NOW)
    made = halt(store, ROUTES, **WHY, now=NOW).halt
    with store.transaction() as books:
        assert [entry.id for entry in books.look([ONE], (), NOW).halts] == [made.id]
        assert [entry.id for entry in books.recall_and_look([], [ONE], (), NOW)[1].halts] == [made.id]
        assert not books.keep_together([], NOW)
        assert books.keep_together([], NOW, halts=[made.id])


def test_a_halt_waits_for_what_had_begun(postgres, postgres_url) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with postgres.transaction() as books:
            books.look([ONE], (), NOW)
            begun.set()
            go_on.wait(20)

    thread = threading.Thread(target=slow)
    thread.start()
    begun.wait(20)
    other = open_store(postgres_url)
    assert not halt(other, ROUTES, **WHY, now=NOW, patience_s=0.2).settled
    threading.Timer(0.2, go_on.set).start()
    assert halt(other, ROUTES, **WHY, now=NOW, patience_s=20).settled
    thread.join()
    other.close()


def test_after_the_halt_no_order_is_executed_however_many_are_routed_at_once(postgres_url) -> None:
    """Six threads, some one by one and some in batches, over connections of their own; the halt comes in the middle."""
    stores = [AuditedStore(open_store(postgres_url)) for _ in range(7)]
    stocked(stores[0], 100_000)
    enough, stop = threading.Event(), threading.Event()
    routed: list[int] = []
    failed: list[Exception] = []

    def work(number: int) -> None:
        store, policy, n = stores[number], compiled(NETWORK), 0
        try:
            while not stop.is_set():
                n += 1
                orders = [order((ONE, 1), name=f"A-{number}-{n}-{k}") for k in range(3)]
                told = route_together(store, NETWORK, policy, wishes(orders)) if number % 2 else [None] * 3
                for one, found in zip(orders, told, strict=True):
                    if found is None:
                        route_order(store, NETWORK, policy, RouteOrder(one, NOW))
                routed.append(3)
                if sum(routed) > 60:
                    enough.set()
        except Exception as error:  # noqa: BLE001 (told by the test's own thread)
            failed.append(error)
            enough.set()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    assert enough.wait(120)
    assert halt(stores[6], ROUTES, **WHY, now=NOW, patience_s=60).settled
    with stores[6].reading() as books:
        executed = {_id(record) for record in books.decisions(100_000) if b'"outcome":"executed"' in record}
    so_far = sum(routed)
    while sum(routed) < so_far + 60 and not failed:
        stop.wait(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []
    with stores[6].reading() as books:
        every = books.decisions(100_000)
    after = {_id(record) for record in every if b'"outcome":"executed"' in record}
    waiting = sum(b'"outcome":"awaits_approval"' in record for record in every)
    assert after == executed
    assert executed
    assert waiting >= 60 - 18  # those of the batches in flight may have been executed before the halt
    assert not [finding for finding in check_books(stores[6], NOW) if finding.broken]
    for store in stores:
        store.close()


def _id(record: bytes) -> bytes:
    return record.split(b'"id":"', 1)[1].split(b'"', 1)[0]
