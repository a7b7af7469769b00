from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.freight.ltl.conftest import JANUARY, contract, flat_tariff

from evenstock.freight.fuel import FuelBook
from evenstock.freight.ltl import HandlingUnits, LtlBook, NoQuote
from evenstock.freight.ltl.rating import base_charge

MARCH = date(2026, 3, 10)
HUNDREDWEIGHT_G = 45_359
"""100 lb in whole grams."""


def book(tariff=None, charges=None, fuel=None, **terms):
    return LtlBook.from_frames(
        ltl_tariffs=flat_tariff() if tariff is None else tariff,
        ltl_contracts=contract(**terms),
        accessorials=charges,
        fuel=fuel,
    )


def quoted(of, units, accessorials=(), on=MARCH):
    return of.quote("saia:ltl", "07094", "60601", units, on, accessorials)


def pounds(lb, freight_class="100", count=1):
    return HandlingUnits(count, round(lb * 453.59237), freight_class=freight_class)


def terms(quote):
    return {term.name: term.cents for term in quote.terms}


def test_the_rating_order_of_the_trade():
    # 600 lb at 80.00 a hundredweight is the base of 480.00; less 65 % 168.00; above the minimum of 90.00; fuel 27 % 45.36.
    quote = quoted(book(discount_bp=6_500, minimum_cents=9_000, fuel_bp=2_700), [pounds(600)])
    assert quote.base.cents == 48_000
    assert terms(quote) == {"linehaul": 16_800, "fuel": 4_536}
    assert quote.cents == 21_336


def test_light_freight_is_rated_as_the_next_break_where_that_is_cheaper():
    # 390 lb x 100.00 = 390.00, as 500 lb x 80.00 = 400.00; 410 lb = 410.00, so 500 lb and 400.00; 400 lb are 400.00 both ways.
    found = [quoted(book(), [pounds(lb)]).base for lb in (390, 400, 410)]
    assert [(base.cents, base.at_least_lb, base.deficit_lb) for base in found] == [
        (39_000, 0, 0),
        (40_000, 0, 0),
        (40_000, 500, 90),
    ]


def test_every_heavier_break_is_tried_not_the_next_alone():
    # 450 lb: 450.00; as 500 lb at 99.00 495.00; as 1,000 lb at 40.00 400.00. Were only the next tried, 450 lb would cost more than 500.
    tariff = flat_tariff(breaks=((0, 10_000), (500, 9_900), (1_000, 4_000)))
    assert [quoted(book(tariff), [pounds(lb)]).base.cents for lb in (450, 500)] == [40_000, 40_000]


def test_each_line_has_its_class_and_the_deficit_goes_at_the_lowest_rate():
    # 200 lb of class 100 and 200 of class 50: 200.00 + 100.00 = 300.00. As 500 lb: 160.00 + 80.00 + 100 lb at 40.00 = 280.00.
    quote = quoted(book(), [pounds(200, "100"), pounds(200, "50")])
    assert quote.classes == (("50", 200), ("100", 200))
    assert (quote.base.cents, quote.base.at_least_lb, quote.base.deficit_lb) == (28_000, 500, 100)


def test_one_class_for_all_kinds_of_freight():
    # Both lines at class 50, 400 lb: 200.00 as they are, 200.00 as 500 lb.
    quote = quoted(book(fak_class="50"), [pounds(200, "100"), pounds(200, "50")])
    assert quote.classes == (("50", 400),)
    assert quote.base.cents == 20_000


def test_nothing_costs_less_than_the_absolute_minimum_and_fuel_is_due_on_it():
    # 10 lb at 100.00 are 10.00; less 65 % 3.50; the minimum is 90.00; fuel 27 % of it 24.30.
    quote = quoted(book(discount_bp=6_500, minimum_cents=9_000, fuel_bp=2_700), [pounds(10)])
    assert terms(quote) == {"linehaul": 9_000, "fuel": 2_430}


def test_accessorials_come_on_top_and_pay_no_fuel():
    charges = pl.DataFrame(
        {
            "service": ["saia:ltl"] * 2,
            "valid_from": [JANUARY] * 2,
            "accessorial": ["liftgate", "appointment"],
            "cents": [7_500, 2_500],
        }
    )
    quote = quoted(book(charges=charges, fuel_bp=2_700), [pounds(600)], ["appointment", "liftgate"])
    assert terms(quote) == {"linehaul": 48_000, "fuel": 12_960, "liftgate": 7_500, "appointment": 2_500}
    refused = quoted(book(charges=charges), [pounds(600)], ["residential"])
    assert refused == NoQuote(
        "saia:ltl", "saia:ltl has no charge for residential on 2026-03-10; add it to accessorials"
    )


def test_the_linear_foot_rule_is_a_floor_of_the_linehaul():
    # 7 pallets of 100 lb: 700 lb at 80.00 less 65 % = 196.00. They take 16 ft: from 12 ft on 30.00 a foot, 480.00.
    by_feet = book(discount_bp=6_500, fuel_bp=1_000, linear_feet=12, linear_foot_cents=3_000)
    light = HandlingUnits(7, HUNDREDWEIGHT_G, freight_class="100")
    assert terms(quoted(by_feet, [light])) == {"linehaul": 48_000, "fuel": 4_800}
    # Four pallets take 8 ft: the rule does not hold. 400 lb at 100.00 less 65 % = 140.00.
    assert terms(quoted(by_feet, [HandlingUnits(4, HUNDREDWEIGHT_G, freight_class="100")]))["linehaul"] == 14_000


def test_a_fuel_rule_sets_the_surcharge_and_says_when_its_price_is_old():
    fuel = FuelBook.from_frames(
        fuel_rules=pl.DataFrame({"rule": ["saia"], "fuel_index": ["diesel"], "lag_days": [0], "fuel_table": ["saia"]}),
        fuel_tables=pl.DataFrame(
            {"fuel_table": ["saia"], "valid_from": [JANUARY], "at_least_mills": [3_000], "fuel_bp": [3_000]}
        ),
        fuel_index=pl.DataFrame(
            {
                "fuel_index": ["diesel"] * 2,
                "region": ["US"] * 2,
                "date": [date(2026, 2, 23), date(2026, 3, 2)],
                "mills": [3_700] * 2,
            }
        ),
    )
    with_rule = book(fuel=fuel, fuel_rule="saia", fuel_bp=100)
    # The week of 9 March has no price: that of the 2nd counts, and it is said.
    fresh, old = (quoted(with_rule, [pounds(600)], on=on) for on in (date(2026, 3, 5), MARCH))
    assert terms(fresh) == {"linehaul": 48_000, "fuel": 14_400}
    assert (fresh.stale, fresh.cents) == ("", old.cents)
    assert old.stale.startswith("fuel saia: the price of diesel in US for 2026-03-09 is missing")
    with pytest.raises(ValueError, match="fuel_rules has no rule 'saia'; add it"):
        book(fuel_rule="saia")


def test_each_day_has_its_contract_and_its_edition():
    tariff = pl.concat(
        [flat_tariff(), flat_tariff(breaks=((0, 20_000),)).with_columns(valid_from=pl.lit(date(2026, 6, 1)))]
    )
    terms_of = pl.concat(
        [contract(discount_bp=5_000), contract(valid_from=date(2026, 9, 1), discount_bp=0)], how="diagonal"
    )
    both = LtlBook.from_frames(ltl_tariffs=tariff, ltl_contracts=terms_of)
    days = [date(2026, 5, 31), date(2026, 6, 1), date(2026, 9, 1)]
    # 100 lb: 100.00 less 50 %; the new edition 200.00 less 50 %; the new contract without a discount.
    assert [quoted(both, [pounds(100)], on=on).cents for on in days] == [5_000, 10_000, 20_000]
    before = quoted(both, [pounds(100)], on=date(2026, 1, 1))
    assert before == NoQuote("saia:ltl", "saia:ltl has no contract on 2026-01-01; add it to ltl_contracts")


def test_an_old_contract_is_used_and_flagged():
    quote = quoted(book(), [pounds(100)], on=date(2027, 3, 1))
    assert quote.stale == "saia:ltl: its contract is 420 days old; ask for this year's"


def test_where_the_tariff_does_not_go_there_is_no_price():
    flat = book()
    assert "no lane 606-070" in flat.quote("saia:ltl", "60601", "07094", [pounds(1)], MARCH).because
    assert "no class 70" in quoted(flat, [pounds(1, "70")]).because
    assert "give weight and size, or a class" in quoted(flat, [HandlingUnits(1, 1_000)]).because
    assert quoted(flat, []).because == "there is nothing to ship"


breaks = (0, 500, 1_000, 2_000, 5_000)


@st.composite
def rate_tables(draw, lines):
    """Rates that do not rise with weight, dearer for the later lines."""
    rows = []
    for _ in range(lines):
        rate = draw(st.integers(200, 60_000))
        row = []
        for _ in breaks:
            row.append(rate)
            rate = max(1, rate * draw(st.integers(30, 100)) // 100)
        rows.append(row)
    return np.array(rows)


@given(st.data(), st.integers(1, 3))
def test_more_of_the_same_freight_never_costs_less(data, lines):
    rates = data.draw(rate_tables(lines))
    weight = np.array(data.draw(st.lists(st.integers(1, 3_000), min_size=lines, max_size=lines)))
    more = np.array(data.draw(st.lists(st.integers(0, 3_000), min_size=lines, max_size=lines)))
    least = np.array(breaks)
    assert base_charge(weight, rates, least).cents <= base_charge(weight + more, rates, least).cents


@given(st.data())
def test_the_tariff_asks_the_least_over_all_ways_to_rate_a_straight_shipment(data):
    rates, weight = data.draw(rate_tables(1)), data.draw(st.integers(1, 6_000))
    hundredths = min(max(weight, least) * int(rate) for least, rate in zip(breaks, rates[0], strict=True))
    assert base_charge(np.array([weight]), rates, np.array(breaks)).cents == (hundredths + 50) // 100


@given(
    st.integers(1, 6_000), st.integers(0, 9_999), st.integers(0, 20_000), st.integers(0, 5_000), st.integers(0, 9_000)
)
def test_linehaul_keeps_the_minimum_and_fuel_follows_it_alone(lb, discount, minimum, fuel, liftgate):
    charges = pl.DataFrame(
        {"service": ["saia:ltl"], "valid_from": [JANUARY], "accessorial": ["liftgate"], "cents": [liftgate]}
    )
    of = book(charges=charges, discount_bp=discount, minimum_cents=minimum, fuel_bp=fuel)
    paid = terms(quoted(of, [pounds(lb)], ["liftgate"]))
    assert paid["linehaul"] >= minimum
    assert paid["fuel"] == (paid["linehaul"] * fuel + 5_000) // 10_000
    assert paid["liftgate"] == liftgate
