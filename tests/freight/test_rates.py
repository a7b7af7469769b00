from datetime import date

import polars as pl
import pytest

from evenstock.freight.rates import RateBook

MARCH, AUGUST = date(2026, 3, 10), date(2026, 8, 3)


@pytest.fixture
def book(rate_frames):
    return RateBook.from_frames(**rate_frames)


def terms(quote):
    return {term.name: term.cents for term in quote.terms}


def test_a_parcel_pays_base_fuel_and_each_surcharge_that_is_due(book):
    # 600 g to zone 4: base 11.00; fuel 18.5 % = 2.035, so 2.04; a home 5.95; delivery area 0.25.
    quote = book.quote("ups:ground", "07094", "60601", 600, 0, 300, True, MARCH)
    assert terms(quote) == {"base": 1100, "fuel": 204, "residential": 595, "delivery_area": 25}
    assert (quote.cents, quote.zone, quote.billable_g, quote.cartons, quote.stale) == (1924, 4, 600, 1, "")


def test_the_minimum_charge_stands_where_the_rate_is_below_it_and_pays_fuel(book):
    # Zone 2 up to 500 g costs 9.00, but no parcel pays less than 9.50; fuel 18.5 % of 9.50 = 1.7575, so 1.76.
    quote = book.quote("ups:ground", "07094", "10001", 500, 0, 300, False, MARCH)
    assert terms(quote) == {"base": 950, "fuel": 176, "delivery_area": 25}


def test_a_bulky_parcel_pays_its_dimensional_weight(book):
    # 400 x 300 x 200 mm = 24,000,000 mm3; / 5022 = 4778.97, so 4779 g: the step up to 10 kg.
    quote = book.quote("ups:ground", "07094", "60601", 600, 24_000_000, 400, False, MARCH)
    assert (quote.billable_g, terms(quote)["base"]) == (4779, 2000)


def test_breaks_are_inclusive_above(book):
    base = [
        terms(book.quote("ups:ground", "07094", "60601", grams, 0, 300, False, MARCH))["base"]
        for grams in (500, 501, 1000, 1001)
    ]
    assert base == [1000, 1100, 1100, 2000]


def test_the_heaviest_parcel_is_the_smaller_of_card_and_last_break(book):
    # The last break ends at 10 kg, the card bills no parcel above 9 kg: 9,001 g are two cartons.
    assert book.ladder("ups:ground", 4, MARCH).max_weight_g.tolist() == [500, 1000, 9000]
    quote = book.quote("ups:ground", "07094", "60601", 9_001, 0, 300, False, MARCH)
    # 9 kg: 20.00 + heavy 8.00; 1 g: 10.00; fuel 3.70 + 1.85; delivery area twice.
    assert terms(quote) == {"base": 3000, "fuel": 555, "delivery_area": 50, "heavy": 800}
    assert quote.cartons == 2


def test_each_day_has_its_card(book):
    def base(on):
        return terms(book.quote("ups:ground", "07094", "60601", 2_000, 0, 300, False, on))["base"]

    assert [base(date(2026, 1, 1)), base(date(2026, 7, 5)), base(date(2026, 7, 6))] == [2000, 2000, 2100]
    assert book.quote("ups:ground", "07094", "60601", 2_000, 0, 300, False, date(2025, 12, 31)) is None


def test_a_card_that_ended_is_used_and_flagged(book):
    quote = book.quote("ups:ground", "07094", "60601", 2_000, 0, 300, False, date(2027, 1, 1))
    assert terms(quote)["base"] == 2100
    assert quote.stale == "ups:ground: its rate card ended on 2026-12-31; import the one that follows"
    assert book.stale(date(2027, 1, 1)) == (quote.stale,)
    assert book.stale(AUGUST) == ()


def test_an_open_card_grows_old(rate_frames):
    frames = rate_frames | {"rate_cards": rate_frames["rate_cards"].with_columns(valid_to=pl.lit(None, dtype=pl.Date))}
    book = RateBook.from_frames(**frames)
    # 6 July 2026 to 10 August 2027 is exactly 400 days.
    assert book.ladder("ups:ground", 4, date(2027, 8, 10)).stale == ""
    assert "401 days old" in book.ladder("ups:ground", 4, date(2027, 8, 11)).stale


def test_a_new_fuel_rate_is_one_row(rate_frames):
    fuel = pl.DataFrame(
        {"service": ["ups:ground"], "valid_from": [date(2026, 2, 2)], "fuel_bp": [0], "dim_divisor_mm3_per_g": [0]}
    )
    cards = pl.concat([rate_frames["rate_cards"], fuel], how="diagonal").with_columns(
        pl.col("minimum_cents").fill_null(0), pl.col("max_weight_g").fill_null(9_000)
    )
    book = RateBook.from_frames(**rate_frames | {"rate_cards": cards})
    quote = book.quote("ups:ground", "07094", "60601", 600, 0, 300, True, MARCH)
    assert terms(quote) == {"base": 1100, "fuel": 0, "residential": 595, "delivery_area": 25}


def test_zones_come_from_the_chart_then_from_distance(book):
    assert book.zone("07094", "10001") == 2
    # 070 to 191 has no row in the chart: about 80 miles, hence zone 2; 070 to 902 about 2,440, hence 8.
    assert (book.zone("07094", "19103"), book.zone("07094", "90210")) == (2, 8)
    assert book.zone("07094", "60701") is None
    # A chart has a direction: from Chicago there is no row, and 606 has no place.
    assert book.zone("60601", "07094") is None


def test_where_a_service_does_not_go_there_is_no_price(book):
    assert book.ladder("ups:ground", 8, MARCH) is None
    assert book.quote("ups:ground", "07094", "90210", 1, 0, 1, False, MARCH) is None
    assert book.quote("nobody:ever", "07094", "60601", 1, 0, 1, False, MARCH) is None
    assert book.quote("ups:ground", "07094", "60701", 1, 0, 1, False, MARCH) is None


def test_transit_is_a_share_for_each_day_and_cannot_be_written(book):
    share = book.transit_share("ups:ground", 4)
    assert share.tolist() == [0.0, 0.0, 0.7, 0.2, 0.0, 0.1]
    assert book.transit_share("ups:ground", 2) is None
    with pytest.raises(ValueError, match="read-only"):
        share[0] = 1.0


def test_a_ladder_is_made_once(book):
    assert book.ladder("ups:ground", 4, MARCH) is book.ladder("ups:ground", 4, MARCH)


def test_services_are_listed(book):
    assert book.services == ("ups:ground",)
