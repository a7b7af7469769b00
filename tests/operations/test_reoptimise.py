"""Orders that wait are given second thoughts: moved where that saves more than a switch costs, and not to and fro."""

from datetime import timedelta

import pytest
from tests.operations.exceptions.shop import (
    A1,
    NETWORK,
    NJ,
    NOW,
    ONE,
    POLICY,
    TX,
    compiled,
    network,
    order,
    released,
    routed,
    shelf,
    stocked,
    told,
    whole,
)

from evenstock.domain import CaseKind, Cents, NodeId, OrderId, Price
from evenstock.operations.exceptions.hold import HoldOrder, hold_order
from evenstock.operations.exceptions.node_down import NodeDown, node_down
from evenstock.operations.ports import Store
from evenstock.operations.reoptimise import Reoptimised, reoptimise
from evenstock.operations.route_order import RouteOrder, route_order
from evenstock.storage import open_store

SOON = NOW + timedelta(hours=1)


@pytest.fixture
def store():
    opened = open_store("memory:")
    stocked(opened, {(ONE, TX): 9, (ONE, NJ): 9})
    yield opened
    opened.close()


def priced(store: Store, cents: int, node: NodeId = TX, at=NOW) -> None:
    """A unit at the node is worth so much from now on."""
    with store.transaction() as books:
        books.put_prices([Price(ONE, node, at, "repricing", Cents(cents))])


def again(store: Store, at=SOON, **changes) -> Reoptimised:
    return reoptimise(store, NETWORK, POLICY, at, **changes)


def where(store: Store, name: str = "A-1") -> list[str]:
    with store.reading() as books:
        return [line.node for r in books.pending() if r.order == name for line in r.lines]


def worth_of_texas(store: Store) -> int:
    """Cents by which New Jersey is dearer than Texas for one unit: what a price there must exceed."""
    for cents in range(0, 3_000, 5):
        trial = open_store("memory:")
        stocked(trial, {(ONE, TX): 9, (ONE, NJ): 9})
        priced(trial, cents)
        routed(trial, order((ONE, 1)))
        if where(trial) == [NJ]:
            return cents
    raise AssertionError


def test_without_news_nothing_moves(store: Store) -> None:
    routed(store, order((ONE, 1)))

    assert again(store) == Reoptimised((), looked_at=1, left_out=0, beyond_limit=0)
    assert where(store) == [TX]
    assert told(store) == ["OrderRouted"]


def test_an_order_moves_only_where_it_saves_more_than_a_switch_costs(store: Store) -> None:
    routed(store, order((ONE, 1)))
    even = worth_of_texas(store)

    priced(store, even + NETWORK.costs.switch_cents - 10)
    assert again(store).swaps == ()
    priced(store, even + NETWORK.costs.switch_cents + 10, at=NOW + timedelta(minutes=1))
    moved = again(store)

    (swap,) = moved.swaps
    assert swap.order == A1
    # Cheaper by the price of the unit in Texas, less what New Jersey is dearer: between 25 and 25 + 15 cents.
    assert NETWORK.costs.switch_cents <= swap.saves_cents <= NETWORK.costs.switch_cents + 15
    assert moved.saved_cents == swap.saves_cents
    assert where(store) == [NJ]
    assert shelf(store, ONE, TX) == {"available": 9}
    assert whole(store)


def test_what_was_moved_stays_for_a_while_although_prices_swing_back(store: Store) -> None:
    routed(store, order((ONE, 1)))
    priced(store, 3_000)
    assert len(again(store).swaps) == 1
    priced(store, 0, at=NOW + timedelta(minutes=1))
    priced(store, 3_000, NJ, at=NOW + timedelta(minutes=1))

    two_hours = timedelta(hours=2)
    soon = again(store, SOON + timedelta(hours=1), at_most_every=two_hours)
    assert (soon.swaps, soon.looked_at, soon.left_out) == ((), 0, 1)
    later = again(store, SOON + timedelta(hours=2), at_most_every=two_hours)
    assert len(later.swaps) == 1
    assert where(store) == [TX]


def test_past_its_cut_off_an_order_may_be_picked_already_and_stays(store: Store) -> None:
    routed(store, order((ONE, 1)))
    priced(store, 3_000)

    # Texas cuts off at 14:00 of its clock, which is 20:00 UTC.
    evening = NOW.replace(hour=20, minute=1)
    late = again(store, evening)
    assert (late.swaps, late.looked_at, late.left_out) == ((), 0, 1)
    assert len(again(store, evening - timedelta(minutes=2)).swaps) == 1


def test_asked_again_at_once_nothing_moves(store: Store) -> None:
    for n in range(3):
        routed(store, order((ONE, 1), name=f"A-{n}"))
    priced(store, 3_000)
    assert len(again(store).swaps) == 3
    facts = told(store)

    assert again(store, at_most_every=timedelta()).swaps == ()
    assert told(store) == facts
    assert whole(store)


def test_released_and_questioned_orders_are_never_touched(store: Store) -> None:
    released(store, order((ONE, 1), name="A-released"))
    routed(store, order((ONE, 1), name="B-held"))
    hold_order(store, NETWORK, POLICY, HoldOrder("F", OrderId("B-held"), CaseKind.FRAUD, "stolen card", NOW))
    priced(store, 3_000)

    assert again(store) == Reoptimised((), looked_at=0, left_out=1, beyond_limit=0)
    assert shelf(store, ONE, TX) == {"available": 7, "reserved": 1, "allocated": 1}


def test_the_earliest_promise_is_looked_at_first_and_the_rest_waits_for_the_next_round(store: Store) -> None:
    for name, days in (("A-late", 12), ("B-soon", 8), ("C-none", None)):
        routed(store, order((ONE, 1), name=name, promised_days=days))
    priced(store, 3_000)

    first = again(store, limit=1)

    assert [swap.order for swap in first.swaps] == ["B-soon"]
    assert (first.looked_at, first.beyond_limit) == (1, 2)
    assert [swap.order for swap in again(store).swaps] == ["A-late", "C-none"]


def test_nothing_moves_to_a_node_that_is_down(store: Store) -> None:
    routed(store, order((ONE, 1)))
    node_down(store, NETWORK, POLICY, NodeDown("D", NJ, SOON + timedelta(days=1), "fire drill", NOW))
    priced(store, 3_000)

    assert again(store).swaps == ()
    assert where(store) == [TX]


def test_a_promise_is_not_broken_to_save(store: Store) -> None:
    by_road = network(services=frozenset({"ups:ground", "usps:advantage"}))
    rules = compiled(by_road)
    # In six days ground from Texas is certain, from New Jersey it comes in 81 of 100 cases; 90 are wanted.
    for wanted in (order((ONE, 1), name="A-soon", promised_days=6), order((ONE, 1), name="B-any")):
        route_order(store, by_road, rules, RouteOrder(wanted, NOW))
    priced(store, 5_000)

    moved = reoptimise(store, by_road, rules, SOON)

    # A unit in Texas is worth 50.00 now: only the order that was promised nothing leaves it.
    assert [swap.order for swap in moved.swaps] == ["B-any"]
    assert (where(store, "A-soon"), where(store, "B-any")) == ([TX], [NJ])
