"""Differences by service, charge and cause, in blocks and by week."""

from datetime import date, timedelta

import polars as pl
import pytest

from evenstock.freight.drift import Series, series_of, weeks

MONDAY = date(2026, 1, 5)


def built(off: dict[str, int], cause: str = "rate", parcels: int = 10, days: int = 10) -> list[Series]:
    """Parcels of 10.00 base and 1.00 fuel each working day; those named are off by so many cents of base."""
    names = [(f"{d}-{n}", MONDAY + timedelta(days=d)) for d in range(days) if d % 7 < 5 for n in range(parcels)]
    every = pl.DataFrame(
        {"parcel": [n for n, _ in names], "service": "c:s", "shipped_on": [d for _, d in names], "known_on": [d for _, d in names]}
    )  # fmt: skip
    parts = pl.DataFrame(
        {"parcel": list(off), "charge": "base", "cause": cause, "cents": list(off.values())},
        schema_overrides={"parcel": pl.String, "charge": pl.String, "cause": pl.String, "cents": pl.Int64},
    )
    charges = pl.concat(
        [
            every.select("parcel", charge=pl.lit("base"), cents=pl.lit(1000), fuel=pl.lit(100)),
            every.select("parcel", charge=pl.lit("fuel"), cents=pl.lit(100), fuel=pl.lit(0)),
        ]
    )
    return series_of(parts, every, charges)


def test_parcels_that_are_billed_as_quoted_count_in_the_share() -> None:
    [one] = built({"0-0": 440})

    # Ten parcels a day make blocks of two days; 4.40 of 20 x (10.00 + 1.00 of fuel on it) are 2 %.
    assert one.parcels.tolist() == [20, 20, 20, 20]
    assert one.share.tolist() == pytest.approx([0.02, 0, 0, 0])
    assert one.charged[0] == 20_000


def test_weeks_are_those_of_shipping() -> None:
    [one] = built({"4-0": 550, "7-1": 1100}, cause="unknown")

    assert weeks(one).select("week", "parcels", "off").rows() == [
        (MONDAY, 50, 550.0),
        (MONDAY + timedelta(days=7), 30, 1100.0),
    ]


def test_a_single_error_is_cut_but_kept_in_what_was_billed() -> None:
    [rate] = built({"0-0": 90_000})

    # At most half of the 11.00 quoted counts as drift; the 900.00 stay in the money.
    assert rate.off[0] == 550
    assert rate.whole[0] == 90_000


def test_without_a_difference_there_is_no_series() -> None:
    assert built({}) == []
