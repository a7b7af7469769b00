"""Past orders and shipments as the company's tables have them, turned into the margin of shipping."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from evenstock.operations.company import Company
from evenstock.operations.complete_zones import complete_zones
from evenstock.operations.import_network import import_network
from evenstock.operations.shipping_margin import past_margin
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
DAY = dt.date(2026, 11, 2)


def network():
    """TX ships by UPS Ground: 5.00 in zone 2, 8.00 in zone 4, up to a kilogram; 9.00 and 14.00 up to ten."""
    rates = [
        ("ups:ground", dt.date(2026, 1, 1), zone, grams, cents)
        for zone, grams, cents in (
            (2, 1_000, 500),
            (2, 10_000, 900),
            (3, 10_000, 1_000),
            (4, 1_000, 800),
            (4, 10_000, 1_400),
        )
    ]
    return {
        "nodes": pl.DataFrame({"node": ["TX"], "kind": "own", "postal_code": "75201", "timezone": "America/Chicago"}),
        "items": pl.DataFrame({"sku": ["CUP"], "weight_g": 400, "unit_cost_cents": 400, "price_cents": 1_000}),
        "rate_cards": pl.DataFrame({"service": ["ups:ground"], "valid_from": dt.date(2026, 1, 1), "max_weight_g": 10_000}),
        "rates": pl.DataFrame(rates, schema=["service", "valid_from", "zone", "max_weight_g", "cents"], orient="row"),
        "zones": pl.DataFrame({"origin_zip3": "752", "destination_zip3": ["787", "070"], "zone": [2, 4]}),
        "order_history": pl.DataFrame(
            [
                ("A", "1", 2, 0, "78701", 0, 600),
                ("B", "1", 3, 0, "07030", 900, 0),
                ("C", "1", 1, 1, "78701", 0, 600),
                ("D", "1", 1, 0, "99999", 0, 500),
            ],
            schema=["order", "line", "units", "cancelled", "postal_code", "price_cents", "shipping_paid_cents"],
            orient="row",
        ).with_columns(sku=pl.lit("CUP"), placed_at=pl.lit(NOW)),
        "shipments": pl.DataFrame(
            [("S1", "A", 777), ("S2", "B", None), ("S3", "B", None), ("S4", "D", None)],
            schema={"shipment": pl.String, "order": pl.String, "cents": pl.Int64}, orient="row",
        ).with_columns(node=pl.lit("TX"), service=pl.lit("ups:ground"), shipped_on=pl.lit(DAY)),
        "shipped_units": pl.DataFrame(
            [("S2", "1", "CUP", 2), ("S4", "1", "CUP", 1)], schema=["shipment", "line", "sku", "units"], orient="row"
        ),
    }  # fmt: skip


def company(folder: Path, **changes):
    store, snapshots = MemoryStore(), SnapshotFolder(folder)
    import_network(store, snapshots, network() | changes, NOW - dt.timedelta(days=150))
    return Company.load(store, snapshots)


def test_freight_is_the_invoice_else_the_quote_of_its_weight(tmp_path):
    # A: invoiced 7.77. B: one parcel of 800 g to zone 4 is quoted at 8.00, of the other nobody knows what was in it.
    found = past_margin(company(tmp_path))

    assert found.shipments.rows() == [("A", "ups:ground", 2, 777, True), ("B", "ups:ground", 4, 800, False)]
    assert found.without_rate == {"place unknown": 1, "units unknown": 1}
    assert found.notes == ("1 of 2 shipments were never invoiced: their freight is quoted by weight alone",)


def test_orders_count_what_was_not_cancelled_at_the_price_paid(tmp_path):
    found = past_margin(company(tmp_path))

    # A: two at the item's 10.00; B: three at 9.00; C was cancelled whole; D is known to nobody's zone.
    assert found.orders.rows() == [("A", 2_000, 600), ("B", 2_700, 0), ("D", 1_000, 500)]
    assert found.margin.total.select("orders", "paid_cents", "freight_cents", "margin_cents").row(0) == (
        2,
        600,
        1_577,
        -977,
    )
    assert found.margin.without_freight["order"].to_list() == ["D"]
    # Free from 25.00 on: A still pays 6.00, B does not: nothing changes. From 50.00 on B would pay A's 6.00, too.
    changes = found.thresholds.filter(pl.col("threshold_cents").is_in([2_500, 5_000]))["change_cents"].to_list()
    assert changes == [0, 600]


def test_without_past_shipments_nothing_can_be_said(tmp_path):
    bare = network()
    for name in ("order_history", "shipments", "shipped_units"):
        bare.pop(name)
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path)
    import_network(store, snapshots, bare, NOW)
    with pytest.raises(ValueError, match="import order_history and shipments"):
        past_margin(Company.load(store, snapshots))


def test_a_chart_is_completed_for_every_node_and_judged_on_pairs_kept_apart(tmp_path):
    names = [f"{n}" for n in range(740, 780)]
    places = pl.DataFrame({"zip3": names, "latitude": 33.0, "longitude": [-110.0 + 0.5 * k for k in range(40)]})
    rows = [
        (a, b, 1 + sum(29.0 * abs(k - j) > band for band in (50, 150, 300, 600)))
        for k, a in enumerate(names)
        for j, b in enumerate(names)
        if k % 3 == 0
    ]
    zones = pl.DataFrame(rows, schema=["origin_zip3", "destination_zip3", "zone"], orient="row")
    rates = pl.DataFrame(
        [("ups:ground", dt.date(2026, 1, 1), zone, 10_000, 100 * zone) for zone in range(1, 9)],
        schema=["service", "valid_from", "zone", "max_weight_g", "cents"], orient="row",
    )  # fmt: skip
    found = complete_zones(company(tmp_path, zones=zones, places=places, rates=rates))

    assert found.foretold.equal > 0.95
    assert found.added == 0  # 752 is 740 + 12, an origin whose row is complete
    node = zones.filter(pl.col("origin_zip3") != "752")
    again = complete_zones(company(tmp_path / "less", zones=node, places=places, rates=rates))
    assert again.added == 40
    assert "40 pairs added from" in again.sentence
    truth = zones.filter(pl.col("origin_zip3") == "752").sort("destination_zip3")["zone"]
    reckoned = again.zones.filter(pl.col("origin_zip3") == "752").sort("destination_zip3")["zone"]
    assert (truth == reckoned).mean() > 0.95


def test_without_a_chart_or_places_nothing_is_completed(tmp_path):
    with pytest.raises(ValueError, match="no places: import the middle"):
        complete_zones(company(tmp_path))
