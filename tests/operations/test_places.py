"""Places in the days of nodes and services: no ceiling is broken, and a full one costs a day or a dollar, not the order."""

from datetime import timedelta

from tests.operations.test_route_order import ONE, put, store  # noqa: F401
from tests.routing.brand import NOW, capped, compiled, order

from evenstock.domain import NodeId, Outcome, Sku, Units
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.places import places_of
from evenstock.operations.ports import Short, Slot, Store
from evenstock.operations.reroute import Reroute, reroute
from evenstock.operations.route_order import route_many, route_order

GROUND = "ups:ground"
TWO = Sku("SKU-002")
FRIDAY = NOW.date()
MONDAY, TUESDAY = FRIDAY + timedelta(days=3), FRIDAY + timedelta(days=4)


def only_ground(most: int, **changes):
    """Nothing but one service, with a ceiling."""
    return capped({GROUND: most}, services=frozenset({GROUND}), **changes)


def ways(routed):
    return [
        (s.candidate.node, s.candidate.service, s.candidate.ship_on)
        for r in routed
        if r.record.choice
        for s in r.record.choice.shipments
    ]


def test_a_services_day_has_no_more_places_than_its_ceiling(store):  # noqa: F811
    one_a_day = only_ground(1)
    put(store, {(ONE, "TX"): 9})
    routed = route_many(store, one_a_day, compiled(one_a_day), [order((ONE, 1), name=f"A-{n}") for n in range(3)], NOW)

    assert ways(routed) == [("TX", GROUND, day) for day in (FRIDAY, MONDAY, TUESDAY)]
    with store.transaction() as books:
        assert books.slots_taken([FRIDAY, MONDAY]) == {(NodeId(GROUND), day): 1 for day in (FRIDAY, MONDAY)}


def test_the_ceiling_counts_what_all_nodes_hand_over(store):  # noqa: F811
    two_a_day = only_ground(2)
    put(store, {(ONE, "TX"): 1, (ONE, "NJ"): 1, (ONE, "CA"): 1})
    routed = route_many(store, two_a_day, compiled(two_a_day), [order((ONE, 1), name=f"A-{n}") for n in range(3)], NOW)

    assert len({node for node, _, _ in ways(routed)}) == 3
    assert [day for _, _, day in ways(routed)] == [FRIDAY, FRIDAY, MONDAY]


def test_a_service_that_is_never_free_is_named_and_the_order_goes_by_another(store):  # noqa: F811
    none = capped({GROUND: 0})
    put(store, {(ONE, "TX"): 9})
    record = route_order(store, none, compiled(none), RouteOrder(order((ONE, 1)), NOW)).record

    assert record.choice is not None
    assert GROUND not in {s.candidate.service for s in record.choice.shipments}
    said = [b for b in record.barred if b.rule == "ceiling"]
    assert said
    assert (
        said[0].because
        == f"{GROUND} takes over no more shipments on {FRIDAY}: its ceiling, or its carrier's, is reached"
    )


def test_two_shipments_of_one_order_do_not_share_the_last_place(store):  # noqa: F811
    # Each node has one of the two items: the order needs two shipments, and Friday takes one.
    one_a_day = only_ground(1)
    put(store, {(ONE, "TX"): 1, (TWO, "NJ"): 1})
    routed = route_order(store, one_a_day, compiled(one_a_day), RouteOrder(order((ONE, 1), (TWO, 1)), NOW))

    assert routed.record.outcome is Outcome.EXECUTED
    assert sorted(day for _, _, day in ways([routed])) == [FRIDAY, MONDAY]
    assert any(b.rule == "places" for b in routed.record.barred)


def test_a_place_is_counted_for_node_and_service(store):  # noqa: F811
    both = capped({GROUND: 7}, services=frozenset({GROUND}), orders_per_day=5)
    put(store, {(ONE, "TX"): 9})
    record = route_order(store, both, compiled(both), RouteOrder(order((ONE, 1)), NOW)).record

    assert record.choice is not None
    assert places_of(both, record.choice) == [Slot(NodeId("TX"), FRIDAY, 5), Slot(NodeId(GROUND), FRIDAY, 7)]


def test_an_order_decided_again_counts_its_own_place_as_free(store):  # noqa: F811
    one_a_day = only_ground(1)
    policy = compiled(one_a_day)
    put(store, {(ONE, "TX"): 5, (ONE, "NJ"): 5})
    first = route_order(store, one_a_day, policy, RouteOrder(order((ONE, 1)), NOW)).record
    again = reroute(
        store, one_a_day, policy, Reroute(first.order, NOW, "TX is down", without_nodes=frozenset({NodeId("TX")}))
    )

    assert ways([again]) == [("NJ", GROUND, FRIDAY)]
    with store.transaction() as books:
        assert books.slots_taken([FRIDAY, MONDAY]) == {(NodeId(GROUND), FRIDAY): 1}


class Faster:
    """A store in which others take the last place of Friday by ground between our look and our reservation."""

    def __init__(self, store: Store) -> None:  # noqa: F811
        self.store = store

    def transaction(self):
        return Raced(self.store.transaction())


class Raced:
    def __init__(self, inner) -> None:
        self.inner = inner

    def __enter__(self):
        self.books = self.inner.__enter__()
        return self

    def __exit__(self, *said):
        return self.inner.__exit__(*said)

    def __getattr__(self, name):
        return getattr(self.books, name)

    def reserve(self, reservation, slots=(), **how):
        if (GROUND, FRIDAY) in {(slot.node, slot.day) for slot in slots}:
            return Short(Sku(""), NodeId(GROUND), Units(1), f"{GROUND}: the ceiling of 1 for {FRIDAY} is reached")
        return self.books.reserve(reservation, slots, **how)


def test_who_loses_the_last_place_ships_on_the_next_day_and_says_so(store):  # noqa: F811
    one_a_day = only_ground(1)
    put(store, {(ONE, "TX"): 5})
    faster = Faster(store)
    record = route_order(faster, one_a_day, compiled(one_a_day), RouteOrder(order((ONE, 1)), NOW)).record  # type: ignore[arg-type]

    assert record.outcome is Outcome.EXECUTED
    assert record.choice is not None
    assert record.choice.shipments[0].candidate.ship_on == MONDAY
    assert f"others were faster: {GROUND}: the ceiling of 1 for {FRIDAY} is reached" in record.sentence
