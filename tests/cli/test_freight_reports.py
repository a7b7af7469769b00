"""What freight was against what customers paid, what it emitted, and a zone chart filled in: read from a company's own tables."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.cli.commands import run, told
from typer.testing import CliRunner

from evenstock.cli import app
from evenstock.freight.distance import haversine_miles
from evenstock.freight.zones import distance_zone

EXAMPLE = Path(__file__).parents[2] / "examples" / "dtc-3-node"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The example network with a past: order 1 paid 5.00 for 6.00 of freight, order 2 nothing for 9.00."""
    there = tmp_path / "network"
    shutil.copytree(EXAMPLE, there)
    sku = pl.read_csv(there / "items.csv", infer_schema=False)["sku"][0]
    (there / "order_history.csv").write_text(
        "order,line,sku,units,placed_at,postal_code,price_cents,shipping_paid_cents\n"
        f"O1,1,{sku},1,2026-06-01T10:00:00Z,10001,3000,500\nO2,1,{sku},2,2026-06-02T10:00:00Z,92631,4500,0\n"
    )
    (there / "shipments.csv").write_text(
        "shipment,order,node,service,shipped_on,cents\n"
        "S1,O1,PA-3PL,regional:ground,2026-06-01,600\nS2,O2,TX-DC,northline:ground,2026-06-02,900\n"
    )
    (there / "shipped_units.csv").write_text(f"shipment,line,sku,units\nS1,1,{sku},1\nS2,1,{sku},2\n")
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    return there


def test_the_margin_of_shipping_adds_up_and_a_threshold_says_what_it_would_have_brought(folder):
    run("import", str(folder))
    found = told("rates", "margin", "--threshold", "50", "--fee", "4")
    [total] = found["total"]
    assert (total["paid_cents"], total["freight_cents"], total["margin_cents"]) == (500, 1500, -1000)
    assert sum(row["freight_cents"] for row in found["by_service"]) == 1500
    # Free from 50.00: the order of 90.00 goes on paying nothing, that of 30.00 goes on paying 5.00.
    [threshold] = found["thresholds"]
    assert (threshold["free_orders"], threshold["paid_cents"], threshold["change_cents"]) == (1, 500, 0)
    assert "free shipping on the same orders" in run("rates", "margin")


def test_what_shipments_emitted_is_told_by_service_and_lane_with_its_sources(folder):
    run("import", str(folder))
    road, lanes = told("carriers", "carbon"), told("carriers", "carbon", "--by", "lane")
    grams = sum(row["well_to_wheel_g"] for row in road["rows"])
    assert grams > 0
    assert sum(row["well_to_wheel_g"] for row in lanes["rows"]) == grams
    assert road["sources"]
    flown = told("carriers", "carbon", "--mode", "regional:ground=air")
    assert sum(row["well_to_wheel_g"] for row in flown["rows"]) > grams
    assert "well to wheel" in run("carriers", "carbon")
    run("carriers", "carbon", "--mode", "nothing", code=2)
    run("carriers", "carbon", "--mode", "regional:ground=balloon", code=3)


def test_a_chart_is_filled_in_and_judged_on_pairs_kept_apart(folder, tmp_path):
    places = pl.read_csv(folder / "places.csv", schema_overrides={"zip3": pl.String})
    rng = np.random.default_rng(5)
    pairs = [(i, j) for i in range(places.height) for j in range(places.height) if i != j and rng.random() < 0.5]
    i, j = (np.array(ends) for ends in zip(*pairs, strict=True))
    latitude, longitude = places["latitude"].to_numpy(), places["longitude"].to_numpy()
    zones = distance_zone(haversine_miles(latitude[i], longitude[i], latitude[j], longitude[j]))
    chart = {
        "origin_zip3": places["zip3"].to_numpy()[i],
        "destination_zip3": places["zip3"].to_numpy()[j],
        "zone": zones,
    }
    pl.DataFrame(chart).write_csv(folder / "zones.csv")
    run("import", str(folder))
    found = told("rates", "complete-zones", "--out", str(tmp_path / "zones.csv"))
    assert found["added"] > 0
    assert found["equal_share"] > 0.8
    written = pl.read_csv(tmp_path / "zones.csv", infer_schema=False)
    assert written.height == found["pairs"]
    assert "come out equal" in run("rates", "complete-zones")


def test_loss_and_damage_are_learned_and_told(folder):
    rows = [
        f"P{k},regional:ground,PA-3PL,18031,10001,2026-{4 + k % 2:02}-{1 + k % 28:02}T15:00:00Z,"
        + ("" if k % 25 == 0 else f"2026-{4 + k % 2:02}-{1 + k % 28:02}T23:00:00Z")
        for k in range(200)
    ]
    head = "parcel,service,origin,origin_postal_code,destination_postal_code,shipped_at,delivered_at"
    (folder / "deliveries.csv").write_text("\n".join([head, *rows]) + "\n")
    run("import", str(folder))
    [row] = told("learn", "damage", "--as-of", "2026-06-02")["shares"][:1]
    assert row["service"] == "regional:ground"
    assert 20_000 < row["millionths"] < 80_000
    assert "what does not arrive whole" in run("learn", "damage", "--as-of", "2026-06-02")
    assert (
        "parcels since would look lost" in CliRunner().invoke(app, ["learn", "damage", "--as-of", "2026-07-20"]).output
    )


@pytest.mark.parametrize(
    "words", [("rates", "margin"), ("carriers", "carbon"), ("rates", "complete-zones"), ("learn", "damage")]
)
def test_without_the_tables_the_refusal_names_them(folder, words):
    for name in ("order_history", "shipments", "shipped_units"):
        (folder / f"{name}.csv").unlink()
    run("import", str(folder))
    said = CliRunner().invoke(app, list(words))
    assert said.exit_code == 3
    assert "import" in said.output
