"""Which ways there are to ship an order: nodes, services, days, sizes, and how long each takes."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from tests.routing.brand import NOW, frames, items, network, nodes, order, random_order, random_stock

from evenstock.domain import Costs, Grams, Millimetres, NodeId, Sku
from evenstock.freight.rates import RateBook
from evenstock.operations.network import rates_from_frames
from evenstock.routing.candidates import NO_CEILING, candidates
from evenstock.routing.decide import decide, no_rules
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import by_node_and_line, price

FRIDAY = NOW.date()
SATURDAY, MONDAY, TUESDAY = (FRIDAY + timedelta(days=d) for d in (1, 3, 4))


def shipping(
    cards: dict[str, dict[str, object]], lanes: pl.DataFrame | None = None, **changes: object
) -> ShippingNetwork:
    """Texas alone, with columns of some services' rate cards as said."""
    given = frames()
    columns = {name for said in cards.values() for name in said}
    rows = [
        {
            name: cards.get(row["service"], {}).get(name, default)
            for name, default in DEFAULTS.items()
            if name in columns
        }
        | row
        for row in given["rate_cards"].to_dicts()
    ]
    book = RateBook.from_frames(**(given | {"rate_cards": pl.DataFrame(rows)}), transit_lanes=lanes)
    texas = [replace(node, **changes) for node in nodes() if node.id == "TX"]  # type: ignore[arg-type]
    return ShippingNetwork(texas, items(), book, Costs(), "sha256:test")


DEFAULTS = {"pickup_days": "1234567", "pickup_holidays": "", "max_longest_mm": 0, "shipments_per_day": None}
EVERY_DAY = frozenset(range(7))


def days(found, service: str) -> list[date]:
    return [way.ship_on for way in found.ways if way.service == service]


def test_a_parcel_leaves_on_the_first_day_on_which_node_and_service_both_work():
    # The node works every day; on Fridays only two-day air comes, and the postal service not before Tuesday.
    odd = shipping(
        {"ups:ground": {"pickup_days": "123467"}, "usps:advantage": {"pickup_days": "234"}}, working_days=EVERY_DAY
    )
    found = candidates(order(("SKU-001", 1)), odd, NOW, {})

    assert days(found, "ups:two_day") == [FRIDAY]
    assert days(found, "ups:ground") == [SATURDAY]
    assert days(found, "usps:advantage") == [TUESDAY]


def test_a_carriers_holiday_is_no_day_to_ship_though_the_node_works():
    odd = shipping({"ups:ground": {"pickup_holidays": f"{FRIDAY}; 2026-12-25"}})

    assert days(candidates(order(("SKU-001", 1)), odd, NOW, {}), "ups:ground") == [MONDAY]


def test_a_service_that_comes_when_the_node_is_closed_is_barred_and_says_so():
    found = candidates(order(("SKU-001", 1)), shipping({"ups:ground": {"pickup_days": "67"}}), NOW, {})

    assert days(found, "ups:ground") == []
    assert [(b.node, b.service, b.rule) for b in found.barred] == [("TX", "ups:ground", "pick-up")]
    assert "does not pick up at TX" in found.barred[0].because


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("pickup_days", "128", "write some of 1 (Monday) to 7 (Sunday)"),
        ("pickup_holidays", "Xmas", "write days as 2026-11-26"),
        ("shipments_per_day", -1, "shipments_per_day is -1; it is 0 or more"),
    ],
)
def test_a_calendar_that_cannot_be_read_is_refused_with_its_cell(column: str, value: str, said: str):
    with pytest.raises(ValueError, match="rate_cards row 1, ups:ground") as refused:
        shipping({"ups:ground": {column: value}})

    assert said in str(refused.value)


def test_a_node_with_a_ceiling_offers_later_days_where_they_are_asked_for():
    capped = shipping({}, orders_per_day=5)
    taken = {(NodeId("TX"), FRIDAY): 2, (NodeId("TX"), MONDAY): 5}
    found = candidates(order(("SKU-001", 1)), capped, NOW, taken, ship_days=2)

    # Friday has three places left, Monday none, Tuesday all five.
    assert days(found, "ups:ground") == [FRIDAY, TUESDAY]
    assert found.slots_left.tolist() == [3, 5] * 3
    assert (np.diff(found.node) >= 0).all()
    assert found.arrival_h[1] - found.arrival_h[0] == pytest.approx(4 * 24)


def test_later_days_are_offered_without_a_ceiling_only_by_services_that_have_one():
    found = candidates(order(("SKU-001", 1)), shipping({}), NOW, {}, ship_days=3, capped_services={"ups:two_day"})

    assert days(found, "ups:ground") == [FRIDAY]
    assert days(found, "ups:two_day") == [FRIDAY, MONDAY, TUESDAY]
    assert set(found.slots_left.tolist()) == {NO_CEILING}


def test_a_service_that_is_full_takes_the_parcel_on_its_next_day_and_the_others_today():
    capped = shipping({"ups:ground": {"shipments_per_day": 5}, "ups:two_day": {"shipments_per_day": 9}})
    taken = {(NodeId("ups:ground"), FRIDAY): 5, (NodeId("ups:two_day"), FRIDAY): 5}
    found = candidates(order(("SKU-001", 1)), capped, NOW, taken)

    assert days(found, "ups:ground") == [MONDAY]
    assert days(found, "ups:two_day") == days(found, "usps:advantage") == [FRIDAY]
    left = dict(zip((way.service for way in found.ways), found.service_slots_left.tolist(), strict=True))
    assert left == {"ups:ground": 5, "ups:two_day": 4, "usps:advantage": NO_CEILING}
    assert set(found.slots_left.tolist()) == {NO_CEILING}


def test_a_service_that_is_full_on_every_day_has_no_place_and_says_so_by_its_first():
    capped = shipping({"ups:ground": {"shipments_per_day": 0}})
    found = candidates(order(("SKU-001", 1)), capped, NOW, {})

    assert days(found, "ups:ground") == [FRIDAY]
    assert found.service_slots_left[[way.service == "ups:ground" for way in found.ways]].tolist() == [0]


def test_an_order_of_more_lines_than_places_is_offered_the_next_day_too():
    capped = shipping({"ups:ground": {"shipments_per_day": 5}})
    taken = {(NodeId("ups:ground"), FRIDAY): 4}

    assert days(candidates(order(("SKU-001", 1)), capped, NOW, taken), "ups:ground") == [FRIDAY]
    assert days(candidates(order(("SKU-001", 1), ("SKU-002", 1)), capped, NOW, taken), "ups:ground") == [FRIDAY, MONDAY]


def test_the_ceiling_of_the_card_in_force_on_the_day_holds():
    given = frames()
    later = given["rate_cards"].with_columns(valid_from=pl.lit(MONDAY), shipments_per_day=pl.lit(2))
    cards = pl.concat([given["rate_cards"].with_columns(shipments_per_day=pl.lit(1)), later])
    book = RateBook.from_frames(**(given | {"rate_cards": cards}))
    texas = ShippingNetwork([node for node in nodes() if node.id == "TX"], items(), book, Costs(), "sha256:test")
    taken = {(NodeId("ups:ground"), day): 1 for day in (FRIDAY, MONDAY)}

    assert book.ceilings(FRIDAY)["ups:ground"] == 1
    # One a day until Sunday, two from Monday on: Monday has one place left.
    assert days(candidates(order(("SKU-001", 1)), texas, NOW, taken), "ups:ground") == [MONDAY]


def test_what_is_left_out_is_barred_with_the_reason_given():
    shipping_all = network()
    found = candidates(
        order(("SKU-001", 1)),
        shipping_all,
        NOW,
        {},
        without_nodes={NodeId("TX")},
        without_services={"ups:ground"},
        without_because="the roof leaks",
    )

    assert "TX" not in {way.node for way in found.ways}
    assert "ups:ground" not in {way.service for way in found.ways}
    assert ("TX", "", "left out", "TX: the roof leaks") in [
        (b.node, b.service, b.rule, b.because) for b in found.barred
    ]
    assert sum(b.service == "ups:ground" for b in found.barred) == 7


def test_a_service_takes_no_unit_that_is_too_long_and_ships_the_others():
    long_ladder = replace(
        items()[Sku("SKU-001")], length_mm=Millimetres(2_000), width_mm=Millimetres(200), height_mm=Millimetres(200)
    )
    odd = shipping({"usps:advantage": {"max_longest_mm": 1_999}, "ups:two_day": {"max_longest_mm": 2_000}})
    odd.items = dict(odd.items) | {Sku("SKU-001"): long_ladder}  # type: ignore[assignment]
    found = candidates(order(("SKU-001", 1), ("SKU-002", 1)), odd, NOW, {})
    fits = {way.service: row.tolist() for way, row in zip(found.ways, found.fits, strict=True)}

    assert fits == {"ups:ground": [True, True], "ups:two_day": [True, True], "usps:advantage": [False, True]}
    assert [(b.service, b.rule) for b in found.barred] == [("usps:advantage", "oversize")]
    assert "SKU-001 has" in found.barred[0].because
    assert "2000 mm" in found.barred[0].because


def test_a_unit_too_heavy_for_every_service_ships_nowhere_and_is_named():
    anvil = replace(items()[Sku("SKU-001")], weight_g=Grams(70_000))
    odd = shipping({})
    odd.items = dict(odd.items) | {Sku("SKU-001"): anvil}  # type: ignore[assignment]
    found = candidates(order(("SKU-001", 1)), odd, NOW, {})
    stock = np.full((1, 1), 9)
    pricing = price(found, odd, stock, np.zeros((1, 1), np.int64))
    decision = decide(pricing, no_rules(pricing.priced.permitted.shape), odd)

    # Ground and air take 68 kg, the postal service 31.5 kg.
    assert found.ways == ()
    assert decision.plan is None
    assert "SKU-001 has 70000 g" in decision.sentence


def test_a_line_that_a_service_cannot_take_travels_by_another_although_rules_allow_all():
    heavy = replace(items()[Sku("SKU-001")], weight_g=Grams(40_000))
    odd = shipping({})
    odd.items = dict(odd.items) | {Sku("SKU-001"): heavy}  # type: ignore[assignment]
    found = candidates(order(("SKU-001", 1), ("SKU-002", 1)), odd, NOW, {})
    pricing = price(found, odd, np.full((1, 2), 9), np.zeros((1, 2), np.int64))
    decision = decide(pricing, no_rules(pricing.priced.permitted.shape), odd)

    assert decision.plan is not None
    carried = {line.sku: s.candidate.service for s in decision.plan.shipments for line in s.lines}
    assert carried[Sku("SKU-001")] != "usps:advantage"


def test_95_of_100_parcels_have_arrived_after_the_days_that_are_said():
    found = candidates(order(("SKU-001", 1)), network(), NOW, {})
    after_weekend = candidates(order(("SKU-001", 1)), shipping({}), NOW + timedelta(hours=8), {})
    zone_3 = {
        way.service: int(d) for way, d in zip(found.ways, found.transit_days_p95, strict=True) if way.node == "TX"
    }

    # Zone 3: two-day air takes 1 day for 74 %, 2 for 15 %, 4 for 11 %; ground starts 2 days later, post 3.
    assert zone_3 == {"ups:ground": 6, "ups:two_day": 4, "usps:advantage": 7}
    # Known on Friday evening it leaves on Monday: three days more.
    assert after_weekend.transit_days_p95.tolist() == [9, 7, 10]


def test_days_of_95_are_unknown_where_transit_is():
    given = {name: frame for name, frame in frames().items() if name != "transit"}
    bare = ShippingNetwork(nodes(1), items(), RateBook.from_frames(**given), Costs(), "sha256:test")

    assert set(candidates(order(("SKU-001", 1)), bare, NOW, {}).transit_days_p95.tolist()) == {-1}


def test_a_lane_learned_from_scans_speaks_before_its_zone():
    lanes = pl.DataFrame(
        {"service": "ups:ground", "origin": "752", "destination": "787", "days": [1, 3], "probability": [0.5, 0.5]}
    )
    found = candidates(order(("SKU-001", 1), promised_days=2), shipping({}, lanes), NOW, {})
    zoned = candidates(order(("SKU-001", 1), promised_days=2), shipping({}), NOW, {})
    elsewhere = candidates(order(("SKU-001", 1), zip3="641", promised_days=2), shipping({}, lanes), NOW, {})

    assert found.on_time[0] == 0.5
    assert found.transit_days_p95[0] == 3
    assert found.arrival_h[0] == 48
    assert (found.on_time[1:] == zoned.on_time[1:]).all()
    assert elsewhere.on_time[0] != 0.5


def test_lanes_reach_the_rate_book_of_a_company():
    lanes = pl.DataFrame(
        {
            "service": "ups:ground",
            "origin": "752",
            "destination": "787",
            "parcels": 50,
            "days": [2],
            "probability": [1.0],
        }
    )
    book = rates_from_frames(frames() | {"transit_lanes": lanes})

    assert book is not None
    share = book.transit_on("ups:ground", 3, 4, ("752", "787"))
    assert share is not None
    assert share.tolist() == [0, 0, 1]


def test_candidates_alone_are_those_kept_with_their_facts():
    found = candidates(order(("SKU-001", 1), ("SKU-002", 2), promised_days=4), network(), NOW, {})
    kept = np.arange(len(found.ways)) % 2 == 1
    half = found.only(kept)

    assert half.ways == found.ways[1::2]
    assert half.on_time.tolist() == found.on_time[1::2].tolist()
    assert half.fits.shape == (12, 2)


def test_more_days_never_cost_more_than_one():
    rng = np.random.default_rng(4)
    capped = network(orders_per_day=3)
    taken = {(node.id, FRIDAY): int(rng.integers(0, 4)) for node in capped.nodes}
    for n in range(12):
        of = random_order(rng, 3, f"A-{n}")
        stock = random_stock(rng, capped, of)
        cents = []
        for count in (1, 3):
            found = candidates(of, capped, NOW, taken, ship_days=count)
            worth = by_node_and_line(found, capped, {})
            pricing = price(found, capped, by_node_and_line(found, capped, stock), worth)
            plan = decide(pricing, no_rules(pricing.priced.permitted.shape), capped).plan
            cents.append(plan.cents if plan else 0)
        assert cents[1] <= cents[0]
