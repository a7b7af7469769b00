"""Where a return goes: what the unit is worth there, less what bringing it there costs."""

from datetime import date
from functools import cache
from itertools import product

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.domain import (
    Cents,
    Costs,
    Grams,
    Item,
    LineId,
    Millimetres,
    Node,
    NodeId,
    NodeKind,
    Sku,
    Units,
    canonical_json,
)
from evenstock.freight.distance import haversine_km
from evenstock.freight.rates import RateBook
from evenstock.freight.returns import return_label, return_lanes
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.returns import CustomerReturn, PaidBy, ReturnedLine, ReturnTerms, decide_return

ON = date(2026, 11, 20)
JAN = date(2026, 1, 1)
BACK, FAST = "ups:return", "ups:two_day_return"
TEA, CUP = Sku("TEA"), Sku("CUP")


@cache
def book(fuel_bp=1_000):
    """Zone 2 to TX, zone 5 to PA and GA: 6.00 and 9.00 up to 1 kg, 8.00 and 12.00 up to 10 kg; two days, twice as dear."""
    rates = [
        (service, JAN, zone, grams, cents * times)
        for service, times in ((BACK, 1), (FAST, 2))
        for zone, grams, cents in ((2, 1_000, 600), (2, 10_000, 800), (5, 1_000, 900), (5, 10_000, 1_200))
    ]
    return RateBook.from_frames(
        rate_cards=pl.DataFrame(
            {"service": [BACK, FAST], "valid_from": JAN, "valid_to": date(2026, 12, 31), "fuel_bp": fuel_bp,
             "max_weight_g": 10_000}
        ),
        rates=pl.DataFrame(rates, schema=["service", "valid_from", "zone", "max_weight_g", "cents"], orient="row"),
        zones=pl.DataFrame(
            [("787", "752", 2), ("787", "171", 5), ("787", "303", 5)],
            schema=["origin_zip3", "destination_zip3", "zone"], orient="row",
        ),
        places=pl.DataFrame({"zip3": ["787", "752", "171"], "latitude": [30.3, 32.8, 40.3],
                             "longitude": [-97.7, -96.8, -76.9]}),
        transit=pl.DataFrame(
            [(BACK, 2, 2, 1.0), (BACK, 5, 4, 0.5), (BACK, 5, 6, 0.5), (FAST, 2, 2, 1.0), (FAST, 5, 2, 1.0)],
            schema=["service", "zone", "days", "probability"], orient="row",
        ),
    )  # fmt: skip


def network(costs=None, **changes):
    """TX and PA; a tea of 500 g that cost 10.00, a cup of 700 g that cost 4.00."""
    nodes = [
        Node(NodeId("TX"), NodeKind.OWN, "75201", "America/Chicago", receive_unit_cents=Cents(50)),
        Node(NodeId("PA"), NodeKind.THIRD_PARTY, "17101", "America/New_York", receive_unit_cents=Cents(80)),
    ]
    nodes += [changes.pop("more")] if "more" in changes else []
    items = {
        TEA: Item(TEA, Grams(500), unit_cost_cents=Cents(1_000), price_cents=Cents(2_400), **changes),
        CUP: Item(CUP, Grams(700), unit_cost_cents=Cents(400), price_cents=Cents(900)),
    }
    return ShippingNetwork(nodes, items, book(), costs or Costs(capital_bp_per_year=0), "sha256:test")


def asked(*lines):
    made = [ReturnedLine(LineId(str(k)), sku, Units(units)) for k, (sku, units) in enumerate(lines, start=1)]
    return CustomerReturn("R-1", tuple(made), "78701")


SURE = ReturnTerms(services=(BACK,), resaleable_millionths=1_000_000)


def test_a_unit_goes_where_it_is_worth_more_than_the_longer_way_costs():
    # TX: 6.00 and 10 % fuel is 6.60, 0.50 to receive; the unit saves 10.00 of purchase and nothing more: 2.90 brought.
    # PA: 9.90 and 0.80; the unit is worth 7.00 beyond its cost there: 10.00 + 7.00 - 10.70 = 6.30 brought.
    found = decide_return(asked((TEA, 1)), network(), {(TEA, NodeId("PA")): 700}, SURE, ON)

    assert found.choice is not None
    assert [p.node for p in found.choice.parcels] == ["PA"]
    assert found.choice.by_term == {
        "restock value": -700, "saved purchase": -1_000, "return freight": 990, "handling": 80
    }  # fmt: skip
    assert found.choice.cents == -630
    assert [(plan.words, plan.cents) for plan in found.alternatives] == [("TX by ups:return", -290), ("keep it", 0)]
    assert found.sentence == (
        "PA by ups:return: brings 6.30 (restock value +7.00, saved purchase +10.00, return freight -9.90, handling -0.80); "
        "next best TX by ups:return brings 2.90: restock value -7.00, return freight +3.30, handling +0.30."
    )


def test_what_brings_less_than_its_way_is_left_with_the_customer():
    # The cup saves 4.00 and its label to TX costs 6.60.
    found = decide_return(asked((CUP, 1)), network(), {}, SURE, ON)

    assert found.choice is not None
    assert found.choice.words == "keep it"
    assert found.choice.cents == 0
    assert found.alternatives[0].cents == 660 + 50 - 400


def test_a_chance_of_resale_scales_what_a_unit_brings_and_the_rest_is_salvage():
    # 0.4 x 5.00 and 0.4 x 10.00; 0.6 x a tenth of 10.00.
    terms = ReturnTerms(services=(BACK,), by_condition={"worn": 400_000}, salvage_bp=1_000)
    line = ReturnedLine(LineId("1"), TEA, Units(1), condition="worn")
    found = decide_return(CustomerReturn("R-1", (line,), "78701"), network(), {(TEA, NodeId("TX")): 500}, terms, ON)
    by_node = {plan.words: plan.by_term for plan in (found.choice, *found.alternatives)}

    assert by_node["TX by ups:return"] == {
        "restock value": -200, "saved purchase": -400, "salvage": -60, "return freight": 660, "handling": 50
    }  # fmt: skip


def test_a_cup_that_would_not_travel_alone_rides_with_the_tea_when_the_step_is_cheap():
    # Tea alone to TX: 6.60 + 0.50 - 10.00. With the cup 1,200 g: 8.80, 1.00 to receive, 14.00 saved: the cup adds 4.00 for 2.70.
    found = decide_return(asked((TEA, 1), (CUP, 1)), network(), {}, SURE, ON)

    assert found.choice is not None
    assert found.choice.cents == 880 + 100 - 1_400
    assert not found.choice.kept
    # At a cost of 1.00 instead of 4.00 it stays.
    cheap = network()
    cheap.items[CUP] = Item(CUP, Grams(700), unit_cost_cents=Cents(100))
    found = decide_return(asked((TEA, 1), (CUP, 1)), cheap, {}, SURE, ON)
    assert found.choice is not None
    assert [line.sku for line in found.choice.kept] == [CUP]
    assert found.choice.words == "TX by ups:return, keep 2"


def test_two_parcels_go_two_ways_where_that_brings_more():
    worth = {(TEA, NodeId("TX")): 3_000, (CUP, NodeId("PA")): 3_000}
    both = ReturnTerms(services=(BACK,), resaleable_millionths=1_000_000, most_parcels=2)
    one = decide_return(asked((TEA, 1), (CUP, 1)), network(), worth, SURE, ON).choice
    two = decide_return(asked((TEA, 1), (CUP, 1)), network(), worth, both, ON).choice

    assert one is not None
    assert two is not None
    assert [(p.node, p.lines) for p in two.parcels] == [("PA", ("2",)), ("TX", ("1",))]
    assert two.cents == (990 + 80 - 3_400) + (660 + 50 - 4_000)
    assert two.cents < one.cents


def test_a_closed_an_uncertified_and_amazons_own_node_take_nothing_back():
    closed = Node(NodeId("GA"), NodeKind.OWN, "30301", "America/New_York", active=False)
    pool = Node(NodeId("GA"), NodeKind.FBA, "30301", "America/New_York")
    for node, rule, because in ((closed, "active", "GA is closed"), (pool, "pool", "Amazon's own pool")):
        found = decide_return(asked((TEA, 1)), network(more=node), {(TEA, NodeId("GA")): 90_000}, SURE, ON)
        assert [(b.node, b.rule) for b in found.barred] == [("GA", rule)]
        assert because in found.barred[0].because
        assert found.choice is not None
        assert found.choice.parcels[0].node == "TX"
    certified = Node(NodeId("GA"), NodeKind.OWN, "30301", "America/New_York", certifications=frozenset({"hazmat"}))
    found = decide_return(asked((TEA, 1)), network(more=certified, requires=frozenset({"hazmat"})), {}, SURE, ON)
    assert found.choice is not None
    assert (found.choice.words, found.choice.cents) == ("GA by ups:return", -10)  # 9.90 against 10.00
    assert {b.because for b in found.barred} == {f"{n} is not certified for hazmat for TEA" for n in ("PA", "TX")}


def test_where_nothing_may_take_it_and_it_may_not_be_kept_the_reasons_are_told():
    terms = ReturnTerms(services=(BACK,), keep_up_to_cents=1_000)
    found = decide_return(asked((TEA, 1)), network(requires=frozenset({"cold"})), {}, terms, ON)

    assert found.choice is None
    assert found.sentence == (
        "no way back: PA is not certified for cold for TEA; TX is not certified for cold for TEA; "
        "a refund of 24.00 is above 10.00."
    )


def test_who_pays_the_label_decides_whether_it_counts():
    free = ReturnTerms(services=(BACK,), resaleable_millionths=1_000_000, paid_by=PaidBy.CUSTOMER, fee_cents=500)
    kept = ReturnTerms(services=(BACK,), resaleable_millionths=1_000_000, fee_cents=500)

    plan = decide_return(asked((CUP, 1)), network(), {}, free, ON).choice
    assert plan is not None
    assert plan.by_term == {"saved purchase": -400, "handling": 50}
    assert plan.parcels[0].label_cents == 660  # told, though the customer pays it
    plan = decide_return(asked((CUP, 1)), network(), {}, kept, ON).choice
    assert plan is not None
    assert plan.by_term == {"saved purchase": -400, "return freight": 660, "return fee": -500, "handling": 50}


def test_money_bound_under_way_and_carbon_are_charged_where_they_have_a_price():
    # 10.00 x 36.5 % x 5 days / 365 = 5 cents to PA, 2 days and 2 cents to TX.
    # Carbon: 0.5 kg x 290 km of great circle to TX x 116 g a tonne-km = 16.82 g, at 10,000 a tonne 16.8 cents.
    costs = Costs(capital_bp_per_year=3_650, carbon_cents_per_tonne=Cents(1_000_000))
    found = decide_return(asked((TEA, 1)), network(costs), {}, SURE, ON)
    plans = {plan.words: plan.by_term for plan in (found.choice, *found.alternatives) if plan}

    assert plans["TX by ups:return"]["transit capital"] == 2
    assert plans["PA by ups:return"]["transit capital"] == 5
    km = round(float(haversine_km(30.3, -97.7, 32.8, -96.8)))
    assert plans["TX by ups:return"]["carbon"] == round(0.5 / 1_000 * km * 116)  # a cent a gram


def test_at_the_same_cost_the_customer_keeps_it_and_nodes_go_by_name():
    # 7.10 to TX against a unit that cost 7.10: nothing gained, nothing lost.
    even = network()
    even.items[TEA] = Item(TEA, Grams(500), unit_cost_cents=Cents(710))
    assert decide_return(asked((TEA, 1)), even, {}, SURE, ON).choice.words == "keep it"
    # A third node like PA, one zone and one price: the first by name.
    twin = Node(NodeId("GA"), NodeKind.OWN, "30301", "America/New_York", receive_unit_cents=Cents(80))
    worth = {(TEA, NodeId("PA")): 700, (TEA, NodeId("GA")): 700}
    assert decide_return(asked((TEA, 1)), network(more=twin), worth, SURE, ON).choice.parcels[0].node == "GA"


lines = st.lists(
    st.tuples(st.sampled_from([TEA, CUP]), st.integers(1, 4), st.sampled_from([0, 300_000, 1_000_000])),
    min_size=1,
    max_size=3,
)
prices = st.fixed_dictionaries({(s, NodeId(n)): st.integers(0, 2_500) for s in (TEA, CUP) for n in ("TX", "PA")})


@given(lines, prices, st.integers(1, 3), st.integers(0, 300), st.booleans())
def test_no_way_to_part_the_lines_brings_more(lines, worth, most, keep_cents, keep):
    shipping = network()
    terms = ReturnTerms(
        services=(BACK, FAST), most_parcels=most, keep=keep, keep_line_cents=keep_cents,
        by_condition={str(chance): chance for *_, chance in lines},
    )  # fmt: skip
    made = tuple(
        ReturnedLine(LineId(str(k)), sku, Units(units), condition=str(chance))
        for k, (sku, units, chance) in enumerate(lines)
    )
    found = decide_return(CustomerReturn("R-1", made, "78701"), shipping, worth, terms, ON)

    best = None
    ways = [None] * keep + [(k, node, s) for k in range(most) for node in shipping.nodes for s in terms.services]
    for given_to in product(ways, repeat=len(made)):
        cents, parcels = 0, {}
        for line, way in zip(made, given_to, strict=True):
            if way is None:
                cents += keep_cents
                continue
            item, chance = shipping.items[line.sku], int(line.condition)
            parcels.setdefault(way, []).append(line)
            value = chance * worth[line.sku, way[1].id] * line.units, chance * item.unit_cost_cents * line.units
            cents -= sum((2 * v + 10**6) // (2 * 10**6) for v in value)
            cents += line.units * way[1].receive_unit_cents
        numbers = [k for k, _, _ in parcels]
        if len(set(numbers)) < len(numbers):
            continue
        labels = [
            return_label(
                shipping.book, s, "78701", node.postal_code,
                sum(shipping.items[line.sku].weight_g * line.units for line in inside), 0, ON,
            )
            for (_, node, s), inside in parcels.items()
        ]  # fmt: skip
        cents += sum(label.cents for label in labels)
        best = cents if best is None else min(best, cents)
    assert (found.choice.cents if found.choice else None) == best


def test_a_label_adds_up_and_says_where_only_the_way_out_is_on_the_chart():
    label = return_label(book(), BACK, "78701", "75201", 800, 0, ON)
    back = return_label(book(), BACK, "75201", "78701", 800, 0, ON)

    assert label is not None
    assert (label.cents, label.days, label.by_the_way_out) == (660, 2.0, False)
    assert back is not None
    assert (back.cents, back.by_the_way_out) == (660, True)
    assert return_label(book(), BACK, "99999", "75201", 800, 0, ON) is None


def test_return_lanes_are_priced_from_every_area_to_every_node():
    lanes = return_lanes(book(), ["78701", "99999"], {"TX": "75201", "PA": "17101"}, [BACK], ON, weights_g=[500, 2_000])

    assert lanes.select("node", "weight_g", "zone", "cents").rows() == [
        ("PA", 500, 5, 990), ("PA", 2_000, 5, 1_320), ("TX", 500, 2, 660), ("TX", 2_000, 2, 880)
    ]  # fmt: skip


def test_what_is_unknown_is_refused():
    with pytest.raises(ValueError, match="R-1: HAT: no such item"):
        decide_return(asked((Sku("HAT"), 1)), network(), {}, SURE, ON)
    with pytest.raises(ValueError, match="no rate card for dhl:return"):
        decide_return(asked((TEA, 1)), network(), {}, ReturnTerms(services=("dhl:return",)), ON)
    with pytest.raises(ValueError, match="1 to 8 lines, not 9"):
        asked(*[(TEA, 1)] * 9)
    with pytest.raises(ValueError, match="0 to 1000000 millionths"):
        ReturnTerms(by_sku={"TEA": 1_000_001})


def test_a_long_thing_pays_for_its_length_on_the_way_back_too():
    shipping = network(length_mm=Millimetres(1_300))
    frames_with = RateBook.from_frames(
        rate_cards=pl.DataFrame({"service": [BACK], "valid_from": JAN, "valid_to": date(2026, 12, 31)}),
        rates=pl.DataFrame({"service": [BACK], "valid_from": JAN, "zone": [2], "max_weight_g": [10_000], "cents": [600]}),
        surcharges=pl.DataFrame(
            {"service": [BACK], "valid_from": JAN, "surcharge": ["long"], "applies": ["longest_over"], "above": [1_219],
             "cents": [200]}
        ),
        zones=pl.DataFrame({"origin_zip3": ["787"], "destination_zip3": ["752"], "zone": [2]}),
    )  # fmt: skip
    shipping.book = frames_with
    found = decide_return(asked((TEA, 1)), shipping, {}, SURE, ON)

    assert found.choice is not None
    assert found.choice.by_term["return freight"] == 600 + 200


@given(lines, prices, st.randoms())
def test_a_plan_does_not_depend_on_the_order_of_the_lines(lines, worth, random):
    made = [ReturnedLine(LineId(str(k)), sku, Units(units)) for k, (sku, units, _) in enumerate(lines)]
    terms = ReturnTerms(services=(BACK, FAST), most_parcels=2)
    first = decide_return(CustomerReturn("R-1", tuple(made), "78701"), network(), worth, terms, ON)
    random.shuffle(made)
    again = decide_return(CustomerReturn("R-1", tuple(made), "78701"), network(), worth, terms, ON)

    assert canonical_json(first) == canonical_json(again)
