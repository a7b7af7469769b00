import math
from datetime import date

import polars as pl
import pytest

from evenstock.freight.rates import RateBook

JAN, JUL = date(2026, 1, 1), date(2026, 7, 6)


def refusal(frames):
    with pytest.raises(ValueError) as caught:
        RateBook.from_frames(**frames)
    return str(caught.value)


def with_rate(frames, cents, zone=4, grams=500):
    changed = frames["rates"].with_columns(
        cents=pl.when((pl.col("zone") == zone) & (pl.col("max_weight_g") == grams) & (pl.col("valid_from") == JAN))
        .then(pl.lit(cents))
        .otherwise(pl.col("cents").cast(pl.Float64))
    )
    return frames | {"rates": changed}


@pytest.mark.parametrize(
    ("cents", "says"),
    [
        (0.0, "is 0; it is 1 or more"),
        (-5.0, "is -5; it is 1 or more"),
        (math.nan, "is nan"),
        (10.5, "is 10.5"),
        (math.inf, "is inf"),
    ],
)
def test_a_rate_that_is_no_price_is_refused_by_its_cell(rate_frames, cents, says):
    assert refusal(with_rate(rate_frames, cents)).startswith(
        f"rates row 5, ups:ground from 2026-01-01 zone 4 up to 500 g: cents {says}"
    )


def test_an_empty_cell_is_named(rate_frames):
    assert refusal(with_rate(rate_frames, None)) == "rates row 5: cents is empty; fill it in"


def test_all_problems_come_at_once(rate_frames):
    frames = with_rate(with_rate(rate_frames, 0.0), -1.0, zone=2)
    assert len(refusal(frames).splitlines()) == 2


def test_a_zone_lost_between_two_others_is_named(rate_frames):
    frames = rate_frames | {"rates": rate_frames["rates"].filter((pl.col("zone") != 3) | (pl.col("valid_from") != JAN))}
    assert refusal(frames) == "rates: ups:ground from 2026-01-01 has zones 2 and 4 but no row for zone 3; add it"


def test_a_card_without_any_rate_is_named(rate_frames):
    frames = rate_frames | {"rates": rate_frames["rates"].filter(pl.col("valid_from") != JAN)}
    assert "ups:ground from 2026-01-01 has no rate at all" in refusal(frames)


def test_rates_without_their_card_are_named(rate_frames):
    frames = rate_frames | {"rate_cards": rate_frames["rate_cards"].filter(pl.col("valid_from") == JAN)}
    assert "zone 2 up to 10000 g: no rate card begins that day" in refusal(frames)


def test_a_cell_that_stands_twice_is_named(rate_frames):
    frames = rate_frames | {"rates": pl.concat([rate_frames["rates"], rate_frames["rates"].head(1)])}
    assert "rates row 11, ups:ground from 2026-01-01 zone 2 up to 500 g: stands twice" in refusal(frames)


def test_a_missing_column_is_named(rate_frames):
    assert "rates: column zone is missing" in refusal(rate_frames | {"rates": rate_frames["rates"].drop("zone")})


def test_transit_shares_add_up_to_one(rate_frames):
    frames = rate_frames | {"transit": rate_frames["transit"].head(2)}
    assert refusal(frames) == "transit: shares of ups:ground zone 4 add up to 0.900000; they must make 1"


def test_a_chart_cannot_say_two_zones(rate_frames):
    twice = pl.concat([rate_frames["zones"], rate_frames["zones"].head(1).with_columns(zone=pl.lit(3, dtype=pl.Int64))])
    assert "070 to 100 is both zone 2 and 3" in refusal(rate_frames | {"zones": twice})


def test_a_place_off_the_earth_is_refused(rate_frames):
    places = rate_frames["places"].with_columns(latitude=pl.lit(91.0))
    assert "nowhere on earth" in refusal(rate_frames | {"places": places})


def test_a_surcharge_without_card_or_with_a_taken_name_is_refused(rate_frames):
    named = rate_frames["surcharges"].with_columns(
        surcharge=pl.lit("fuel"), valid_from=pl.Series([JAN, JUL, date(2020, 1, 1), JAN])
    )
    said = refusal(rate_frames | {"surcharges": named})
    assert "surcharges row 1, ups:ground from 2026-01-01 fuel: the name is taken" in said
    assert "surcharges row 3, ups:ground from 2020-01-01 fuel: no rate card begins that day" in said


def test_a_card_that_ends_before_it_begins_is_refused(rate_frames):
    cards = rate_frames["rate_cards"].with_columns(valid_to=pl.lit(date(2020, 1, 1)))
    assert "before it begins" in refusal(rate_frames | {"rate_cards": cards})


def test_what_is_odd_but_lawful_is_noted(rate_frames):
    book = RateBook.from_frames(**with_rate(rate_frames, 1200.0))
    assert "rates: ups:ground from 2026-01-01 zone 4: 1000 g cost 1100 cents, less than 500 g at 1200" in book.notes
    assert any("zone 3 lacks 2 breaks that most zones have, first 500 g" in note for note in book.notes)


def test_a_zone_without_any_rate_is_noted(rate_frames):
    frames = rate_frames | {"zones": rate_frames["zones"].with_columns(zone=pl.Series([2, 9], dtype=pl.Int64))}
    assert "zones: no service has a rate for zone 9" in RateBook.from_frames(**frames).notes
