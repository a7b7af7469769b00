"""The US Postal Service's own tables through the rate book."""

import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from evenstock.freight.distance import haversine_miles
from evenstock.freight.rates import RateBook
from evenstock.freight.tariff import Tariff
from evenstock.freight.zones import distance_zone

pytestmark = pytest.mark.real_data
US = Path(os.environ.get("EVENSTOCK_SHARED", Path(__file__).parents[2] / "../shared")) / "data/us"
OCTOBER = date(2025, 10, 5)
OUNCE_G = 28.349523125
FILES = {"usps:ground_advantage": "usps_ground_advantage_retail", "usps:priority_mail": "usps_priority_mail_retail"}

if not US.exists():
    pytest.skip("the real US rates and zones are not on this machine", allow_module_level=True)


def notice_123():
    """Both retail tables, ounces down to whole grams so that no parcel gets a break it does not weigh in for.

    The breaks of 15.999 oz (453.56 g) and 16 oz (453.59 g) fall on the same whole gram, at the same price: one row
    stands for both.
    """
    for service, name in FILES.items():
        table = pl.read_csv(US / f"usps_notice123_2025_10/{name}.csv")
        grams = (pl.col("max_weight_oz") * OUNCE_G).floor().cast(pl.Int64)
        yield service, table.with_columns(max_weight_g=grams).unique("max_weight_g", keep="first", maintain_order=True)


@pytest.fixture(scope="module")
def book():
    rates = pl.concat(
        table.drop("max_weight_oz")
        .unpivot(index="max_weight_g", variable_name="zone", value_name="dollars")
        .select(
            service=pl.lit(service),
            valid_from=pl.lit(OCTOBER),
            zone=pl.col("zone").str.strip_prefix("zone_").cast(pl.Int64),
            max_weight_g=pl.col("max_weight_g"),
            cents=(pl.col("dollars") * 100).round().cast(pl.Int64),
        )
        for service, table in notice_123()
    )
    # 166 in3/lb = 5997.3 mm3/g.
    cards = pl.DataFrame(
        {
            "service": list(FILES),
            "valid_from": [OCTOBER] * 2,
            "dim_divisor_mm3_per_g": [5997] * 2,
            "max_weight_g": [31_751] * 2,
        }
    )
    places = pl.read_csv(US / "zip3_centroids_census2021.csv", schema_overrides={"zip3": pl.String})
    return RateBook.from_frames(rate_cards=cards, rates=rates, places=places.drop("n_zcta"))


def test_every_printed_price_comes_back_to_the_cent(book):
    cells = 0
    for service, table in notice_123():
        for zone in range(1, 10):
            ladder = book.ladder(service, zone, OCTOBER)
            grams = table["max_weight_g"].to_list()
            got = Tariff.pack([ladder]).terms([0] * len(grams), grams)
            assert got[:, 0].tolist() == [round(d * 100) for d in table[f"zone_{zone}"]]
            assert not got[:, 1:].any()
            cells += len(grams)
    assert cells == 9 * (73 + 70)


def test_a_known_parcel_from_new_york_to_chicago(book):
    # 100 to 606 is about 714 miles, zone 5; 12.5 oz = 354 g is in the step up to 15.999 oz: 10.65.
    quote = book.quote("usps:ground_advantage", "10001", "60601", 354, 0, 300, True, date(2025, 11, 3))
    assert (quote.zone, quote.cents, quote.stale) == (5, 1065, "")


def test_distance_gives_the_postal_services_zone_in_five_of_six_pairs_and_within_one_in_nearly_all():
    military = [f"{k:03}" for k in range(90, 99)] + ["340"] + [str(k) for k in range(962, 967)]
    chart = (
        pl.read_parquet(US / "usps_zones.parquet")
        .drop_nulls("zone")
        .filter((pl.col("dest_zip").str.len_chars() == 3) & ~pl.col("origin_zip").is_in(military))
    )
    assert (chart.height, chart["origin_zip"].n_unique()) == (223_869, 915)
    places = pl.read_csv(US / "zip3_centroids_census2021.csv", schema_overrides={"zip3": pl.String})
    known = chart.join(places, left_on="origin_zip", right_on="zip3").join(
        places, left_on="dest_zip", right_on="zip3", suffix="_to"
    )
    miles = haversine_miles(known["latitude"], known["longitude"], known["latitude_to"], known["longitude_to"])
    off = abs(distance_zone(miles) - known["zone"].cast(pl.Int64).to_numpy())
    assert (off == 0).mean() == pytest.approx(0.8474, abs=0.0005)
    assert (off <= 1).mean() > 0.998
