"""What past shipments emitted, from the company's own tables."""

import datetime as dt

import polars as pl
import pytest

from evenstock.freight.distance import haversine_km
from evenstock.operations.carbon_report import carbon_report
from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)


@pytest.fixture
def company(tmp_path):
    """Three shipments from Dallas: two cups to Austin by road, two by air, and one to nobody knows where."""
    services = ["ups:ground", "ups:two_day"]
    frames = {
        "nodes": pl.DataFrame({"node": ["TX"], "kind": "own", "postal_code": "75201", "timezone": "America/Chicago"}),
        "items": pl.DataFrame({"sku": ["CUP"], "weight_g": 50_000, "unit_cost_cents": 400, "price_cents": 1_000}),
        "rate_cards": pl.DataFrame({"service": services, "valid_from": dt.date(2026, 1, 1)}),
        "rates": pl.DataFrame(
            {"service": services, "valid_from": dt.date(2026, 1, 1), "zone": 3, "max_weight_g": 68_000, "cents": 900}
        ),
        "places": pl.DataFrame({"zip3": ["752", "787"], "latitude": [32.8, 30.3], "longitude": [-96.8, -97.7]}),
        "order_history": pl.DataFrame(
            {"order": ["A", "B", "C"], "line": "1", "sku": "CUP", "units": 2, "postal_code": ["78701", "78702", "99999"]}
        ).with_columns(placed_at=pl.lit(NOW)),
        "shipments": pl.DataFrame(
            {"shipment": ["S1", "S2", "S3", "S4"], "order": ["A", "B", "C", "A"], "node": "TX",
             "service": ["ups:ground", "ups:two_day", "ups:ground", "ups:ground"]}
        ).with_columns(shipped_on=pl.lit(dt.date(2026, 11, 2))),
        "shipped_units": pl.DataFrame(
            {"shipment": ["S1", "S2", "S3"], "line": "1", "sku": "CUP", "units": 2}
        ),
    }  # fmt: skip
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path)
    import_network(store, snapshots, frames, NOW - dt.timedelta(days=150))
    return Company.load(store, snapshots)


def test_shipments_are_reckoned_by_weight_way_and_mode_and_the_rest_is_told(company):
    # 100 kg over 291 km of great circle: by road a fifth more, 34.9 tkm x 115.953 g; by air 95 km more, 38.6 tkm x 624.939 g.
    km = float(haversine_km(32.8, -97.7 + 0.9, 30.3, -97.7))
    found = carbon_report(company)
    grams = dict(found.shipments.select("shipment", "tank_to_wheel_g").iter_rows())

    assert grams == {"S1": round(0.1 * km * 1.2 * 115.953), "S2": round(0.1 * (km + 95) * 624.939)}
    assert found.left_out == {"place unknown": 1, "units unknown": 1}
    assert found.by_service["service"].to_list() == ["ups:two_day", "ups:ground"]
    assert found.by_lane.select("node", "area", "shipments").rows() == [("TX", "787", 2)]
    assert found.sentence.endswith("; 1 left out: place unknown; 1 left out: units unknown")


def test_a_mode_that_is_stated_is_reckoned_with(company):
    by_rail = carbon_report(company, {"ups:two_day": "rail"}).shipments

    assert by_rail.filter(pl.col("shipment") == "S2")["mode"].item() == "rail"
    assert by_rail["tank_to_wheel_g"].sum() < carbon_report(company).shipments["tank_to_wheel_g"].sum() / 3
