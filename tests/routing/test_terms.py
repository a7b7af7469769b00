"""Each cost term by its arithmetic, and what every member of the family must keep."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from tests.routing.brand import NOW, network, nodes, order

from evenstock.domain import CapacityPrice, Cents, Costs, Grams, NodeId, Order, Sku
from evenstock.freight.distance import haversine_km
from evenstock.registry import members
from evenstock.routing.candidates import candidates
from evenstock.routing.decide import decide, no_rules
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import FAMILY, by_lane, by_node_and_line, capacity_cents, price
from evenstock.routing.term import Charge, Offer
from evenstock.routing.terms import (
    carbon,
    carrier_capacity,
    damage,
    inventory_price,
    labour,
    lateness,
    node_capacity,
    phantom_stock,
    pick_and_pack,
    preference,
    second_parcel,
    surcharges,
)

NETWORK = network(2)  # CA and GA
SKU = Sku("SKU-001")


def offer(promised_days: int | None = None, worth: dict[tuple[Sku, NodeId], int] | None = None) -> Offer:
    found = candidates(order((SKU, 2), ("SKU-002", 1), promised_days=promised_days), NETWORK, NOW, {})
    return Offer(found, NETWORK.nodes, NETWORK.steps, NETWORK.costs, by_node_and_line(found, NETWORK, worth or {}))


def test_the_box_is_paid_once_a_shipment_and_labour_for_each_unit():
    box, labour_charge = pick_and_pack.term(offer()), labour.term(offer())

    # CA picks an order for 1.80 and a unit for 0.25, GA for 1.90 and 0.30; three services each, two lines.
    assert box.shipment_cents is not None
    assert labour_charge.unit_cents is not None
    assert box.shipment_cents.tolist() == [180] * 3 + [190] * 3
    assert box.unit_cents is None
    assert labour_charge.unit_cents.tolist() == [[25, 25]] * 3 + [[30, 30]] * 3
    assert labour_charge.shipment_cents is None


def test_a_unit_that_may_be_missing_costs_its_probability_times_a_short_pick():
    missing = np.array([[100_000, 0], [416, 417]])  # CA has the first item with 10 % doubt; GA with 0.0416 and 0.0417 %
    charge = phantom_stock.term(replace(offer(), phantom_millionths=missing))

    # A short pick costs 12.00: 1.20; 0.4992 of a cent and 0.5004 of a cent.
    assert charge.unit_cents is not None
    assert charge.unit_cents.tolist() == [[120, 0]] * 3 + [[0, 1]] * 3
    assert phantom_stock.term(offer()).free


def test_a_parcel_that_may_be_lost_costs_its_goods_and_a_claim_by_its_probability():
    dear, cheap = offer().candidates.lines
    lines = (replace(dear, price_cents=Cents(2_000)), replace(cheap, price_cents=Cents(0)))
    cost = replace(NETWORK.items[Sku("SKU-002")], unit_cost_cents=Cents(700))
    found = replace(offer().candidates, lines=lines, items=(offer().candidates.items[0], cost))
    some = replace(offer(), candidates=found, damage_millionths=np.array([20_000, 0, 1_000] * 2))

    # 2 % of a claim of 5.00 and of goods paid with 20.00 or bought for 7.00: 0.10, 0.40, 0.14. One in a thousand: half a
    # cent, which counts whole; 2 cents; 0.7 of a cent.
    assert some.costs.claim_cents == 500
    charge = damage.term(some)
    assert charge.shipment_cents is not None
    assert charge.unit_cents is not None
    assert charge.shipment_cents.tolist() == [10, 0, 1] * 2
    assert charge.unit_cents.tolist() == [[40, 14], [0, 0], [2, 1]] * 2
    assert damage.term(offer()).free


def test_what_is_known_of_a_lane_counts_before_what_is_known_of_the_service():
    found = offer().candidates
    to = found.order.ship_to.postal_code[:3]
    here = {way.node: NETWORK.nodes[k].postal_code[:3] for way, k in zip(found.ways, found.node, strict=True)}
    known = {("ups:ground", "", ""): 9, ("ups:ground", "", to): 5, ("ups:ground", here[NodeId("CA")], to): 0}

    shares = by_lane(found, NETWORK, known)

    assert shares is not None
    said = {(way.node, way.service): n for way, n in zip(found.ways, shares.tolist(), strict=True)}
    # From CA the lane is known not to lose any; from GA what is said of the destination counts; other services are unknown.
    assert said == {
        (NodeId("CA"), "ups:ground"): 0, (NodeId("GA"), "ups:ground"): 5,
        (NodeId("CA"), "ups:two_day"): 0, (NodeId("GA"), "ups:two_day"): 0,
        (NodeId("CA"), "usps:advantage"): 0, (NodeId("GA"), "usps:advantage"): 0,
    }  # fmt: skip
    assert by_lane(found, NETWORK, {}) is None


def test_places_in_a_day_and_wishes_are_charged_to_each_shipment_as_they_come():
    node, service, wish = (np.array([n] * 3 + [0] * 3) for n in (40, 7, 150))
    some = replace(offer(), node_capacity_cents=node, carrier_capacity_cents=service, preference_cents=wish)

    for term, cents in ((node_capacity, node), (carrier_capacity, service), (preference, wish)):
        assert term.term(some).shipment_cents is cents
        assert term.term(offer()).free


def test_carbon_is_weight_by_distance_by_mode_at_the_price_of_a_tonne():
    heavy = replace(NETWORK.items[SKU], weight_g=Grams(10_000))
    light = replace(NETWORK.items[Sku("SKU-002")], weight_g=Grams(500))
    found = replace(offer().candidates, items=(heavy, light))
    costs = replace(NETWORK.costs, carbon_cents_per_tonne=Cents(20_000))
    some = replace(offer(), candidates=found, costs=costs, km=np.array([2_000.4] * 3 + [np.nan] * 3))

    # 10 kg over 2,000 km by road: 20 tkm x 116 g = 2.32 kg, at 200.00 a tonne 46.4 cents; by air 12.5 kg, 2.50.
    # 500 g: 0.116 kg, 2.32 cents; by air 0.625 kg, 12.5 cents. An unknown distance charges nothing.
    assert [way.service for way in found.ways[:3]] == ["ups:ground", "ups:two_day", "usps:advantage"]
    charge = carbon.term(some)
    assert charge.unit_cents is not None
    assert charge.unit_cents.tolist() == [[46, 2], [250, 13], [46, 2]] + [[0, 0]] * 3
    assert carbon.term(replace(some, costs=NETWORK.costs)).free
    # A card that says that its two-day service goes by road has the road's grams.
    said = carbon.term(replace(some, modes={"ups:two_day": "parcel"}))
    assert said.unit_cents is not None
    assert said.unit_cents.tolist() == [[46, 2]] * 3 + [[0, 0]] * 3


def test_carbon_reaches_the_price_only_where_a_tonne_has_one():
    costs = replace(NETWORK.costs, carbon_cents_per_tonne=Cents(20_000))
    priced = ShippingNetwork(nodes(2), NETWORK.items, NETWORK.book, costs, "sha256:test")
    of = order((SKU, 1))
    zeros = np.zeros((2, 1), np.int64)

    def cents(shipping: ShippingNetwork) -> np.ndarray:
        return price(candidates(of, shipping, NOW, {}), shipping, zeros, zeros).priced.unit_cents

    found = candidates(of, priced, NOW, {})
    miles = haversine_km(34.0, -118.2, 30.3, -97.7), haversine_km(33.7, -84.4, 30.3, -97.7)
    weight = NETWORK.items[SKU].weight_g
    more = [
        int(weight * round(float(miles[k])) * (625 if "two_day" in way.service else 116) * 20_000 / 1e12 + 0.5)
        for k, way in zip(found.node, found.ways, strict=True)
    ]

    assert (cents(priced) - cents(NETWORK))[:, 0].tolist() == more
    assert any(more)


def test_prices_of_places_in_a_day_find_the_candidates_that_use_them():
    found = candidates(order((SKU, 1)), network(2, orders_per_day=9), NOW, {}, ship_days=2)
    friday, monday = (day for way in found.ways[:2] for day in [way.ship_on])
    prices = [
        CapacityPrice("node", "GA", friday, NOW, "repricing", Cents(40)),
        CapacityPrice("service", "ups:ground", monday, NOW, "repricing", Cents(7)),
        CapacityPrice("node", "NOWHERE", friday, NOW, "repricing", Cents(99)),
    ]
    node, service = capacity_cents(found, prices)

    assert friday < monday
    assert node is not None
    assert service is not None
    assert node.tolist() == [0, 0] * 3 + [40, 0] * 3
    assert service.tolist() == [0, 7, 0, 0, 0, 0] * 2
    assert capacity_cents(found, prices[:1])[1] is None


def test_a_dear_place_today_sends_the_order_tomorrow():
    capped = network(1, orders_per_day=9)
    found = candidates(order((SKU, 1)), capped, NOW, {}, ship_days=2)
    friday = found.ways[0].ship_on
    stock, worth = np.full((1, 1), 5), np.zeros((1, 1), np.int64)

    def shipped_on(cents: int) -> date:
        node, service = capacity_cents(found, [CapacityPrice("node", "CA", friday, NOW, "nightly", Cents(cents))])
        pricing = price(found, capped, stock, worth, node_capacity_cents=node, carrier_capacity_cents=service)
        plan = decide(pricing, no_rules(pricing.priced.permitted.shape), capped).plan
        assert plan is not None
        return plan.shipments[0].candidate.ship_on

    assert shipped_on(0) == friday
    assert shipped_on(1) == friday + timedelta(days=3)


def test_lines_of_a_kit_are_told_to_the_search_by_number():
    plain = order((SKU, 1), ("SKU-002", 1), ("SKU-003", 1), ("SKU-004", 1))
    kits = ["", "b", "a", "b"]
    of = replace(plain, lines=tuple(replace(li, kit=kit) for li, kit in zip(plain.lines, kits, strict=True)))
    zeros = np.zeros((2, 4), np.int64)

    def kit(asked: Order) -> list[int] | None:
        found = price(candidates(asked, NETWORK, NOW, {}), NETWORK, zeros, zeros).priced.kit
        return None if found is None else found.tolist()

    assert kit(of) == [-1, 0, 1, 0]
    assert kit(plain) is None


def test_terms_that_charge_nothing_are_no_part_of_the_price():
    found = candidates(order((SKU, 1)), NETWORK, NOW, {})
    zeros = np.zeros((2, 1), np.int64)
    plain = [name for name, _ in price(found, NETWORK, zeros, zeros).charges]
    wished = price(found, NETWORK, zeros, zeros, preference_cents=np.full(len(found.ways), 5))

    assert plain == [
        "base freight",
        "fuel",
        "inventory price",
        "labour",
        "lateness",
        "pick and pack",
        "second parcel",
        "surcharges",
    ]
    assert [name for name, _ in wished.charges if name not in plain] == ["preference"]
    assert (wished.priced.shipment_cents - price(found, NETWORK, zeros, zeros).priced.shipment_cents == 5).all()


def test_lateness_is_the_probability_times_the_cost_of_a_late_order():
    said = replace(offer(promised_days=5).candidates, on_time=np.array([1.0, 0.9, 0.4995, 0.0, np.nan, 0.9995]))
    charge = lateness.term(replace(offer(), candidates=said))

    # A late order costs 9.00: 0, 10 %, 50.05 % (4.5045), always, unknown, and 0.05 % (0.45 of a cent).
    assert charge.shipment_cents is not None
    assert charge.shipment_cents.tolist() == [0, 90, 450, 900, 0, 0]


def test_half_a_cent_of_lateness_rounds_up_however_it_was_summed():
    some = offer()
    costs = replace(some.costs, late_order_cents=Cents(5))
    halves = [0.9, 1.0 - 0.1, 0.3 + 0.6, 0.9, 0.9, 0.9]  # 0.3 + 0.6 is a hair below 0.9: half a cent all the same
    charge = lateness.term(replace(some, costs=costs, candidates=replace(some.candidates, on_time=np.array(halves))))

    assert charge.shipment_cents is not None
    assert charge.shipment_cents.tolist() == [1] * 6


def test_nothing_promised_is_never_late():
    charge = lateness.term(offer(promised_days=None))

    assert charge.shipment_cents is not None
    assert not charge.shipment_cents.any()


def test_the_price_of_a_unit_is_that_of_its_node():
    charge = inventory_price.term(offer(worth={(SKU, NodeId("GA")): 70}))

    assert charge.unit_cents is not None
    assert charge.unit_cents.tolist() == [[0, 0]] * 3 + [[70, 0]] * 3


def test_only_shipments_after_the_first_pay_for_the_second_parcel():
    charge = second_parcel.term(offer())

    assert charge.extra_cents == 75
    assert charge.shipment_cents is charge.unit_cents is charge.step_cents is charge.long_cents is None


def test_surcharges_for_long_goods_are_apart_from_those_every_carton_pays():
    some = offer()
    charge = surcharges.term(some)

    # Homes pay 3.10 a carton, and 24.50 more above 22 kg; goods above 40 cm pay 16.50 in any carton.
    assert charge.step_cents is not None
    assert charge.long_cents is not None
    assert set(charge.step_cents.tolist()) == {310, 310 + 2_450}
    heavy = some.steps.max_weight_g > 22_000
    assert (charge.step_cents[heavy] == 2_760).all()
    assert set(charge.long_cents.tolist()) == {1_650}


@pytest.mark.parametrize("name", sorted(members(FAMILY)))
def test_every_term_has_a_name_and_gives_whole_cents_of_zero_or_more(name: str):
    member = members(FAMILY)[name]
    some = offer(promised_days=3, worth={(SKU, NodeId("CA")): 5})
    each = np.arange(6)
    some = replace(
        some,
        costs=replace(some.costs, carbon_cents_per_tonne=Cents(10_000)),
        phantom_millionths=np.array([[0, 1_000_000], [5_000, 20_000]]),
        preference_cents=each,
        node_capacity_cents=each,
        carrier_capacity_cents=each,
        km=np.array([0.0, 12.5, 300.0, 4_000.0, np.nan, 1e-9]),
    )
    charge = member.term(some)
    count = len(some.candidates.ways)
    shapes = {
        "shipment_cents": (count,),
        "unit_cents": (count, 2),
        "step_cents": some.steps.max_weight_g.shape,
        "long_cents": some.steps.long_above.shape,
    }

    assert member.NAME
    assert isinstance(charge, Charge)
    assert charge.extra_cents >= 0
    for field, shape in shapes.items():
        cents = getattr(charge, field)
        if cents is not None:
            assert cents.dtype == np.int64
            assert cents.shape == shape
            assert (cents >= 0).all()


def test_names_of_terms_are_told_apart():
    names = [member.NAME for member in members(FAMILY).values()]
    assert len(set(names)) == len(names)


def test_a_rate_card_is_laid_out_once_however_many_days_ask_for_it():
    shipping = ShippingNetwork(nodes(), NETWORK.items, NETWORK.book, Costs(), "sha256:test")
    for day in range(20):
        found = candidates(order((SKU, 1)), shipping, NOW.replace(day=1 + day), {})
        assert len(found.ways) == 24
    zones = {shipping.book.zone(node.postal_code, "78701") for node in shipping.nodes}
    assert len(shipping.steps.divisor) == 3 * len(zones)


def test_threads_that_ask_at_once_get_the_same_ladders():
    shipping = ShippingNetwork(nodes(), NETWORK.items, NETWORK.book, Costs(), "sha256:test")
    keys = [
        (s, zone, NOW.date(), home) for s in NETWORK.book.services for zone in range(1, 9) for home in (True, False)
    ]

    def numbers(turn: int) -> dict[tuple[object, ...], int]:
        mine = keys[turn:] + keys[:turn]
        return {key: shipping.ladder(*key[:3], residential=key[3]) for key in mine}

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(numbers, range(0, 48, 3)))

    assert all(answer == answers[0] for answer in answers)
    assert sorted(answers[0].values()) == list(range(48))
    assert len(shipping.steps.divisor) == 48
