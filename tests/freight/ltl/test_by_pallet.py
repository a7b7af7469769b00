from datetime import date
from math import ceil

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.freight.ltl.conftest import PLACES, contract, flat_tariff

from evenstock.freight.ltl import HandlingUnits, LtlBook, billed_lb, linear_feet
from evenstock.freight.ltl.by_pallet import FullPallet, line_above, line_by_pallet, most_cents, straight_cents
from evenstock.freight.ltl.rating import base_charge, charge
from evenstock.freight.ltl.synthetic import synthetic_tariff

MARCH = date(2026, 3, 10)
LANE = ("070", "606")


def table_of(fak="", **terms):
    tariff = synthetic_tariff(PLACES, tariff="synthetic", valid_from=date(2026, 1, 5), seed=7)
    given_terms = {"discount_bp": 6_830, "minimum_cents": 10_450, "fuel_bp": 2_735} | terms
    of = contract(tariff="synthetic", fak_class=fak, **given_terms)
    return LtlBook.from_frames(ltl_tariffs=tariff, ltl_contracts=of).table("saia:ltl", MARCH)


BY_CLASS, FAK, FEET = table_of(), table_of("85"), table_of(linear_feet=10, linear_foot_cents=4_100)


def rerated(table, grams_by_class, pallets):
    """The readable rating of goods on so many pallets."""
    rated: dict[str, int] = {}
    for name, grams in grams_by_class.items():
        key = table.contract.fak_class or name
        rated[key] = rated.get(key, 0) + grams
    rates = np.array([table.edition.rates(LANE, name) for name in rated])
    base = base_charge(np.array([billed_lb(g) for g in rated.values()]), rates, table.edition.at_least_lb)
    feet = linear_feet([HandlingUnits(pallets, 1)])
    return sum(term.cents for term in charge(table.contract, base, feet, table.fuel_bp, {}))


loads = st.lists(
    st.builds(
        FullPallet,
        st.just("A"),
        st.integers(30_000, 1_000_000),
        st.sampled_from(["50", "70", "92.5", "125", "250", "400"]),
    ),
    min_size=1,
    max_size=4,
)


@given(st.sampled_from([BY_CLASS, FAK, FEET]), loads, st.lists(st.floats(0, 12), min_size=4, max_size=4))
@settings(max_examples=150)
def test_no_mix_of_goods_costs_more_than_was_said_for_its_pallets(table, goods, filled):
    # Each item fills so many pallets; together they begin n. Every pallet weighs at most as much as a full one of its item.
    parts = filled[: len(goods)]
    pallets = max(1, ceil(sum(parts)))
    grams: dict[str, int] = {}
    for load, part in zip(goods, parts, strict=False):
        grams[load.freight_class] = grams.get(load.freight_class, 0) + int(part * load.weight_g)
    grams = {name: of for name, of in grams.items() if of} or {goods[0].freight_class: 1}
    paid = rerated(table, grams, pallets)
    assert paid <= most_cents(table, LANE, goods, pallets, 0)[-1]
    line = line_by_pallet(table, LANE, goods, fitted=12)
    assert paid <= line.fixed_cents + pallets * line.pallet_cents


@given(st.sampled_from([BY_CLASS, FAK, FEET]), loads)
@settings(max_examples=30)
def test_the_line_holds_for_any_number_of_pallets_where_nothing_limits_them(table, goods):
    line = line_by_pallet(table, LANE, goods, fitted=10)
    cents = most_cents(table, LANE, goods, 900, 0)
    assert (line.cents(900) >= cents).all()
    # What is said about the fitted pallets is so.
    over = line.cents(10) / cents[:10] - 1
    assert over.max() == pytest.approx(line.worst_share)
    assert over.argmax() + 1 == line.at_pallets


def test_a_limit_leaves_the_heavier_loads_alone():
    # By feet every two pallets cost 4 ft x 41.00 x 1.2735 = 208.85 more, from 5 pallets (10 ft) on: with two pallets at most no matter.
    goods = [FullPallet("A", 60_000, "70")]
    few, any_number = (line_by_pallet(FEET, LANE, goods, fitted=2, limit=limit) for limit in (2, None))
    assert few.pallet_cents < any_number.pallet_cents
    assert any_number.pallet_cents >= 10_442


@given(st.lists(st.integers(100, 3_000), min_size=1, max_size=8), st.integers(0, 400))
def test_no_other_line_above_is_nearer(cents, least):
    costs = np.array(cents)
    count = np.arange(1, len(cents) + 1)
    found = line_above(costs, len(cents), least)
    assert (found.fixed_cents + count * found.pallet_cents >= costs).all()
    for slope in range(least, 3_100, 7):
        fixed = max(0, int((costs - slope * count).max()))
        assert found.worst_share <= ((fixed + slope * count) / costs - 1).max() + 1e-12


def test_straight_pallets_cost_what_the_readable_rating_says():
    load = FullPallet("A", 420_000, "70")
    cents = straight_cents(BY_CLASS, LANE, load, 12, 500)
    assert cents.tolist() == [rerated(BY_CLASS, {"70": n * 420_000}, n) + 500 for n in range(1, 13)]


def test_a_single_class_is_said_exactly_but_for_a_pound():
    # Of one item alone nothing is mixed: the most is what full pallets pay, rated a gram heavier.
    load = FullPallet("A", 420_000, "70")
    most, straight = most_cents(FAK, LANE, [load], 26, 0), straight_cents(FAK, LANE, load, 26, 0)
    assert (most >= straight).all()
    assert (most - straight).max() <= 40


def test_pounds_begun_in_each_class_are_counted():
    # Two classes at one rate of 100.00. A pallet of 1 kg bills 3 lb, 3.00; half of each class bills 2 lb twice, 4.00.
    same = flat_tariff(breaks=((0, 10_000),)).with_columns(cents_cwt=pl.lit(10_000))
    table = LtlBook.from_frames(ltl_tariffs=same, ltl_contracts=contract()).table("saia:ltl", MARCH)
    goods = [FullPallet("A", 1_000, "50"), FullPallet("B", 1_000, "100")]
    assert straight_cents(table, LANE, goods[0], 1, 0).tolist() == [300]
    assert rerated(table, {"50": 500, "100": 500}, 1) == 400 <= most_cents(table, LANE, goods, 1, 0)[0]


def test_a_pallet_has_the_class_of_its_density():
    # 1,219 x 1,016 mm; 10 units of 0.1 m3 stand 807 mm high, 947 with the pallet: 1.173 m3 = 41.4 cubic feet; 120 kg are 6.4 pcf.
    assert FullPallet.of("A", 10, 10_000, 100_000_000).freight_class == "125"
    assert FullPallet.of("A", 10, 10_000, 0) == FullPallet("A", 120_000, "")


def test_what_cannot_be_priced_says_what_to_do():
    of = LtlBook.from_frames(ltl_tariffs=flat_tariff(), ltl_contracts=contract()).table("saia:ltl", MARCH)
    with pytest.raises(ValueError, match=r"no item says how many units fit a pallet; add items\.pallet_units"):
        most_cents(of, LANE, [], 1, 0)
    with pytest.raises(
        ValueError, match=r"CUP has no size, so no class; add its length, width and height, or a class for all"
    ):
        most_cents(of, LANE, [FullPallet("CUP", 1, "")], 1, 0)
    with pytest.raises(ValueError, match="tariff flat from 2026-01-05 has no class 70"):
        most_cents(of, LANE, [FullPallet("CUP", 1, "70")], 1, 0)
    with pytest.raises(ValueError, match="tariff flat from 2026-01-05 has no lane 606-070"):
        most_cents(of, ("606", "070"), [FullPallet("CUP", 1, "50")], 1, 0)
