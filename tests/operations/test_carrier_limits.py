"""A carrier's day is shared by all its services: none takes a place that another has taken."""

from collections import Counter
from datetime import date, timedelta

import polars as pl
from tests.operations.test_route_order import ONE, put, store  # noqa: F401
from tests.routing.brand import NOW, compiled, frames, items, nodes, order

from evenstock.domain import Costs, NodeId, Sku
from evenstock.freight.rates import RateBook
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.places import places_of
from evenstock.operations.ports import Slot
from evenstock.operations.route_order import route_many, route_order
from evenstock.routing.network import ShippingNetwork

FRIDAY = NOW.date()
MONDAY = FRIDAY + timedelta(days=3)
TWO = Sku("SKU-002")
UPS = NodeId("ups (all services)")


def limited(services=("ups:ground", "ups:two_day"), cards=None, **terms):
    """The network with a limit on UPS, shipping by these services alone."""
    given = frames()
    if cards:
        most = pl.Series("shipments_per_day", [cards.get(s) for s in given["rate_cards"]["service"]], pl.Int64)
        given = given | {"rate_cards": given["rate_cards"].with_columns(most)}
    limit = pl.DataFrame([{"carrier": "ups", "valid_from": date(2026, 1, 1)} | terms])
    book = RateBook.from_frames(**given, carrier_limits=limit)
    return ShippingNetwork(nodes(8, services=frozenset(services)), items(), book, Costs(), "sha256:test")


def ways(routed):
    return [
        (s.candidate.node, s.candidate.service, s.candidate.ship_on)
        for r in routed
        if r.record.choice
        for s in r.record.choice.shipments
    ]


def test_a_carriers_day_has_no_more_places_than_its_ceiling_by_whichever_service(store):  # noqa: F811
    one_a_day = limited(shipments_per_day=1)
    put(store, {(ONE, "TX"): 9})
    routed = route_many(store, one_a_day, compiled(one_a_day), [order((ONE, 1), name=f"A-{n}") for n in range(2)], NOW)

    # The second does not slip through by the carrier's other service on Friday.
    assert [(node, day) for node, _, day in ways(routed)] == [("TX", FRIDAY), ("TX", MONDAY)]
    with store.transaction() as books:
        assert books.slots_taken([FRIDAY, MONDAY]) == {(UPS, day): 1 for day in (FRIDAY, MONDAY)}


def test_a_services_own_ceiling_holds_beside_its_carriers(store):  # noqa: F811
    both = limited(cards={"ups:ground": 1}, shipments_per_day=2)
    put(store, {(ONE, "TX"): 9})
    routed = route_many(store, both, compiled(both), [order((ONE, 1), name=f"A-{n}") for n in range(3)], NOW)

    taken = ways(routed)
    assert len(taken) == 3
    # Ground takes one a day, UPS two: a day's second parcel goes by air or not at all.
    assert max(Counter(day for _, service, day in taken if service == "ups:ground").values()) == 1
    assert max(Counter(day for _, _, day in taken).values()) <= 2
    with store.transaction() as books:
        slots = books.slots_taken([FRIDAY + timedelta(days=d) for d in range(7)])
    assert sum(n for (name, _), n in slots.items() if name == UPS) == 3
    assert sum(n for (name, _), n in slots.items() if name == "ups:ground") == sum(
        s == "ups:ground" for _, s, _ in taken
    )


def test_the_carriers_ceiling_is_named_where_no_place_is_left(store):  # noqa: F811
    none = limited(shipments_per_day=0)
    put(store, {(ONE, "TX"): 9})
    record = route_order(store, none, compiled(none), RouteOrder(order((ONE, 1)), NOW)).record

    assert record.choice is None
    assert f"ups:ground takes over no more shipments on {FRIDAY}: its ceiling, or its carrier's, is reached" in {
        barred.because for barred in record.barred
    }


def test_two_parcels_of_an_order_do_not_share_the_last_place(store):  # noqa: F811
    one_a_day = limited(shipments_per_day=1)
    put(store, {(ONE, "TX"): 1, (TWO, "NJ"): 1})
    record = route_order(store, one_a_day, compiled(one_a_day), RouteOrder(order((ONE, 1), (TWO, 1)), NOW)).record

    assert record.choice is not None
    days = [s.candidate.ship_on for s in record.choice.shipments]
    assert len(days) == len(set(days)) == 2


def test_a_shipment_takes_a_place_of_the_carrier_alone_where_only_it_has_a_ceiling(store):  # noqa: F811
    five = limited(shipments_per_day=5)
    put(store, {(ONE, "TX"): 9})
    record = route_order(store, five, compiled(five), RouteOrder(order((ONE, 1)), NOW)).record

    assert places_of(five, record.choice) == [Slot(UPS, FRIDAY, 5)]


def test_where_the_carrier_does_not_come_the_parcel_waits_for_the_day_it_does(store):  # noqa: F811
    mondays = limited(pickup_days="1")
    put(store, {(ONE, "TX"): 9})
    routed = [route_order(store, mondays, compiled(mondays), RouteOrder(order((ONE, 1)), NOW))]

    assert [day for _, _, day in ways(routed)] == [MONDAY]
