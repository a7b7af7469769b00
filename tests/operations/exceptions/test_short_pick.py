"""What a picker found ships; what is missing is frozen and counted; the rest of the order goes another way."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.operations.exceptions.shop import (
    A1,
    CA,
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
)  # fmt: skip

from evenstock.domain import CaseKind, CaseState, OrderId, Refuse, ReservationState
from evenstock.operations.exceptions.answer import Handled
from evenstock.operations.exceptions.count_shelf import ShelfCounted, count_shelf, nobody_counted
from evenstock.operations.exceptions.rerouting import follow
from evenstock.operations.exceptions.short_pick import ShortPick, short_pick
from evenstock.operations.ports import Store
from evenstock.operations.ship_order import ship_order


def report(store: Store, found: int, **changes: object) -> Handled:
    answer = short_pick(store, NETWORK, POLICY, replace(ShortPick("S-1", A1, TX, ONE, found, LATER), **changes))  # type: ignore[arg-type]
    assert isinstance(answer, Handled)
    return answer


def reserved_at(store: Store, name: str = "A-1") -> dict[str, int]:
    with store.reading() as books:
        lines = [
            line
            for r in books.reservations_of(OrderId(name))
            if r.state is ReservationState.PENDING
            for line in r.lines
        ]
    return {line.node: line.units for line in lines}


def test_the_units_found_stay_and_the_missing_ones_come_from_elsewhere(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (ONE, NJ): 5})
    released(store, order((ONE, 3)))

    answer = report(store, found=1)

    # Of three allocated units one was found: two are frozen, two others are set aside in New Jersey.
    assert shelf(store, ONE, TX) == {"available": 2, "allocated": 1, "held": 2}
    assert reserved_at(store) == {NJ: 2}
    again, count = answer.cases
    assert (again.state, count.state) == (CaseState.CLOSED, CaseState.OPEN)
    assert answer.deadline == LATER + timedelta(hours=24)
    assert answer.next_action == "count SKU-001 at TX; until then 2 units are frozen"
    assert answer.needs_person
    assert told(store) == ["OrderRouted", "ReservationPosted", "ShortPick", "CountRequested", "OrderRerouted"]
    assert whole(store)


def test_what_stayed_ships_and_the_missing_units_do_not(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (ONE, NJ): 5})
    held = released(store, order((ONE, 3)))
    report(store, found=1)

    assert ship_order(store, held, LATER) == 1
    assert ship_order(store, held, LATER + timedelta(hours=1)) == 0
    assert shelf(store, ONE, TX) == {"available": 2, "held": 2}
    assert whole(store)


def test_a_pick_nobody_told_us_of_counts_as_released(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (ONE, NJ): 5})
    routed(store, order((ONE, 3)))

    report(store, found=2)

    assert shelf(store, ONE, TX) == {"available": 2, "allocated": 2, "held": 1}
    assert reserved_at(store) == {NJ: 1}
    assert whole(store)


def test_the_same_report_twice_changes_nothing(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (ONE, NJ): 5})
    released(store, order((ONE, 3)))
    first = report(store, found=1)
    moved = movements(store)

    again = report(store, found=1, now=LATER + timedelta(hours=2))

    assert again == replace(first, repeated=True)
    assert movements(store) == moved
    other = short_pick(store, NETWORK, POLICY, ShortPick("S-1", A1, TX, ONE, 0, LATER))
    assert other == Refuse("report S-1 came before with other content; give each report its own id")


def test_a_second_short_pick_elsewhere_goes_to_a_third_node(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (ONE, NJ): 5, (ONE, CA): 5})
    released(store, order((ONE, 2)))
    report(store, found=0)
    (first,) = reserved_at(store)

    second = ShortPick("S-2", A1, first, ONE, 0, LATER)  # type: ignore[arg-type]
    assert isinstance(short_pick(store, NETWORK, POLICY, second), Handled)

    (third,) = reserved_at(store)
    assert {TX, first, third} == {TX, NJ, CA}
    assert whole(store)


def test_an_order_that_leaves_in_one_piece_gives_back_what_was_found(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (TWO, TX): 5, (ONE, NJ): 5, (TWO, NJ): 5})
    released(store, order((ONE, 2), (TWO, 1)))

    report(store, found=1, together=True)

    assert shelf(store, ONE, TX) == {"available": 4, "held": 1}
    assert shelf(store, TWO, TX) == {"available": 5}
    assert (shelf(store, ONE, NJ), shelf(store, TWO, NJ)) == (
        {"available": 3, "reserved": 2},
        {"available": 4, "reserved": 1},
    )
    assert whole(store)


def test_a_kit_that_lost_a_part_goes_back_whole(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (TWO, TX): 5, (ONE, NJ): 5, (TWO, NJ): 5})
    plain = order((ONE, 1), (TWO, 1))
    released(store, replace(plain, lines=tuple(replace(line, kit="K") for line in plain.lines)))

    report(store, found=0)

    assert (shelf(store, ONE, TX), shelf(store, TWO, TX)) == ({"available": 4, "held": 1}, {"available": 5})
    assert reserved_at(store) == {NJ: 1}
    assert whole(store)


def test_the_missing_units_are_of_the_last_lot(store: Store) -> None:
    stocked(store, {(ONE, TX): 2}, lot="A")
    stocked(store, {(ONE, TX): 2}, lot="B")
    released(store, order((ONE, 3)))
    report(store, found=2)

    with store.reading() as books:
        held = {b.lot: b.held for b in books.balances([ONE])}
    assert held == {"A": 0, "B": 1}
    assert whole(store)


def test_where_nobody_else_has_it_a_person_sees_what_it_costs_and_later_stock_ends_the_case(store: Store) -> None:
    stocked(store, {(ONE, TX): 3})
    released(store, order((ONE, 3)))

    answer = report(store, found=1)

    (case,) = (c for c in answer.cases if c.about == "order:A-1")
    assert (case.state, case.role) == (CaseState.OPEN, "order desk")
    assert case.due_at == LATER + timedelta(hours=4)
    # Two units at 25.00 are what the customer could have back.
    assert case.suggestion == "wait for stock until it is tried again, or cancel these units and refund 50.00"

    stocked(store, {(ONE, NJ): 2})
    after = follow(store, NETWORK, POLICY, case, case.due_at)
    assert after.state is CaseState.CLOSED
    assert reserved_at(store) == {NJ: 2}
    assert follow(store, NETWORK, POLICY, case, case.due_at).resolution == (
        "every unit is set aside at a node that can ship it"
    )
    assert whole(store)


def test_a_promise_that_breaks_ships_all_the_same_and_a_person_sees_the_other_ways(store: Store) -> None:
    stocked(store, {(ONE, TX): 1, (ONE, NJ): 1, (ONE, CA): 1})
    released(store, order((ONE, 1), promised_days=3))

    # Reported on the evening of the promised day: whatever goes now comes late.
    answer = report(store, found=0, now=NOW + timedelta(days=3, hours=8))

    (case,) = (c for c in answer.cases if c.about == "order:A-1")
    assert (case.state, case.at_deadline, case.role) == (CaseState.OPEN, "accept_plan", "order desk")
    assert case.because.startswith("routed again, and gave up promise")
    assert case.suggestion.startswith("keep ")
    assert "; instead: " in case.suggestion
    assert sum(reserved_at(store).values()) == 1


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"order": OrderId("B-9")}, "no order B-9 was kept here"),
        ({"node": NJ}, "its SKU-001 is picked elsewhere (TX); nothing of it is at NJ"),
        ({"sku": TWO}, "has no SKU-002 to pick at TX"),
        ({"found": 3}, "A-1 wants 3 SKU-001 at TX; 3 found is no short pick"),
    ],
)
def test_what_cannot_be_right_is_refused_and_changes_nothing(store: Store, changes, because: str) -> None:
    stocked(store, {(ONE, TX): 5})
    released(store, order((ONE, 3)))
    moved, facts = movements(store), told(store)

    answer = short_pick(store, NETWORK, POLICY, replace(ShortPick("S-1", A1, TX, ONE, 1, LATER), **changes))

    assert isinstance(answer, Refuse)
    assert because in answer.because
    assert (movements(store), told(store)) == (moved, facts)


def test_a_report_after_the_parcel_left_is_refused(store: Store) -> None:
    stocked(store, {(ONE, TX): 5})
    ship_order(store, released(store, order((ONE, 3))), NOW)

    answer = short_pick(store, NETWORK, POLICY, ShortPick("S-1", A1, TX, ONE, 1, LATER))

    assert isinstance(answer, Refuse)
    assert "has left already (TX)" in answer.because


@pytest.mark.parametrize(
    ("counted", "then"), [(3, {"available": 2, "allocated": 1}), (5, {"available": 4, "allocated": 1})]
)
def test_a_count_frees_what_was_frozen_and_sets_the_books_right(store: Store, counted: int, then) -> None:
    stocked(store, {(ONE, TX): 5, (ONE, NJ): 5})
    released(store, order((ONE, 3)))
    report(store, found=1)

    # On the shelf: the one unit that was found, and what the counter finds beside it.
    done = count_shelf(store, ShelfCounted("C-1", TX, ONE, counted, "Ann", LATER + timedelta(hours=1)))

    assert isinstance(done, Handled)
    assert done.state == "settled"
    assert shelf(store, ONE, TX) == then
    assert whole(store)
    again = count_shelf(store, ShelfCounted("C-1", TX, ONE, counted, "Ann", LATER + timedelta(hours=1)))
    assert isinstance(again, Handled)
    assert again.repeated
    refused = count_shelf(store, ShelfCounted("C-2", NJ, ONE, 1, "Ann", LATER))
    assert refused == Refuse("nobody asked for a count of SKU-001 at NJ; import it as a count instead")


def test_a_shelf_that_nobody_counts_is_asked_for_three_times_and_then_written_off(store: Store) -> None:
    stocked(store, {(ONE, TX): 5, (ONE, NJ): 5})
    released(store, order((ONE, 3)))
    (case,) = (c for c in report(store, found=1).cases if c.about.startswith("stock:"))

    for asked in (2, 3):
        case = nobody_counted(store, case, case.due_at)
        assert (case.state, case.fact("asked")) == (CaseState.OPEN, str(asked))
    case = nobody_counted(store, case, case.due_at)

    assert case.resolution == "asked 3 times and never counted: 2 units written off as lost"
    assert case.opened_at + timedelta(days=3) == case.closed_at
    assert shelf(store, ONE, TX) == {"available": 2, "allocated": 1}
    assert told(store)[-3:] == ["CountRequested", "CountRequested", "StockWrittenOff"]
    assert whole(store)
    with store.reading() as books:
        assert books.cases(CaseState.OPEN, CaseKind.SHORT_PICK) == []
