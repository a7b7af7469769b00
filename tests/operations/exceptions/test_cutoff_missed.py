"""An order nobody released in time leaves a day later, and elsewhere only where that saves more than a switch costs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.operations.exceptions.shop import (
    A1,
    LATER,
    NETWORK,
    NOW,
    ONE,
    POLICY,
    TX,
    order,
    released,
    routed,
    shelf,
    stocked,
    told,
    whole,
)

from evenstock.domain import OrderId, Refuse
from evenstock.operations.exceptions.answer import Handled
from evenstock.operations.exceptions.cutoff_missed import CutoffMissed, cutoff_missed, sweep_cutoffs
from evenstock.operations.ports import Store

CLOSED = datetime(2026, 11, 20, 20, 30, tzinfo=UTC)
"""14:30 in Texas, half an hour after the cut-off."""
MISSED = CutoffMissed("K-1", A1, CLOSED)


def test_the_order_says_how_much_later_it_comes_and_stays_where_nothing_saves(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    routed(store, order((ONE, 2), promised_days=7))

    answer = cutoff_missed(store, NETWORK, POLICY, MISSED)

    assert isinstance(answer, Handled)
    assert answer.sentence.startswith("order A-1 missed the cut-off at TX of 2026-11-20: P(late) ")
    assert answer.state == "settled"
    assert answer.cases[0].resolution == "stays as it is: no other way saves 25 cents"
    with store.transaction() as books:
        (fact,) = (e.body for e in books.outbox(100) if e.kind == "CutoffMissed")
    assert fact["ship_on"] == "2026-11-23"
    assert fact["late_after_millionths"] > fact["late_before_millionths"]
    assert shelf(store, ONE, TX) == {"available": 3, "reserved": 2}
    assert cutoff_missed(store, NETWORK, POLICY, MISSED) == replace(answer, repeated=True)
    assert whole(store)


def test_where_the_promise_can_no_longer_be_kept_a_person_is_told(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    routed(store, order((ONE, 2), promised_days=4))

    answer = cutoff_missed(store, NETWORK, POLICY, MISSED)

    assert isinstance(answer, Handled)
    (case,) = answer.waiting
    assert (case.at_deadline, case.role, case.due_at) == ("accept_plan", "order desk", CLOSED + timedelta(hours=4))
    assert case.because.startswith("routed again, and gave up promise")
    assert shelf(store, ONE, TX) == {"available": 3, "reserved": 2}
    assert whole(store)


def test_a_node_further_west_still_makes_its_cut_off_and_takes_over_where_that_saves(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (ONE, "CA"): 5})
    routed(store, order((ONE, 1), promised_days=5))
    assert shelf(store, ONE, TX)["reserved"] == 1

    # 12:30 in Los Angeles: California still ships on Friday, Texas on Monday.
    answer = cutoff_missed(store, NETWORK, POLICY, MISSED)

    assert isinstance(answer, Handled)
    late_at = {node: shelf(store, ONE, node).get("reserved", 0) for node in (TX, "CA")}
    moved = answer.cases[0].resolution.startswith("routed again")
    assert late_at == ({TX: 0, "CA": 1} if moved else {TX: 1, "CA": 0})
    assert moved == ("OrderRerouted" in told(store))
    assert whole(store)


def test_what_missed_nothing_is_refused(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    routed(store, order((ONE, 1)))
    released(store, order((ONE, 1), name="B-1"))

    early = cutoff_missed(store, NETWORK, POLICY, replace(MISSED, now=LATER))
    assert early == Refuse("order A-1 has missed no cut-off yet: it leaves TX on 2026-11-20")
    gone = cutoff_missed(store, NETWORK, POLICY, replace(MISSED, order=OrderId("B-1")))
    assert gone == Refuse("order B-1 has nothing that waits to be released")
    assert isinstance(cutoff_missed(store, NETWORK, POLICY, replace(MISSED, order=OrderId("Z"))), Refuse)


def test_the_sweep_finds_each_order_once_for_each_day_it_should_have_left(store: Store) -> None:
    stocked(store, {(ONE, TX): 9})
    routed(store, order((ONE, 1)))
    routed(store, order((ONE, 1), name="B-1"))
    released(store, order((ONE, 1), name="C-1"))

    assert sweep_cutoffs(store, NETWORK, POLICY, NOW) == []
    found = sweep_cutoffs(store, NETWORK, POLICY, CLOSED)

    assert [answer.report for answer in found] == ["cutoff:A-1:2026-11-20", "cutoff:B-1:2026-11-20"]
    assert sweep_cutoffs(store, NETWORK, POLICY, CLOSED + timedelta(hours=1)) == []
