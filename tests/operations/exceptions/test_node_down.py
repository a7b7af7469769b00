"""What waits at a node that is down goes elsewhere, the most urgent first; work cut short goes on; nothing is lost."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.operations.exceptions.shop import (
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

from evenstock.domain import CaseId, CaseState, NodeId, Refuse
from evenstock.operations.exceptions.answer import Handled
from evenstock.operations.exceptions.node_down import (
    NodeDown,
    NodeUp,
    leave_node,
    node_down,
    node_up,
    up_at_deadline,
)
from evenstock.operations.exceptions.questions import nodes_down
from evenstock.operations.ports import Store

UNTIL = LATER + timedelta(days=2)
FLOOD = NodeDown("D-1", TX, UNTIL, "the dock is under water", LATER)


def down(store: Store, report: NodeDown = FLOOD) -> Handled:
    answer = node_down(store, NETWORK, POLICY, report)
    assert isinstance(answer, Handled), answer
    return answer


def test_what_waits_there_goes_elsewhere_and_what_is_released_stays(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (ONE, NJ): 5})
    routed(store, order((ONE, 2)))
    released(store, order((ONE, 1), name="B-1"))

    answer = down(store)

    assert shelf(store, ONE, TX) == {"available": 4, "allocated": 1}
    assert shelf(store, ONE, NJ) == {"available": 3, "reserved": 2}
    (case,) = answer.waiting
    assert (case.about, case.at_deadline, answer.deadline) == ("node:TX", "node_up", UNTIL)
    assert not answer.needs_person
    with store.reading() as books:
        assert nodes_down(books, LATER) == {TX}
        assert nodes_down(books, UNTIL) == frozenset()
    assert whole(store)


def test_the_earliest_promise_gets_the_last_unit_and_then_the_dearest_order(store: Store) -> None:
    stocked(store, {(ONE, TX): 9, (ONE, NJ): 3})
    routed(store, order((ONE, 1), name="A-late", promised_days=9))
    routed(store, order((ONE, 1), name="B-soon", promised_days=7))
    routed(store, order((ONE, 2), name="C-dear", promised_days=9))

    answer = down(store)

    with store.reading() as books:
        where = {r.order: r.lines[0].node for r in books.pending()}
    # Three units in New Jersey: the soonest takes one, then the order of 50.00 takes two, and that of 25.00 waits in Texas.
    assert where == {"A-late": TX, "B-soon": NJ, "C-dear": NJ}
    (waits,) = (case for case in answer.waiting if case.about.startswith("order:"))
    assert (waits.about, waits.role) == ("order:A-late", "order desk")
    assert answer.needs_person
    assert whole(store)


def test_work_that_was_cut_short_goes_on_where_it_stopped(store: Store) -> None:
    stocked(store, {(ONE, TX): 9, (ONE, NJ): 9})
    for n in range(4):
        routed(store, order((ONE, 1), name=f"A-{n}"))
    first = node_down(store, NETWORK, POLICY, FLOOD, limit=2)
    assert isinstance(first, Handled)
    assert shelf(store, ONE, NJ)["reserved"] == 2
    (case,) = first.waiting
    assert (case.at_deadline, case.due_at) == ("leave_node", LATER)

    after = leave_node(store, NETWORK, POLICY, case, LATER)

    assert (after.at_deadline, after.due_at) == ("node_up", UNTIL)
    assert shelf(store, ONE, NJ)["reserved"] == 4
    assert told(store).count("OrderRerouted") == 4
    assert whole(store)


def test_the_same_report_twice_moves_nothing_and_a_second_one_moves_the_end(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (ONE, NJ): 5})
    routed(store, order((ONE, 2)))
    down(store)
    facts = told(store)

    assert down(store).repeated
    assert told(store) == facts
    longer = down(store, replace(FLOOD, id="D-2", until=UNTIL + timedelta(days=1)))
    assert longer.deadline == UNTIL + timedelta(days=1)
    with store.reading() as books:
        assert nodes_down(books, UNTIL) == {TX}


def test_a_planned_closure_begins_when_it_was_said_to(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (ONE, NJ): 5})
    routed(store, order((ONE, 2)))
    begins = LATER + timedelta(days=1)

    answer = down(store, replace(FLOOD, since=begins))

    (case,) = answer.cases
    assert (case.at_deadline, case.due_at) == ("leave_node", begins)
    assert shelf(store, ONE, TX)["reserved"] == 2
    leave_node(store, NETWORK, POLICY, case, begins)
    assert shelf(store, ONE, TX) == {"available": 5}


@pytest.mark.parametrize("early", [True, False])
def test_when_the_node_is_back_what_could_not_go_elsewhere_is_decided_again(store: Store, early: bool) -> None:
    stocked(store, {(ONE, TX): 5})
    routed(store, order((ONE, 2)))
    answer = down(store)
    assert answer.needs_person
    assert shelf(store, ONE, TX) == {"available": 3, "reserved": 2}

    if early:
        back = node_up(store, NETWORK, POLICY, NodeUp("U-1", TX, "Bob", LATER + timedelta(hours=2)))
        assert isinstance(back, Handled)
        assert back.state == "settled"
    else:
        with store.reading() as books:
            case = books.case(CaseId("D-1"))
        assert case is not None
        assert up_at_deadline(store, case, UNTIL).state is CaseState.CLOSED
        with store.reading() as books:
            (waits,) = books.cases(CaseState.OPEN)
        assert waits.due_at <= UNTIL
    assert told(store)[-1] == "NodeUp"
    assert shelf(store, ONE, TX) == {"available": 3, "reserved": 2}
    assert whole(store)


def test_what_cannot_be_right_is_refused(store: Store) -> None:
    nowhere = node_down(store, NETWORK, POLICY, replace(FLOOD, node=NodeId("ZZ")))
    assert nowhere == Refuse("ZZ is no node of this network; check its name")
    up = node_up(store, NETWORK, POLICY, NodeUp("U-1", TX, "Bob", NOW))
    assert up == Refuse("TX is not down; nothing is changed")
    with pytest.raises(ValueError, match="ends after it begins, and after now"):
        replace(FLOOD, until=NOW)
