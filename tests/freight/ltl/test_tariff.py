from datetime import date

import polars as pl
import pytest
from tests.freight.ltl.conftest import JANUARY, contract, flat_tariff

from evenstock.freight.ltl import LtlBook
from evenstock.freight.ltl.tariff import editions

WHERE = "ltl_tariffs row 5, flat from 2026-01-05 070-606 class 100 from 500 lb"
"""Rows 1 to 3 are class 50, 4 to 6 class 100."""


def with_cell(value):
    frame = flat_tariff()
    cell = (pl.col("freight_class") == "100") & (pl.col("at_least_lb") == 500)
    return frame.with_columns(pl.when(cell).then(pl.lit(value)).otherwise(pl.col("cents_cwt")).alias("cents_cwt"))


def refusal(frame, needed=()):
    with pytest.raises(ValueError) as refused:
        editions(frame, needed)
    return str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, f"{WHERE}: cents_cwt is 0; a rate is from 1 to 999999 cents a hundredweight"),
        (10_001, f"{WHERE}: cents_cwt is 10001, above the 10000 of lighter freight; a rate never rises with weight"),
        (float("nan"), "ltl_tariffs row 5, flat 2026-01-05 070 606 100 500: cents_cwt is nan; give a whole number"),
        (8_000.5, "ltl_tariffs row 5, flat 2026-01-05 070 606 100 500: cents_cwt is 8000.5; give a whole number"),
        (-1, "ltl_tariffs row 5, flat 2026-01-05 070 606 100 500: cents_cwt is -1; it is from 0 to 100000000000"),
    ],
)
def test_a_rate_that_cannot_be_right_is_refused_and_its_cell_named(value, said):
    assert said in refusal(with_cell(value))


def test_a_billion_is_a_slip():
    said = refusal(with_cell(1_000_000_000))
    assert f"{WHERE}: cents_cwt is 1000000000; a rate is from 1 to 999999 cents a hundredweight" in said


def test_an_empty_cell_and_a_row_that_stands_twice_are_named():
    assert any("row 5" in line and line.endswith("cents_cwt is empty; fill it in") for line in refusal(with_cell(None)))
    twice = refusal(pl.concat([flat_tariff(), flat_tariff()[4:5]]))
    assert "ltl_tariffs row 7, flat 2026-01-05 070 606 100 500: stands twice; keep one" in twice


def test_a_class_or_a_break_that_one_lane_lacks_is_named():
    other = flat_tariff().with_columns(destination_zip3=pl.lit("902"))
    without = other.filter((pl.col("freight_class") != "100") | (pl.col("at_least_lb") != 500))
    assert refusal(pl.concat([flat_tariff(), without])) == [
        "ltl_tariffs: flat from 2026-01-05 lacks 070-902 class 100 from 500 lb, which other lanes or classes have; add it"
    ]
    assert len(refusal(pl.concat([flat_tariff(), other.filter(pl.col("freight_class") == "50")]))) == 3


def test_a_lane_that_the_network_uses_is_missed():
    said = refusal(flat_tariff(), [("flat", ("606", "070")), ("flat", ("070", "606"))])
    assert said == ["ltl_tariffs: flat from 2026-01-05 has no lane 606-070, which the network uses; add it"]


def test_the_lightest_freight_needs_a_break():
    (said,) = refusal(flat_tariff(breaks=((500, 8_000),)))
    assert said.startswith("ltl_tariffs: flat from 2026-01-05 has no break at 0 lb: lighter freight than 500 lb")
    assert said.endswith("let its lightest break begin at 0")


def test_a_dearer_lower_class_is_lawful_and_said():
    odd = flat_tariff().with_columns(
        cents_cwt=pl.when(pl.col("freight_class") == "50").then(pl.col("cents_cwt") * 3).otherwise(pl.col("cents_cwt"))
    )
    _, notes = editions(odd)
    # Class 50 at 1.5 times class 100, in all three breaks.
    assert notes == (
        "ltl_tariffs: flat from 2026-01-05, 070-606 from 0 lb: class 100 costs less than class 50, and so in 2 more cells",
    )


def test_areas_are_read_in_capitals():
    (edition,), _ = editions(flat_tariff().with_columns(origin_zip3=pl.lit("m5v")))
    assert list(edition.lanes) == [("M5V", "606")]
    assert edition.rates(("M5V", "606"), "100").tolist() == [10_000, 8_000, 6_000]


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"tariff": "other"}, "saia:ltl from 2026-01-05: ltl_tariffs has no tariff 'other'; add it"),
        ({"valid_from": date(2026, 1, 1)}, "saia:ltl from 2026-01-01: its tariff begins only on 2026-01-05"),
        ({"fak_class": "71"}, "saia:ltl from 2026-01-05: fak_class is '71'; use one of 50, 55"),
        ({"linear_feet": 12}, "linear_foot_cents is 0, but the rule holds from 12 ft"),
        ({"discount_bp": 10_000}, "discount_bp is 10000; it is from 0 to 9999"),
    ],
)
def test_a_contract_that_cannot_be_right_is_refused(terms, said):
    with pytest.raises(ValueError) as refused:
        LtlBook.from_frames(ltl_tariffs=flat_tariff(), ltl_contracts=contract(**terms))
    assert said in str(refused.value)


def test_a_file_without_a_column_is_refused():
    assert refusal(flat_tariff().drop("cents_cwt"))[0].startswith(
        "ltl_tariffs: column cents_cwt is missing; the file needs"
    )


def test_an_edition_of_january_is_found_by_its_day():
    book = LtlBook.from_frames(ltl_tariffs=flat_tariff(), ltl_contracts=contract())
    assert book.edition("flat", JANUARY).valid_from == JANUARY
    assert book.edition("flat", date(2026, 1, 4)) is None
