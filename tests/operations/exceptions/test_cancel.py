"""Cancelled stock is free at once if nobody picks it, when the node says so if somebody does, and never twice."""

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
    TWO,
    TX,
    movements,
    order,
    released,
    routed,
    shelf,
    stocked,
    told,
    whole,
)

from evenstock.domain import CaseKind, CaseState, LineId, OrderId, Refuse
from evenstock.operations.exceptions.answer import Handled
from evenstock.operations.exceptions.cancel import CancelOrder, cancel_order
from evenstock.operations.exceptions.hold import HoldOrder, hold_order
from evenstock.operations.exceptions.short_pick import ShortPick, short_pick
from evenstock.operations.exceptions.stop import NodeStopped, node_stopped, not_confirmed
from evenstock.operations.ports import Store
from evenstock.operations.ship_order import ship_order
from evenstock.operations.standing import standing

WISH = CancelOrder("C-1", A1, "changed my mind", "customer", LATER)
STOPPED = NodeStopped("N-1", A1, TX, "shift lead", LATER + timedelta(hours=1))


def cancelled(store: Store, wish: CancelOrder = WISH) -> Handled:
    answer = cancel_order(store, NETWORK, POLICY, wish)
    assert isinstance(answer, Handled), answer
    return answer


def test_before_release_the_stock_is_free_at_once(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    routed(store, order((ONE, 2)))

    answer = cancelled(store)

    assert (answer.state, answer.sentence) == ("settled", "2 units of order A-1 cancelled")
    assert shelf(store, ONE, TX) == {"available": 5}
    assert told(store) == ["OrderRouted", "ReservationVoided", "OrderCancelled"]
    moved = movements(store)
    assert cancelled(store) == replace(answer, repeated=True)
    assert movements(store) == moved
    assert cancel_order(store, NETWORK, POLICY, replace(WISH, id="C-2")) == Refuse("order A-1 was cancelled before")
    assert whole(store)


def test_after_release_the_stock_is_free_when_the_node_says_so(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    released(store, order((ONE, 2)))

    answer = cancelled(store)

    assert (answer.state, answer.needs_person) == ("open", True)
    assert answer.deadline == LATER + timedelta(hours=4)
    assert answer.sentence == "2 units of order A-1 cancelled; TX is asked to stop 2 of them"
    assert shelf(store, ONE, TX) == {"available": 3, "allocated": 2}

    done = node_stopped(store, STOPPED)

    assert isinstance(done, Handled)
    assert done.state == "settled"
    assert shelf(store, ONE, TX) == {"available": 5}
    assert told(store)[-3:] == ["CancellationRequested", "StopRequested", "OrderCancelled"]
    again = node_stopped(store, STOPPED)
    assert again == replace(done, repeated=True)
    assert node_stopped(store, replace(STOPPED, id="N-2")) == Refuse(
        "TX was not asked to stop order A-1; nothing is changed"
    )
    assert whole(store)


def test_a_parcel_that_leaves_all_the_same_is_a_return_to_expect(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    made = released(store, order((ONE, 2)))
    (case,) = cancelled(store).cases

    ship_order(store, made, LATER + timedelta(hours=1))
    after = not_confirmed(store, case, case.due_at)

    assert after.resolution == "left before it was stopped: 2 units are a return to expect"
    assert told(store)[-2:] == ["OrderShipped", "ReturnExpected"]
    assert shelf(store, ONE, TX) == {"available": 3}
    assert whole(store)


def test_a_node_that_says_nothing_is_asked_again_and_then_rung_up(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    released(store, order((ONE, 2)))
    (case,) = cancelled(store).cases

    roles = []
    for _ in range(3):
        case = not_confirmed(store, case, case.due_at)
        roles.append(case.role)

    assert roles == ["TX", "TX", "order desk"]
    assert told(store).count("StopRequested") == 4
    assert case.due_at == LATER + timedelta(hours=16)
    assert shelf(store, ONE, TX) == {"available": 3, "allocated": 2}


def test_some_lines_go_and_the_rest_stays_set_aside(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (TWO, TX): 5})
    routed(store, order((ONE, 2), (TWO, 1)))

    answer = cancelled(store, replace(WISH, lines=(LineId("2"),)))

    assert answer.state == "settled"
    assert shelf(store, ONE, TX) == {"available": 3, "reserved": 2}
    assert shelf(store, TWO, TX) == {"available": 5}
    assert "OrderLinesCancelled" in told(store)
    with store.reading() as books:
        found = standing(books, A1)
    assert found is not None
    assert [line.sku for line in found.wanted] == [ONE]
    assert whole(store)


def test_a_line_that_is_being_picked_is_stopped_and_the_others_ship(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (TWO, TX): 5})
    made = released(store, order((ONE, 2), (TWO, 1)))
    cancelled(store, replace(WISH, lines=(LineId("2"),)))

    assert isinstance(node_stopped(store, STOPPED), Handled)

    assert ship_order(store, made, LATER) == 2
    assert (shelf(store, ONE, TX), shelf(store, TWO, TX)) == ({"available": 3}, {"available": 5})
    assert whole(store)


def test_what_a_short_pick_froze_is_not_given_back_by_a_stop(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    released(store, order((ONE, 3)))
    cancelled(store)
    short = short_pick(store, NETWORK, POLICY, ShortPick("S-1", A1, TX, ONE, 1, LATER))
    assert isinstance(short, Handled)

    assert isinstance(node_stopped(store, STOPPED), Handled)

    assert shelf(store, ONE, TX) == {"available": 2 + 1, "held": 2}
    assert whole(store)


def test_cancelling_answers_every_other_question_about_the_order(store: Store) -> None:
    stocked(store, {(ONE, TX): 3})
    released(store, order((ONE, 3)))
    short_pick(store, NETWORK, POLICY, ShortPick("S-1", A1, TX, ONE, 1, LATER))
    hold_order(store, NETWORK, POLICY, HoldOrder("F-1", A1, CaseKind.FRAUD, "card reported stolen", LATER))
    cancelled(store)

    with store.reading() as books:
        open_now = {(case.kind, case.about) for case in books.cases(CaseState.OPEN)}
    # The shelf is still to be counted, and Texas to say that it stopped.
    assert open_now == {(CaseKind.SHORT_PICK, "stock:SKU-001@TX"), (CaseKind.CANCELLATION, "order:A-1")}


def test_two_lines_of_the_same_item_share_what_is_released(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (ONE, NJ): 5})
    released(store, order((ONE, 2), (ONE, 2)))
    short_pick(store, NETWORK, POLICY, ShortPick("S-1", A1, TX, ONE, 2, LATER))
    assert shelf(store, ONE, NJ) == {"available": 3, "reserved": 2}

    answer = cancelled(store, replace(WISH, lines=(LineId("1"),)))

    # Two are wanted, two are being picked: nothing is stopped, and New Jersey keeps its own.
    assert answer.state == "settled"
    assert shelf(store, ONE, NJ) == {"available": 5}
    assert shelf(store, ONE, TX) == {"available": 1, "allocated": 2, "held": 2}
    assert whole(store)


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"order": OrderId("B-9")}, "no order B-9 was kept here"),
        ({"lines": (LineId("7"),)}, "has no line 7 left; its lines are 1, 2"),
        ({"lines": (LineId("1"),)}, "lines of one kit go together; cancel 2 too, or none of it"),
    ],
)
def test_what_cannot_be_cancelled_is_refused_and_changes_nothing(store: Store, change, because: str) -> None:
    stocked(store, {(ONE, TX): 5, (TWO, TX): 5})
    plain = order((ONE, 2), (TWO, 1))
    routed(store, replace(plain, lines=tuple(replace(line, kit="K") for line in plain.lines)))
    moved, facts = movements(store), told(store)

    answer = cancel_order(store, NETWORK, POLICY, replace(WISH, **change))

    assert isinstance(answer, Refuse)
    assert because in answer.because
    assert (movements(store), told(store)) == (moved, facts)


def test_an_order_that_has_left_is_a_return(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    ship_order(store, routed(store, order((ONE, 2))), NOW)

    assert cancel_order(store, NETWORK, POLICY, WISH) == Refuse("order A-1 has left already; expect a return instead")
