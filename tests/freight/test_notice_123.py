"""USPS Notice 123, retail, worked by hand: ounces, dimensional weight above a cubic foot, 166 cubic inches a pound."""

import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from evenstock.freight.bulk import Bulk
from evenstock.freight.rates import RateBook
from evenstock.freight.snapshot import snapshot

pytestmark = pytest.mark.real_data
TABLES = Path(os.environ.get("EVENSTOCK_SHARED", Path(__file__).parents[2] / "../shared")) / "data/us"
TABLES = TABLES / "usps_notice123_2025_10"
OCTOBER, DAY = date(2025, 10, 5), date(2025, 11, 3)
FILES = {"usps:ground_advantage": "usps_ground_advantage_retail", "usps:priority_mail": "usps_priority_mail_retail"}
OUNCE_G, POUND_G, CUBIC_INCH_MM3 = 28.349523125, 453.59237, 16_387.064
CUBIC_FOOT_MM3 = 28_316_847
"""1,728 cubic inches, up to a whole cubic millimetre."""

if not TABLES.exists():
    pytest.skip("the Postal Service's tables are not on this machine", allow_module_level=True)


def mm3(*inches):
    length, width, height = inches
    return round(length * width * height * CUBIC_INCH_MM3)


@pytest.fixture(scope="module")
def book():
    rates = []
    for service, name in FILES.items():
        table = pl.read_csv(TABLES / f"{name}.csv")
        # Ounces down to whole grams, so that no parcel gets a break it does not weigh in for.
        table = table.with_columns(max_weight_g=(pl.col("max_weight_oz") * OUNCE_G).floor().cast(pl.Int64))
        for row in table.unique("max_weight_g", keep="first", maintain_order=True).iter_rows(named=True):
            rates += [(service, OCTOBER, z, row["max_weight_g"], round(100 * row[f"zone_{z}"])) for z in range(1, 10)]
    cards = pl.DataFrame(
        {
            "service": list(FILES),
            "valid_from": [OCTOBER] * 2,
            # 166 in3/lb are 166 x 16,387.064 / 453.59237 = 5,997.3 mm3/g; up, so that a box of exactly 20 lb bills 20.
            "dim_divisor_mm3_per_g": [5_998] * 2,
            "dim_above_mm3": [CUBIC_FOOT_MM3] * 2,
            "max_weight_g": [31_751] * 2,
        }
    )
    # The fees of Notice 123 for nonstandard parcels: one for length, of which the larger counts, one for volume.
    fees = pl.DataFrame(
        [
            ("length above 22 in", "longest_over", 558, 400, "length"),
            ("length above 30 in", "longest_over", 762, 700, "length"),
            ("volume above 2 cubic feet", "volume_over", 2 * CUBIC_FOOT_MM3, 1_800, ""),
        ],
        schema=["surcharge", "applies", "above", "cents", "dearest_of"],
        orient="row",
    )
    fees = fees.join(cards.select("service", "valid_from"), how="cross")
    zones = pl.DataFrame({"origin_zip3": ["100"] * 2, "destination_zip3": ["606", "941"], "zone": [5, 8]})
    return RateBook.from_frames(
        rate_cards=cards,
        rates=pl.DataFrame(rates, schema=["service", "valid_from", "zone", "max_weight_g", "cents"], orient="row"),
        surcharges=fees,
        zones=zones,
    )


def cents(book, service, to, weight_g, volume=0, longest=100, **other):
    return book.quote(f"usps:{service}", "10001", to, round(weight_g), volume, longest, True, DAY, **other)


def test_ounces_go_up_to_their_break(book):
    # Zone 5 (Chicago): up to 4 oz 7.80, up to 8 oz 8.35, up to a pound 10.65, up to 2 lb 12.80.
    ounces = {4: 780, 4.1: 835, 8: 835, 12.1: 1_065, 16: 1_065, 16.1: 1_280}
    got = {oz: cents(book, "ground_advantage", "60601", int(oz * OUNCE_G)).cents for oz in ounces}
    assert got == ounces


def test_a_cubic_foot_exactly_is_billed_by_weight(book):
    # 12 x 12 x 12 in = 1,728 in3, not above a cubic foot: 2 lb pay 12.80.
    quote = cents(book, "ground_advantage", "60601", 2 * POUND_G - 1, mm3(12, 12, 12))
    assert (quote.billable_g, quote.cents) == (906, 1_280)


def test_above_a_cubic_foot_volume_bills_at_166_cubic_inches_a_pound(book):
    # 20 x 14 x 12 in = 3,360 in3 / 166 = 20.24 lb, hence 21 lb: zone 5 39.90, whatever less it weighs.
    # As Priority Mail 50.10. Its 1.94 cubic feet are below two, its 20 in below 22: no fee.
    volume = mm3(20, 14, 12)
    assert cents(book, "ground_advantage", "60601", 2 * POUND_G, volume, 508).cents == 3_990
    assert cents(book, "priority_mail", "60601", 2 * POUND_G, volume, 508).cents == 5_010
    # One that weighs 20 lb and 20 x 16 x 10 in = 3,200 in3 / 166 = 19.28 lb, hence 20: 32.75.
    assert cents(book, "ground_advantage", "60601", 20 * POUND_G - 1, mm3(20, 16, 10), 508).cents == 3_275


def test_a_box_of_exactly_twenty_dimensional_pounds_bills_twenty(book):
    # 3,320 in3 / 166 = 20.000 lb.
    assert cents(book, "ground_advantage", "94101", 1_000, mm3(20, 16.6, 10), 508).cents == 6_265


def test_a_long_parcel_pays_the_larger_length_fee_and_a_big_one_its_volume_fee(book):
    # 3 lb to San Francisco, zone 8: 20.10. 23 in: + 4.00. 31 in: + 7.00, not both.
    assert [cents(book, "ground_advantage", "94101", 3 * POUND_G - 1, 0, mm).cents for mm in (558, 584, 787)] == [
        2_010,
        2_010 + 400,
        2_010 + 700,
    ]
    # 31 x 12 x 10 in = 3,720 in3 = 2.15 cubic feet: / 166 = 22.4, hence 23 lb, + 7.00 + 18.00.
    quote = cents(
        book, "ground_advantage", "94101", 3 * POUND_G, mm3(31, 12, 10), goods=Bulk(787, volume_mm3=mm3(31, 12, 10))
    )
    table = pl.read_csv(TABLES / "usps_ground_advantage_retail.csv")
    pounds_23 = round(100 * table.filter(pl.col("max_weight_oz") == 23 * 16)["zone_8"].item())
    assert quote.cents == pounds_23 + 700 + 1_800


def test_the_snapshot_and_the_one_call_say_the_same(book):
    found = snapshot(book, ["100"], ["606", "941"], [113, 906, 9_071], DAY)
    # Ground Advantage, then Priority Mail: 4 oz, 2 lb, 20 lb.
    assert found.cents[0].tolist() == [
        [[780, 1_280, 3_275], [1_300, 1_575, 4_490]],
        [[840, 1_715, 6_265], [1_660, 1_985, 10_095]],
    ]
    assert book.quotes("100", "941", 906, 0, 100, True, DAY).cents.tolist() == [1_715, 1_985]
