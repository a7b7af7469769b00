from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.freight.truckload import TruckloadBook, TruckloadRate, break_even, point_of, road_miles

JANUARY = date(2026, 1, 5)


def frame(**terms):
    return pl.DataFrame([{"service": "jbhunt:ftl", "valid_from": JANUARY, "mile_cents": 225} | terms])


def test_a_short_run_pays_the_minimum_and_fuel_by_the_mile():
    rate = TruckloadRate("jbhunt:ftl", JANUARY, 225, minimum_cents=90_000, fuel_mile_cents=45)
    # 100 miles x 2.25 = 225.00 is below 900.00; fuel 100 x 0.45 = 45.00; two trucks twice that.
    assert [(term.name, term.cents) for term in rate.cents(100, trucks=2)] == [("linehaul", 180_000), ("fuel", 9_000)]


def test_accessorials_are_of_each_truck_and_stops_of_each_after_the_first():
    rate = TruckloadRate("jbhunt:ftl", JANUARY, 225, stop_cents=7_500)
    paid = {term.name: term.cents for term in rate.cents(100, trucks=2, stops=3, accessorials={"lumper": 20_000})}
    assert paid == {"linehaul": 45_000, "fuel": 0, "stops": 30_000, "lumper": 40_000}


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"mile_cents": 0}, "row 1, jbhunt:ftl from 2026-01-05: mile_cents is 0; a mile costs from 1 to 99999 cents"),
        ({"mile_cents": 10**9}, "mile_cents is 1000000000; a mile costs from 1 to 99999 cents"),
        ({"pallets": 61}, "pallets is 61; it is from 1 to 60"),
        ({"mile_cents": float("nan")}, "mile_cents is nan; give a whole number"),
    ],
)
def test_a_rate_that_cannot_be_right_is_refused(terms, said):
    with pytest.raises(ValueError) as refused:
        TruckloadBook.from_frames(truckload_rates=frame(**terms))
    assert said in str(refused.value)


def test_each_day_has_its_rate_and_an_old_one_is_flagged():
    rates = pl.concat([frame(), frame(valid_from=date(2026, 7, 6), mile_cents=240)])
    book = TruckloadBook.from_frames(truckload_rates=rates)
    assert [book.rate("jbhunt:ftl", day).mile_cents for day in (JANUARY, date(2026, 7, 5), date(2026, 7, 6))] == [
        225,
        225,
        240,
    ]
    assert book.rate("jbhunt:ftl", date(2026, 1, 4)) is None
    assert book.rate("nobody:ftl", JANUARY) is None
    assert book.rate("jbhunt:ftl", date(2027, 8, 10)).stale(date(2027, 8, 10)) == ""
    assert "401 days old" in book.rate("jbhunt:ftl", date(2027, 8, 11)).stale(date(2027, 8, 11))


def test_what_no_truck_does_is_refused():
    rate = TruckloadRate("jbhunt:ftl", JANUARY, 225)
    for wrong in ({"miles": -1}, {"miles": 1, "trucks": 0}, {"miles": 1, "stops": 0}):
        with pytest.raises(ValueError, match="at least one truck goes to one stop"):
            rate.cents(**wrong)


def test_a_node_stands_where_it_says_else_in_its_postal_area():
    places = {"606": (41.9, -87.6)}
    assert point_of("60601", places) == (41.9, -87.6)
    assert point_of("60601", places, (41.8, -87.7)) == (41.8, -87.7)
    assert point_of("07094", places) is None
    assert road_miles(*[(41.9, -87.6)] * 2) == 0


def test_a_truck_is_cheaper_for_good_only_where_it_stays_so():
    # Two pallets by truck cost less, but not three: from four on it is for good.
    assert break_even([100, 300, 250, 400, 500], [280] * 5) == 4
    assert break_even([100, 200], [280, 280]) is None
    assert break_even([300, 400], [280, 280]) == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=26))
def test_from_the_break_even_on_no_share_of_a_truck_is_cheaper(costs):
    share, truck = zip(*costs, strict=True)
    found = break_even(share, truck)
    after = range(len(costs)) if found is None else range(found - 1, len(costs))
    dearer = [truck[n] > share[n] for n in after]
    assert dearer[-1] if found is None else not any(dearer)
    if found is not None and found > 1:
        assert truck[found - 2] > share[found - 2]
