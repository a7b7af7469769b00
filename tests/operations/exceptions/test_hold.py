"""An order that is held keeps its stock, is not released, and goes on or is cancelled: never neither."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.operations.exceptions.shop import (
    A1,
    LATER,
    NETWORK,
    NJ,
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

from evenstock.domain import CaseKind, CaseState, OrderId, Refuse, ReservationState
from evenstock.operations.exceptions.answer import Handled
from evenstock.operations.exceptions.cancel import CancelOrder, cancel_at_deadline, cancel_order
from evenstock.operations.exceptions.hold import (
    RELEASE,
    HoldOrder,
    ReleaseHold,
    hold_order,
    release_at_deadline,
    release_hold,
)
from evenstock.operations.exceptions.rerouting import follow_now
from evenstock.operations.ports import ConflictError, Store
from evenstock.operations.reservations import expire_reservations, post_reservation
from evenstock.operations.ship_order import ship_order

FRAUD = HoldOrder("F-1", A1, CaseKind.FRAUD, "card reported stolen", LATER)
CLEAR = ReleaseHold("F-2", A1, CaseKind.FRAUD, "Ann", "the bank called back", LATER + timedelta(hours=2))


def held(store: Store, report: HoldOrder = FRAUD) -> Handled:
    answer = hold_order(store, NETWORK, POLICY, report)
    assert isinstance(answer, Handled)
    return answer


def test_a_held_order_is_not_released_and_its_stock_outlives_its_reservation(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    made = routed(store, order((ONE, 2)))
    long = replace(FRAUD, within=timedelta(days=6))
    answer = held(store, long)

    assert (answer.state, answer.needs_person) == ("open", True)
    assert answer.deadline == LATER + timedelta(days=6)
    with pytest.raises(ConflictError, match="order A-1 is held"):
        post_reservation(store, made, LATER)
    # A reservation lasts 72 hours; this one is asked about for longer.
    assert expire_reservations(store, NOW + timedelta(hours=80), limit=1) == []
    assert shelf(store, ONE, TX) == {"available": 3, "reserved": 2}
    assert whole(store)


def test_goods_of_a_held_order_do_not_leave_before_it_is_released(store: Store) -> None:
    """Nobody gets round the hold by saying that they left; after it they leave, and everybody is told that they were picked."""
    stocked(store, {(ONE, TX): 5})
    made = routed(store, order((ONE, 2)))
    held(store)

    with pytest.raises(ConflictError, match=r"order A-1 is held \(card reported stolen\); release it first"):
        ship_order(store, made, LATER)
    assert shelf(store, ONE, TX) == {"available": 3, "reserved": 2}
    assert not {"ReservationPosted", "OrderShipped"} & set(told(store))

    assert isinstance(release_hold(store, NETWORK, POLICY, CLEAR), Handled)
    assert ship_order(store, made, CLEAR.now) == 2
    assert [kind for kind in told(store) if kind in {"ReservationPosted", "OrderShipped"}] == [
        "ReservationPosted",
        "OrderShipped",
    ]
    assert whole(store)


def test_what_was_picked_before_the_hold_is_a_fact_when_it_leaves(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    made = released(store, order((ONE, 2)))
    held(store)

    assert ship_order(store, made, LATER) == 2


def test_reservations_that_are_kept_do_not_use_up_the_sweep(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    routed(store, order((ONE, 2)))
    other = routed(store, order((ONE, 1), name="B-1"))
    held(store, replace(FRAUD, within=timedelta(days=6)))

    assert expire_reservations(store, NOW + timedelta(hours=80), limit=1) == [other]


def test_nobody_answers_and_the_stock_comes_back(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    routed(store, order((ONE, 2)))
    (case,) = held(store).cases
    assert case.at_deadline == "cancel_order"

    after = cancel_at_deadline(store, NETWORK, POLICY, case, case.due_at)
    again = cancel_at_deadline(store, NETWORK, POLICY, case, case.due_at)

    assert (after.state, after.closed_by) == (CaseState.CLOSED, "deadline")
    assert after.resolution == again.resolution == "2 units of order A-1 cancelled"
    assert shelf(store, ONE, TX) == {"available": 5}
    assert told(store)[-2:] == ["ReservationVoided", "OrderCancelled"]
    assert whole(store)


def test_a_hold_that_ends_soon_changes_nothing_but_the_question(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    made = routed(store, order((ONE, 2)))
    held(store)

    answer = release_hold(store, NETWORK, POLICY, CLEAR)

    assert isinstance(answer, Handled)
    assert answer.state == "settled"
    assert post_reservation(store, made, LATER)
    assert told(store) == ["OrderRouted", "OrderHeld", "HoldReleased", "ReservationPosted"]


def test_after_a_long_hold_the_order_is_decided_again_for_a_new_reservation(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    first = routed(store, order((ONE, 2)))
    held(store, replace(FRAUD, within=timedelta(days=6)))

    answer = release_hold(store, NETWORK, POLICY, replace(CLEAR, now=NOW + timedelta(days=4)))

    assert isinstance(answer, Handled)
    assert answer.state == "settled"
    with store.reading() as books:
        old, new = sorted(books.reservations_of(A1), key=lambda r: r.made_at)
    assert (old.id, old.state, new.state) == (first, ReservationState.VOIDED, ReservationState.PENDING)
    assert new.expires_at == NOW + timedelta(days=4 + 3)
    assert shelf(store, ONE, TX) == {"available": 3, "reserved": 2}
    assert whole(store)


def test_an_address_may_go_by_itself_where_silence_is_consent(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    routed(store, order((ONE, 2)))
    (case,) = held(store, HoldOrder("H-1", A1, CaseKind.ADDRESS, "no such street", LATER, at_deadline=RELEASE)).cases

    after = release_at_deadline(store, NETWORK, case, case.due_at)

    assert after.resolution == "released: nobody objected in time"
    with store.reading() as books:
        (again,) = books.cases(CaseState.OPEN)
    # Friday's ship day has passed by Sunday: it is decided again.
    assert (again.at_deadline, again.about) == ("reroute", "order:A-1")
    follow_now(store, NETWORK, POLICY, [again.id], case.due_at)
    assert shelf(store, ONE, TX) == {"available": 3, "reserved": 2}
    assert whole(store)


def test_while_it_is_held_nothing_else_moves_it(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (ONE, NJ): 5})
    made = released(store, order((ONE, 2)))
    held(store)
    from evenstock.operations.exceptions.short_pick import ShortPick, short_pick

    answer = short_pick(store, NETWORK, POLICY, ShortPick("S-1", A1, TX, ONE, 1, LATER))

    assert isinstance(answer, Handled)
    (waits,) = (c for c in answer.cases if c.about == "order:A-1")
    # What is missing is placed when the hold ends, not before.
    assert (waits.state, waits.due_at) == (CaseState.OPEN, LATER + timedelta(hours=48))
    assert shelf(store, ONE, NJ) == {"available": 5}
    # A parcel that leaves all the same has left: a fact is not refused.
    assert ship_order(store, made, LATER) == 1
    assert whole(store)


def test_the_same_report_twice_is_one_hold_and_another_is_refused(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    routed(store, order((ONE, 2)))
    first = held(store)

    assert held(store) == replace(first, repeated=True)
    other = hold_order(store, NETWORK, POLICY, replace(FRAUD, id="F-9"))
    assert isinstance(other, Refuse)
    assert "is held already (card reported stolen)" in other.because


@pytest.mark.parametrize("deed", ["unknown", "shipped", "cancelled"])
def test_what_cannot_be_held_is_refused(store: Store, deed: str) -> None:
    stocked(store, {(ONE, TX): 5})
    made = routed(store, order((ONE, 2)))
    if deed == "shipped":
        ship_order(store, made, NOW)
    if deed == "cancelled":
        cancel_order(store, NETWORK, POLICY, CancelOrder("C-1", A1, "changed my mind", "customer", NOW))
    who = OrderId("B-9") if deed == "unknown" else A1

    answer = hold_order(store, NETWORK, POLICY, replace(FRAUD, order=who))

    assert isinstance(answer, Refuse)
    assert {"unknown": "no order B-9", "shipped": "has left already", "cancelled": "was cancelled"}[
        deed
    ] in answer.because
    assert isinstance(release_hold(store, NETWORK, POLICY, CLEAR), Refuse)
