"""A parcel that has left has a price in the rate book, or a reason why not."""

from datetime import date

import polars as pl
import pytest

from evenstock.freight.past import price_past
from evenstock.freight.rates import RateBook

MARCH = date(2026, 3, 2)


@pytest.fixture
def book(rate_frames):
    """UPS Ground from 070: January and July cards; a transit of zone 4 alone; see conftest."""
    rate_frames["rate_cards"] = rate_frames["rate_cards"].with_columns(max_longest_mm=pl.lit(2_740))
    return RateBook.from_frames(**rate_frames)


def parcels(*rows):
    """Parcel, service, destination, day, grams."""
    frame = pl.DataFrame(
        rows,
        schema=["parcel", "service", "destination_postal_code", "shipped_on", "weight_g", "length_mm"],
        orient="row",
    )
    return frame.with_columns(origin_postal_code=pl.lit("07094"), residential=pl.lit(value=True))


GOOD = ("1", "ups:ground", "10001", MARCH, 600, 0)


def test_a_parcel_costs_what_its_card_said_on_the_day_it_left(book):
    # March: 10.00, 18.5 % fuel 1.85, home 5.95, area 0.25. In July: 17.00, 20 % 3.40, and no surcharge of its own card: kept.
    found = price_past(book, parcels(GOOD, ("2", *GOOD[1:3], date(2026, 8, 3), 600, 0)))

    assert found.unpriced.is_empty()
    assert found.priced.select("parcel", "zone", "billable_g", "base_cents", "fuel_cents", "other_cents").row(0) == (
        "1", 2, 600, 1_000, 185, 620
    )  # fmt: skip
    quoted = [book.quote("ups:ground", "07094", "10001", 600, 0, 0, True, on).cents for on in (MARCH, date(2026, 8, 3))]
    assert found.priced["cents"].to_list() == quoted


def test_every_parcel_without_a_rate_says_which_thing_is_missing(book):
    found = price_past(
        book,
        parcels(
            GOOD,
            ("2", "ups:groun", "10001", MARCH, 600, 0),
            ("3", "ups:ground", "10001", date(2025, 12, 31), 600, 0),
            ("4", "ups:ground", "00100", MARCH, 600, 0),
            ("5", "ups:ground", "90210", MARCH, 600, 0),
            ("6", "ups:ground", "10001", MARCH, 9_001, 0),
            ("7", "ups:ground", "10001", MARCH, 600, 2_741),
            ("8", "ups:ground", "10001", MARCH, 9_001, 0),
        ),
    )

    assert found.priced["parcel"].to_list() == ["1"]
    assert found.unpriced.select("parcel", "reason").rows() == [
        ("2", "no such service"),
        ("3", "before the first card"),
        ("4", "place unknown"),
        ("5", "no rate in the zone"),
        ("6", "too heavy"),
        ("7", "too long"),
        ("8", "too heavy"),
    ]
    assert found.unpriced["because"][4] == "9001 g billable; ups:ground takes 9000 g in zone 2"
    assert next(iter(found.by_reason.items())) == ("too heavy", 2)


def test_nothing_is_lost_and_parcels_keep_their_order(book):
    rows = [(str(k), "ups:ground", ("10001", "60601", "00100")[k % 3], MARCH, 100 * k, 0) for k in range(1, 31)]
    found = price_past(book, parcels(*rows))

    assert sorted([*found.priced["parcel"], *found.unpriced["parcel"]]) == sorted(row[0] for row in rows)
    assert found.priced["parcel"].to_list() == [row[0] for row in rows if row[2] != "00100"]


def test_a_parcel_that_cannot_be_read_is_named(book):
    with pytest.raises(ValueError, match=r"parcels row 2: weight_g is -5; .*\(and 1 more\)"):
        price_past(book, parcels(GOOD, ("2", *GOOD[1:4], -5, 0), ("3", *GOOD[1:4], -6, 0)))
    with pytest.raises(ValueError, match="parcels row 1: service is None"):
        price_past(book, parcels(GOOD).with_columns(service=pl.lit(None, pl.String)))
    with pytest.raises(ValueError, match="column weight_g is missing"):
        price_past(book, parcels(GOOD).drop("weight_g"))
