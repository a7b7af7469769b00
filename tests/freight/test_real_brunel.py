"""Every order of the Brunel day has a price of its recorded carrier, service and weight, or a reason why not."""

import os
from pathlib import Path

import polars as pl
import pytest
from benchmarks import brunel_day, freight_brunel

from evenstock.freight.past import price_past

pytestmark = pytest.mark.real_data
FOLDER = Path(os.environ.get("EVENSTOCK_SHARED", Path(__file__).parents[2] / "../shared")) / "data/brunel"

if not FOLDER.exists():
    pytest.skip("the real Brunel orders are not on this machine", allow_module_level=True)


@pytest.fixture(scope="module")
def files():
    return brunel_day.read(FOLDER)


def test_of_6489_orders_4937_have_a_rate_575_travel_at_the_customers_cost_and_977_fall_between_breaks(files):
    told = freight_brunel.reasons(files)
    counted = dict(told.group_by("reason").len().iter_rows())

    assert counted == {None: 4_937, freight_brunel.OWN: 575, freight_brunel.HOLE: 972, freight_brunel.SEAM: 5}
    assert sum(counted.values()) == 6_489


def test_the_rate_book_charges_what_the_files_own_rows_say_to_the_cent(files):
    rated = freight_brunel.reasons(files).filter(pl.col("reason").is_null())
    found = price_past(freight_brunel.book(files), freight_brunel.parcels(rated))
    rows = freight_brunel.by_rows(files, rated)

    assert found.unpriced.is_empty()
    assert found.priced.select("order", "cents").rows() == rows.select("order", "least").rows()
    assert found.priced["cents"].sum() == 1_044_427


def test_a_hole_between_2_kg_and_70_swallows_the_carriers_usual_parcels(files):
    told = freight_brunel.reasons(files).filter(pl.col("reason") == freight_brunel.HOLE)

    assert set(told["carrier"]) == {"V444_1"}
    assert told["kg"].is_between(2.5, 70.51).all()
