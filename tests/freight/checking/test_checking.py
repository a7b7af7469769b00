"""Whether new rate tables are sane."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.freight.checking import Checked, check_rates

TODAY, OLD, NEW = date(2026, 6, 1), date(2026, 1, 5), date(2026, 7, 6)
Frames = dict[str, pl.DataFrame]


def cards(day: date, *services: str, **terms: object) -> pl.DataFrame:
    return pl.DataFrame({"service": services, "valid_from": day} | terms)


def rates(day: date, service: str, cells: dict[tuple[int, int], int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"service": service, "valid_from": day, "zone": [z for z, _ in cells], "max_weight_g": [g for _, g in cells],
         "cents": list(cells.values())}
    )  # fmt: skip


def typed(frames: Frames) -> Frames:
    """As those that serve: with every column of the dictionary."""
    return dict(check_rates(frames, {}, date(2000, 1, 1)).frames)


def checked(new: Frames, before: Frames | None = None) -> Checked:
    return check_rates(new, typed(before or {}), TODAY)


def doubts(new: Frames, before: Frames | None = None) -> list[str]:
    found = checked(new, before)
    assert not found.wrong, found.wrong
    return [str(finding) for finding in found.doubtful]


@settings(max_examples=30)
@given(start=st.integers(300, 2_000), zone=st.integers(0, 200), gram=st.floats(0.001, 0.1), rise=st.floats(-0.08, 0.1))
def test_a_card_that_rises_with_weight_and_distance_and_moves_as_cards_do_is_taken(
    start: int, zone: int, gram: float, rise: float
) -> None:
    cells = {(z, g): start + zone * (z - 2) + int(gram * g) for z in range(2, 9) for g in (500, 1_000, 5_000, 20_000)}
    later = {cell: round(cents * (1 + rise)) for cell, cents in cells.items()}
    before = {"rate_cards": cards(OLD, "c:s"), "rates": rates(OLD, "c:s", cells)}

    # Steep cards may well jump by more than the weight: that is a doubt of the first card as of the second.
    known = {doubt.split(", ")[0].split(" from ")[1][10:] for doubt in doubts(before)}
    found = doubts({"rate_cards": cards(NEW, "c:s"), "rates": rates(NEW, "c:s", later)}, before)

    assert all("more than the weight explains" in doubt for doubt in found)
    assert bool(found) <= bool(known)


def test_zones_that_are_names_need_not_rise() -> None:
    cells = {(2, 500): 900, (3, 500): 950, (44, 500): 700}

    assert doubts({"rate_cards": cards(NEW, "c:s"), "rates": rates(NEW, "c:s", cells)}) == []
    dearer_near = cells | {(3, 500): 890}
    assert (
        "is less than the 900 of zone 2"
        in doubts({"rate_cards": cards(NEW, "c:s"), "rates": rates(NEW, "c:s", dearer_near)})[0]
    )


def test_a_service_that_ends_without_a_successor_is_missed() -> None:
    before = {
        "rate_cards": cards(OLD, "c:s", "c:two_day", "d:s", valid_to=date(2026, 7, 5)),
        "rates": pl.concat([rates(OLD, name, {(2, 500): 900}) for name in ("c:s", "c:two_day", "d:s")]),
    }

    assert doubts({"rate_cards": cards(NEW, "c:s"), "rates": rates(NEW, "c:s", {(2, 500): 930})}, before) == [
        "rate_cards c:two_day from 2026-01-05: its card ends on 2026-07-05, and the new cards of c do not have it; add its card, or accept it with a reason"
    ]


def test_a_card_that_keeps_its_rates_loses_nothing() -> None:
    before = {"rate_cards": cards(OLD, "c:s"), "rates": rates(OLD, "c:s", {(2, 500): 900, (3, 500): 950})}

    assert doubts({"rate_cards": cards(NEW, "c:s", fuel_bp=500)}, before) == []


@pytest.mark.parametrize(
    ("table", "frame", "told"),
    [
        ("fuel_index", pl.DataFrame({"fuel_index": "diesel", "region": "US", "date": [date(2026, 5, 4)], "mills": [35]}), "fuel_index row 1, fuel_index diesel, region US, date 2026-05-04, mills 35: is not plausible: 300 to 30,000 is"),
        ("fuel_index", pl.DataFrame({"fuel_index": "diesel", "region": "US", "date": [date(2026, 6, 8)], "mills": [3500]}), "lies after today, 2026-06-01"),
        ("fuel_tables", pl.DataFrame({"fuel_table": ["t"], "valid_from": [NEW], "at_least_mills": [3000], "fuel_bp": [15_000]}), "fuel_bp 15,000: is not plausible: 0 to 10,000 is"),
        ("exchange_rates", pl.DataFrame({"currency": ["EUR"], "date": [OLD], "micros": [0]}), "micros 0: is not plausible"),
        ("rate_cards", cards(NEW, "c:s", dim_divisor_mm3_per_g=139), "dim_divisor_mm3_per_g 139: is not plausible: 1,000 to 20,000 is"),
        ("rates", rates(NEW, "c:s", {(2, 500): 900}), "rates c:s from 2026-07-06: no rate card begins that day; add it to rate_cards"),
        ("truckload_rates", pl.DataFrame({"service": ["c:ftl"], "valid_from": [NEW], "mile_cents": [10**9]}), "mile_cents 1,000,000,000: is not plausible: 10 to 5,000 is"),
        ("discounts", pl.DataFrame({"service": ["c:s"], "valid_from": [NEW], "zone": [0], "above_g": [0]}), "column spend_above_cents: is not there"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_wrong_and_named(table: str, frame: pl.DataFrame, told: str) -> None:
    found = checked({table: frame})

    assert any(told in str(finding) for finding in found.wrong), found.wrong


FUEL = pl.DataFrame({"fuel_table": "t", "valid_from": OLD, "at_least_mills": [2000, 3000, 4000], "fuel_bp": [1000, 1100, 1200]})  # fmt: skip
TARIFF = pl.DataFrame(
    {"tariff": "t", "valid_from": OLD, "origin_zip3": "752", "destination_zip3": "100", "freight_class": "70",
     "at_least_lb": [0, 500], "cents_cwt": [4000, 3600]}
)  # fmt: skip


@pytest.mark.parametrize(
    ("table", "before", "new", "told"),
    [
        ("fuel_tables", None, FUEL.with_columns(fuel_bp=pl.Series([1000, 1100, 1050])), "t from 2026-01-05 at 4,000 mills, fuel_bp 1,050: is less than the 1,100 at 3,000 mills"),
        ("fuel_tables", FUEL, FUEL.head(2).with_columns(valid_from=pl.lit(NEW)), "ends at 3,000 mills, where the table before went to 4,000"),
        ("fuel_index", None, pl.DataFrame({"fuel_index": "d", "region": "US", "date": [date(2026, 5, 4), date(2026, 5, 11)], "mills": [3500, 5300]}), "mills 5,300: is +51% against the 3,500 of 2026-05-04"),
        ("exchange_rates", pl.DataFrame({"currency": ["CAD"], "date": [OLD], "micros": [730_000]}), pl.DataFrame({"currency": ["CAD"], "date": [NEW], "micros": [370_000]}), "CAD on 2026-07-06, micros 370,000: is -49%"),
        ("ltl_tariffs", TARIFF, TARIFF.with_columns(pl.col("cents_cwt") * 2, valid_from=pl.lit(NEW)), "its rates move by +100.0% in the middle"),
        ("ltl_tariffs", pl.concat([TARIFF, TARIFF.with_columns(destination_zip3=pl.lit("900"))]), TARIFF.with_columns(valid_from=pl.lit(NEW)), "1 lanes of the version before are gone, first 752 to 900"),
        ("accessorials", pl.DataFrame({"service": ["c:ltl"], "valid_from": [OLD], "accessorial": ["liftgate"], "cents": [9000]}), pl.DataFrame({"service": ["c:ltl"], "valid_from": [NEW], "accessorial": ["liftgate"], "cents": [19_000]}), "c:ltl liftgate from 2026-07-06, cents 19,000: is +111% against the 9,000 before"),
        ("truckload_rates", pl.DataFrame({"service": ["c:ftl"], "valid_from": [OLD], "mile_cents": [250]}), pl.DataFrame({"service": ["c:ftl"], "valid_from": [NEW], "mile_cents": [25]}), "mile_cents 25: is -90% against the 250 before"),
    ],
)  # fmt: skip
def test_what_is_odd_is_doubtful_and_named(
    table: str, before: pl.DataFrame | None, new: pl.DataFrame, told: str
) -> None:
    found = doubts({table: new}, None if before is None else {table: before})

    assert any(told in doubt for doubt in found), found


def test_a_list_of_areas_in_force_is_not_made_longer() -> None:
    there = {"delivery_areas": pl.DataFrame({"area_list": ["extended"], "postal_code": ["59"]})}
    longer = pl.DataFrame({"area_list": ["extended", "extended 2027"], "postal_code": ["83", "83"]})

    [finding] = checked({"delivery_areas": longer}, there).wrong

    assert "1 postal codes that the list in force has not, first 83" in str(finding)
