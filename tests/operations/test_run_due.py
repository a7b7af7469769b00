"""What is due is done once, earliest first; what fails is tried again later and never lost."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from types import ModuleType

import pytest
from tests.operations.test_route_order import NETWORK, ONE, POLICY, put, reserved, told
from tests.routing.brand import NOW, order

from evenstock.domain import (
    Case,
    CaseId,
    CaseKind,
    CaseState,
    Event,
    NodeId,
    OrderId,
    Reservation,
    ReservationId,
    ReservationLine,
    ReservationState,
    Units,
)
from evenstock.operations import run_due as module
from evenstock.operations.check_books import check_books
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.open_cases import open_review
from evenstock.operations.ports import Store, StoreError
from evenstock.operations.queue import accept, queue
from evenstock.operations.route_order import RESERVATION, route_order
from evenstock.operations.run_due import Workplace, act_now, actions, run_due
from evenstock.registry import members

HOUR = timedelta(hours=1)
LATER = NOW + 5 * HOUR


def case(name: str, due_in: timedelta = HOUR, at_deadline: str = "spoken") -> Case:
    return Case(CaseId(name), CaseKind.CARRIER, "service:ups", "no pickup", "wait", at_deadline, "", NOW, NOW + due_in)


def put_cases(store: Store, *cases: Case) -> None:
    with store.transaction() as books:
        for each in cases:
            books.put_case(each)


def kept(store: Store, name: str) -> Case:
    with store.reading() as books:
        found = books.case(CaseId(name))
    assert found is not None
    return found


@pytest.fixture
def action(monkeypatch):
    """Puts an action under the name `spoken` for one test."""

    def use(act) -> None:
        made = ModuleType("spoken")
        made.NAME, made.act = "spoken", act
        monkeypatch.setattr(module, "members", lambda family: members(family) | {"spoken": made})

    return use


def test_every_action_has_a_name_of_its_own_and_acts():
    found = actions()
    assert {"execute", "retry", "wait"} <= set(found)
    assert len(found) == len(members("evenstock.operations.due"))
    assert all(callable(each.act) for each in found.values())


def test_what_is_due_is_done_earliest_first_and_once(store, action):
    acted = []

    def act(at, asked, now):
        acted.append((asked.id, asked.due_at, now))
        return asked.closed(now, "deadline", "done")

    action(act)
    put_cases(store, case("late", 3 * HOUR), case("b"), case("a"), case("not yet", 9 * HOUR))
    at = Workplace(store, NETWORK, POLICY)

    done = run_due(at, LATER)

    assert [d.sentence for d in done] == ["service:ups: done"] * 3
    assert acted == [("a", NOW + HOUR, LATER), ("b", NOW + HOUR, LATER), ("late", NOW + 3 * HOUR, LATER)]
    assert kept(store, "a").resolution == "done"
    assert kept(store, "a").due_at == NOW + HOUR, "as it was"
    assert run_due(at, LATER) == []
    assert len(acted) == 3


def test_the_limit_takes_the_earliest(store, action):
    action(lambda at, asked, now: asked.closed(now, "deadline", "done"))
    put_cases(store, case("c", 3 * HOUR), case("a"), case("b", 2 * HOUR))
    at = Workplace(store, NETWORK, POLICY)

    assert [d.case for d in run_due(at, LATER, limit=2)] == ["a", "b"]
    assert [d.case for d in run_due(at, LATER, limit=2)] == ["c"]


def test_two_runners_at_once_do_each_case_once(store, action):
    acted = []
    gate = threading.Barrier(4)

    def act(at, asked, now):
        acted.append(asked.id)
        return asked.closed(now, "deadline", "done")

    action(act)
    put_cases(store, *(case(f"c{k}") for k in range(12)))

    def run(_: int) -> int:
        gate.wait(timeout=30)
        return len(run_due(Workplace(store, NETWORK, POLICY), LATER))

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(run, range(4)))

    assert sorted(acted) == sorted(f"c{k}" for k in range(12))
    assert sum(counts) == 12


def test_an_action_that_fails_is_tried_again_later_and_the_others_are_done(store, action):
    """Five minutes, then ten, then twenty; the deadline that came is the one the action is told each time."""
    asked_of = []

    def act(at, asked, now):
        if asked.id == "bad":
            asked_of.append(asked.due_at)
            if len(asked_of) < 4:
                raise StoreError("the carrier's desk does not answer")
        return asked.closed(now, "deadline", "done")

    action(act)
    put_cases(store, case("bad"), case("good", 2 * HOUR))
    at = Workplace(store, NETWORK, POLICY)

    bad, good = run_due(at, LATER)

    assert (bad.failed, good.failed) == (True, False)
    assert (
        "spoken failed (StoreError: the carrier's desk does not answer); tried again at 2026-11-20 20:05"
        in bad.sentence
    )
    found = kept(store, "bad")
    assert (found.state, found.due_at) == (CaseState.OPEN, LATER + timedelta(minutes=5))
    assert (found.fact("failures"), found.fact("failed because")[:10]) == ("1", "StoreError")
    assert run_due(at, LATER + timedelta(minutes=4)) == []
    now = found.due_at
    for minutes in (10, 20):
        assert [d.failed for d in run_due(at, now)] == [True]
        assert kept(store, "bad").due_at == now + timedelta(minutes=minutes)
        now = kept(store, "bad").due_at
    assert [d.failed for d in run_due(at, now)] == [False]
    assert asked_of == [NOW + HOUR] * 4
    closed = kept(store, "bad")
    assert (closed.state, closed.facts) == (CaseState.CLOSED, ()), "what went wrong before is told no more"


def test_a_case_with_an_action_nobody_knows_stays_open_and_is_named(store):
    put_cases(store, case("c", at_deadline="pray"))

    (done,) = run_due(Workplace(store, NETWORK, POLICY), LATER)

    assert done.failed
    assert "there is no action 'pray'; there are " in done.sentence
    assert kept(store, "c").state is CaseState.OPEN


def test_a_runner_that_dies_leaves_the_case_to_the_next_one_after_its_lease(store, action):
    def die(at, asked, now):
        raise KeyboardInterrupt

    action(die)
    put_cases(store, case("c"))
    at = Workplace(store, NETWORK, POLICY)
    with pytest.raises(KeyboardInterrupt):
        run_due(at, LATER)
    told_of = []

    def act(at, asked, now):
        told_of.append((asked.due_at, asked.facts))
        return asked.closed(now, "deadline", "done")

    action(act)
    assert run_due(at, LATER + timedelta(minutes=9)) == []
    assert len(run_due(at, LATER + timedelta(minutes=10))) == 1
    assert told_of == [(NOW + HOUR, ())]


def test_an_action_may_keep_its_step_itself_or_leave_it(store, action):
    def act(at, asked, now):
        later = replace(asked, due_at=now + HOUR, step=asked.step + 1)
        if asked.id == "itself":
            with at.store.transaction() as books:
                books.publish([Event(f"{asked.id}:{now}", "Asked", asked.about, now, {})])
                books.change_case(asked.step, later)
        return later

    action(act)
    put_cases(store, case("itself"), case("left"))

    run_due(Workplace(store, NETWORK, POLICY), LATER)

    assert kept(store, "itself").due_at == kept(store, "left").due_at == LATER + HOUR
    assert kept(store, "itself").step == kept(store, "left").step


def test_a_case_answered_while_its_action_runs_stays_answered(store, action):
    def act(at, asked, now):
        with at.store.transaction() as books:
            books.change_case(asked.step, asked.closed(now, "Ana", "done by hand"))
        return replace(asked, due_at=now + HOUR, step=asked.step + 1)

    action(act)
    put_cases(store, case("c"))

    (done,) = run_due(Workplace(store, NETWORK, POLICY), LATER)

    assert done.sentence == "service:ups: done by hand"
    assert kept(store, "c").closed_by == "Ana"


def test_a_case_can_be_done_before_its_deadline(store, action):
    action(lambda at, asked, now: asked.closed(now, "system", "done"))
    put_cases(store, case("c", 9 * HOUR))
    at = Workplace(store, NETWORK, POLICY)

    done = act_now(at, CaseId("c"), LATER)
    assert done is not None
    assert done.sentence == "service:ups: done"
    assert act_now(at, CaseId("c"), LATER) is None


# --- reservations ----------------------------------------------------------------------------------------------------
def routed(store, name: str = "A-1"):
    put(store, {(ONE, "TX"): 5, (ONE, "NJ"): 5})
    return route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2), name=name), NOW)).record


def test_an_order_nobody_released_becomes_a_case_and_keeps_its_stock_until_it_is_answered(store):
    record = routed(store)
    at = Workplace(store, NETWORK, POLICY)
    over = NOW + 72 * HOUR

    (asked,) = run_due(at, over)

    assert (asked.action, asked.case) == ("ask", f"overdue:{record.id}{RESERVATION}")
    with store.reading() as books:
        (shown,) = queue(books)
    assert shown.case.because.startswith(
        "set aside at TX since 2026-11-20 15:00 UTC, and no pick was released by 2026-11-23"
    )
    assert reserved(store) == {(ONE, "TX", ""): 2}
    assert run_due(at, over + HOUR) == []

    (again,) = run_due(at, over + 4 * HOUR)
    assert again.sentence.startswith("order:A-1: ships TX by ")
    assert reserved(store) == {(ONE, "TX", ""): 2}
    with store.reading() as books:
        old, new = books.reservations_of(record.order)
    assert (old.state, new.state) == (ReservationState.VOIDED, ReservationState.PENDING)
    assert new.expires_at == over + 76 * HOUR
    assert check_books(store, over + 4 * HOUR) == []


def test_an_order_released_after_all_is_left_alone(store):
    record = routed(store)
    at = Workplace(store, NETWORK, POLICY)
    run_due(at, NOW + 72 * HOUR)
    with store.transaction() as books:
        books.settle(ReservationId(f"{record.id}{RESERVATION}"), ReservationState.POSTED, NOW + 73 * HOUR)

    (done,) = run_due(at, NOW + 76 * HOUR)

    assert done.sentence.endswith("nothing is left to place: it was released or cancelled meanwhile")


def test_a_reservation_of_no_kept_order_gives_its_stock_back(store):
    put(store, {(ONE, "TX"): 5})
    held = ReservationLine(ONE, NodeId("TX"), Units(2))
    with store.transaction() as books:
        books.reserve(Reservation(ReservationId("r"), OrderId("elsewhere"), (held,), NOW, NOW + HOUR))

    (done,) = run_due(Workplace(store, NETWORK, POLICY), LATER)

    assert done.sentence == "reservation r ran out: its stock is free again"
    assert reserved(store) == {}
    assert told(store) == ["ReservationExpired"]


def test_a_late_run_executes_the_review_before_its_stock_runs_out(store):
    """Nobody ran anything for four days: the plan executes, and its order becomes a case; nothing is given back."""
    record = routed(store)
    with store.transaction() as books:
        open_review(books, record, ReservationId(f"{record.id}{RESERVATION}"), "dear")

    done = run_due(Workplace(store, NETWORK, POLICY), NOW + 96 * HOUR)

    assert [d.action for d in done] == ["execute", "ask"]
    assert reserved(store) == {(ONE, "TX", ""): 2}


def test_a_person_and_the_deadline_at_once_answer_once(store):
    record = routed(store)
    with store.transaction() as books:
        asked = open_review(books, record, ReservationId(f"{record.id}{RESERVATION}"), "dear")
    gate = threading.Barrier(2)

    def by_hand() -> object:
        gate.wait(timeout=30)
        return accept(store, asked.id, "Ana", LATER)

    def by_deadline() -> object:
        gate.wait(timeout=30)
        return run_due(Workplace(store, NETWORK, POLICY), LATER)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(by_hand), pool.submit(by_deadline)]:
            future.result()

    assert told(store).count("OrderReviewed") == 1
    assert kept(store, asked.id).state is CaseState.CLOSED
