"""An order that nobody picks yet may be decided again: its stock moves in one transaction, or stays where it was."""

from datetime import timedelta

import pytest
from tests.operations.test_route_order import NETWORK, ONE, POLICY, put, reserved, store, told  # noqa: F401
from tests.routing.brand import NOW, order

from evenstock.domain import NodeId, Outcome
from evenstock.operations.check_books import check_books
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.ports import ConflictError
from evenstock.operations.reroute import Reroute, reroute
from evenstock.operations.reservations import post_reservation
from evenstock.operations.route_order import route_order

LATER = NOW + timedelta(hours=1)


def routed(store, units: int = 2):  # noqa: F811
    return route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, units)), NOW)).record


def test_a_node_that_is_down_is_left_and_its_stock_is_free_again(store):  # noqa: F811
    put(store, {(ONE, "TX"): 5, (ONE, "NJ"): 5})
    first = routed(store)
    assert reserved(store) == {(ONE, "TX", ""): 2}

    again = reroute(
        store, NETWORK, POLICY, Reroute(first.order, LATER, "TX is down", without_nodes=frozenset({NodeId("TX")}))
    ).record

    assert again.outcome is Outcome.EXECUTED
    assert reserved(store) == {(ONE, "NJ", ""): 2}
    assert told(store)[-1] == "OrderRerouted"
    assert any(b.node == "TX" and b.because.endswith("TX is down") for b in again.barred)
    with store.transaction() as books:
        assert books.decision_of(first.order) == again.canonical()
    assert check_books(store, LATER) == []


def test_the_order_keeps_its_stock_where_nothing_else_serves_it(store):  # noqa: F811
    put(store, {(ONE, "TX"): 5})
    first = routed(store)

    again = reroute(
        store, NETWORK, POLICY, Reroute(first.order, LATER, "TX is down", without_nodes=frozenset({NodeId("TX")}))
    ).record

    assert again.outcome is Outcome.UNSERVED
    assert reserved(store) == {(ONE, "TX", ""): 2}
    assert told(store)[-1] == "OrderNotRerouted"


def test_its_own_stock_counts_as_free_when_it_is_decided_again(store):  # noqa: F811
    put(store, {(ONE, "TX"): 2})
    first = routed(store)

    again = reroute(store, NETWORK, POLICY, Reroute(first.order, LATER, "prices changed"))

    assert again.record.outcome is Outcome.EXECUTED
    assert reserved(store) == {(ONE, "TX", ""): 2}


def test_nothing_moves_for_a_saving_below_the_switch_cost(store):  # noqa: F811
    put(store, {(ONE, "TX"): 0, (ONE, "NJ"): 5})
    first = routed(store)
    put(store, {(ONE, "TX"): 5})

    dear = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), LATER, shadow=True)).record
    saving = first.choice.cents - dear.choice.cents
    assert saving > 0
    stays = reroute(store, NETWORK, POLICY, Reroute(first.order, LATER, "again", only_if_saves_cents=saving + 1))
    assert stays.repeated
    assert reserved(store) == {(ONE, "NJ", ""): 2}

    moves = reroute(store, NETWORK, POLICY, Reroute(first.order, LATER, "again", only_if_saves_cents=saving))
    assert not moves.repeated
    assert reserved(store) == {(ONE, "TX", ""): 2}


def test_what_a_node_is_picking_stays(store):  # noqa: F811
    put(store, {(ONE, "TX"): 5, (ONE, "NJ"): 5})
    first = routed(store)
    with store.transaction() as books:
        (kept,) = books.reservations_of(first.order)
    post_reservation(store, kept.id, LATER)

    again = reroute(store, NETWORK, POLICY, Reroute(first.order, LATER, "again"))

    assert again.repeated
    assert again.record.canonical() == first.canonical()


def test_the_same_wish_twice_changes_nothing(store):  # noqa: F811
    put(store, {(ONE, "TX"): 5, (ONE, "NJ"): 5})
    first = routed(store)
    wish = Reroute(first.order, LATER, "TX is down", without_nodes=frozenset({NodeId("TX")}))

    one, two = (reroute(store, NETWORK, POLICY, wish) for _ in range(2))

    assert two.record.choice == one.record.choice
    assert reserved(store) == {(ONE, "NJ", ""): 2}


def test_an_order_nobody_knows_is_a_conflict(store):  # noqa: F811
    with pytest.raises(ConflictError, match="there is no order A-404"):
        reroute(store, NETWORK, POLICY, Reroute("A-404", LATER, "?"))
