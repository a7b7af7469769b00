"""Tries on purpose as a person sees them: switched on in the table of costs, explained, and weighed in the carriers' card."""

import json
import shutil
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from tests.cli.commands import run, told

from evenstock.bootstrap import open_workspace
from evenstock.settings import Settings

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "dtc-3-node"
MORNING, NOON = "2026-11-20T06:00:00Z", "2026-11-20T14:00:00Z"
LATER = date(2026, 12, 14)
TIMES = 6
"""So many of each order of the example, and of its stock."""
ON = {"explore_share_bp": 5_000, "explore_within_cents": 600, "explore_week_cents": 20_000}


def brand(folder: Path, costs: dict[str, int]) -> None:
    shutil.copytree(EXAMPLE, folder)
    (folder / "costs.csv").write_text(
        "\n".join(["cost,amount,because", *(f"{name},{amount},to learn" for name, amount in costs.items())]), "utf-8"
    )
    orders = pl.read_csv(folder / "orders.csv", infer_schema=False)
    many = [orders.with_columns(pl.col("order") + f"-{n}") for n in range(TIMES)]
    pl.concat(many).write_csv(folder / "orders.csv")
    stock = pl.read_csv(folder / "stock.csv", infer_schema=False)
    more = (pl.col("on_hand").cast(pl.Int64) * TIMES).cast(pl.String).alias("on_hand")
    stock.with_columns(more).write_csv(folder / "stock.csv")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def records(routed: dict[str, Any]) -> list[dict[str, Any]]:
    with open_workspace(Settings.load()) as opened, opened.store.reading() as books:
        return [json.loads(books.decision_of(row["order"]) or b"") for row in routed["decisions"]]


def service(plan: dict[str, Any]) -> str:
    found: str = plan["shipments"][0]["candidate"]["service"]
    return found


def tried(record: dict[str, Any]) -> bool:
    said = record.get("propensity")
    return said is not None and service(record["choice"]) in said["among"]


def shipped(decided: list[dict[str, Any]], slow: str) -> dict[str, pl.DataFrame]:
    """What carriers did with every shipment: on time, but by `slow` one in three is a week late."""
    zone = ZoneInfo("America/Chicago")
    parcels, shipments, deliveries, by_slow = [], [], [], 0
    for record in decided:
        for n, shipment in enumerate(record["choice"]["shipments"] if record["choice"] else ()):
            way, name = shipment["candidate"], f"{record['order']}-{n}"
            by_slow += way["service"] == slow
            late = way["service"] == slow and by_slow % 3 == 0
            left = datetime.combine(date.fromisoformat(way["ship_on"]), time(12), zone)
            shared = {"service": way["service"], "origin": way["node"], "origin_postal_code": "60601"}
            parcels.append(
                shared
                | {"parcel": name, "shipment": name, "destination_postal_code": "90001", "residential": True, "shipped_on": left.date(),
                   "weight_g": 500, "length_mm": 300, "width_mm": 200, "height_mm": 50, "hazmat": False, "value_cents": 2_500}
            )  # fmt: skip
            shipments.append(
                {"shipment": name, "order": record["order"], "node": way["node"], "service": way["service"],
                 "shipped_on": left.date(), "delivered_on": None, "parcels": 1, "cents": 990, "reship": False}
            )  # fmt: skip
            deliveries.append(
                shared
                | {"parcel": name, "destination_postal_code": "90001", "shipped_at": left,
                   "delivered_at": left + timedelta(days=11 if late else 2), "promised_on": left.date() + timedelta(days=4)}
            )  # fmt: skip
    return {
        "parcels": pl.DataFrame(parcels),
        "shipments": pl.DataFrame(shipments, schema_overrides={"delivered_on": pl.Date}),
        "deliveries": pl.DataFrame(deliveries),
    }


def test_from_the_table_of_costs_to_the_carriers_card(home: Path) -> None:
    brand(home / "brand", ON)
    run("import", "brand", "--as-of", MORNING)
    decided = records(told("route", "--as-of", NOON))

    on_purpose = [record for record in decided if tried(record)]
    extra = sum(record["propensity"]["extra_cents"] for record in on_purpose)
    assert len(on_purpose) > 20
    assert 0 < extra <= ON["explore_week_cents"]
    one = next(record for record in on_purpose if record["propensity"]["extra_cents"])
    page = run("explain", one["order"])
    assert "tried on purpose for" in page
    assert "the one tried on purpose first" in page
    best = next(r for r in decided if r.get("propensity", {}).get("among") and not tried(r))
    assert "might have been tried on purpose: " in run("explain", best["order"])

    slow = max(
        {service(r["choice"]) for r in on_purpose}, key=lambda s: sum(service(r["choice"]) == s for r in on_purpose)
    )
    for name, frame in shipped(decided, slow).items():
        frame.write_csv(home / "brand" / f"{name}.csv", datetime_format="%Y-%m-%dT%H:%M:%S%z")
    run("import", "brand", "--as-of", LATER.isoformat())
    card = told("carriers", "score", "--as-of", LATER.isoformat(), "--weeks", "6")

    assert any("are weighed by one over the propensity that their decision kept" in note for note in card["notes"])
    said = {row["service"]: row for row in card["had_all"]}
    could = [r for r in decided if slow in r.get("propensity", {}).get("among", []) or (
        r.get("propensity", {}).get("among") and service(r["choice"]) == slow)]  # fmt: skip
    assert said[slow]["used"] == sum(service(r["choice"]) == slow for r in could)
    assert said[slow]["orders"] == len(could)
    assert said[slow]["late_low"] < 1 / 3 < said[slow]["late_high"]
    assert "had each service carried every parcel that it could have" in run(
        "carriers", "score", "--as-of", LATER.isoformat(), "--weeks", "6"
    )


def test_where_nothing_is_tried_the_card_says_so(home: Path) -> None:
    brand(home / "brand", {"late_order_cents": 900})
    run("import", "brand", "--as-of", MORNING)
    decided = records(told("route", "--as-of", NOON))
    assert not any("propensity" in record for record in decided)
    assert "on purpose" not in run("explain", decided[0]["order"])

    for name, frame in shipped(decided, "").items():
        frame.write_csv(home / "brand" / f"{name}.csv", datetime_format="%Y-%m-%dT%H:%M:%S%z")
    run("import", "brand", "--as-of", LATER.isoformat())
    card = told("carriers", "score", "--as-of", LATER.isoformat(), "--weeks", "6")

    assert any(
        note.startswith("no decision keeps a propensity: nothing was tried on purpose") for note in card["notes"]
    )
    assert card["had_all"] == []
