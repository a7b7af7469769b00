"""`evenstock carriers score` and `review` as people use them, on a brand where one lane began to fail."""

from pathlib import Path

import polars as pl
import pytest
from tests.cli.commands import run, told
from tests.operations.carriers_brand import busiest, carrier_tables, carriers_world

from evenstock.cli.screen import Exit
from evenstock.connectors.files import write_folder
from evenstock.simulation.deliveries import SLOWER
from evenstock.simulation.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return carriers_world(4_000)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    write_folder({**world.frames, **carrier_tables(world)}, tmp_path / "brand")
    run("import", "brand", "--as-of", world.opens_at.isoformat())
    return tmp_path


def test_the_card_tells_counts_intervals_and_draws_the_weeks(home: Path, world: World) -> None:
    day = ("--as-of", world.as_of.isoformat())
    found = told("carriers", "score", "--plot", "weeks.svg", *day)

    row = max(found["card"], key=lambda row: row["parcels"])
    assert row["on_time_low"] < row["on_time"] < row["on_time_high"]
    assert row["invoiced"] > 0
    assert row["scored"] > 0
    assert row["looked_at"] > row["damaged"] > 0
    assert {row["week"] for row in found["weekly"]}
    assert (home / "weeks.svg").read_text().startswith("<svg")
    assert sum(row["parcels"] for row in found["card"]) == sum(row["parcels"] for row in found["weekly"])

    # Weights that are all alike change nothing.
    alike = world.frames["deliveries"].select("parcel", propensity=pl.lit(0.5))
    alike.write_csv(home / "chosen.csv")
    weighted = told("carriers", "score", "--propensities", "chosen.csv", *day)
    assert [row["on_time"] for row in weighted["card"]] == pytest.approx([row["on_time"] for row in found["card"]])

    lanes = told("carriers", "score", "--by", "lane", "--weeks", "4", *day)
    assert len(lanes["card"]) > len(found["card"])
    screen = run("carriers", "score", "--by", "carrier", *day)
    assert "as advertised" in screen
    assert "elsewhere nothing is known of it" in screen


def test_the_review_finds_the_lane_that_fails_prices_it_and_writes_a_page(home: Path, world: World) -> None:
    service, origin = busiest(world.frames["deliveries"])
    needs = int(Exit.NEEDS_ATTENTION)
    found = told("carriers", "review", "--as-of", world.as_of.isoformat(), "--report", "carriers.html", code=needs)

    late = {(row["service"], row["origin"]) for row in found["worse"] if row["measure"] == "late"}
    assert (service, origin) in late
    # In the made-up brand another service got slower four weeks ago; nothing else did.
    assert {name for name, _ in late} <= {service, SLOWER}
    assert found["cents_week"] > 0
    assert {"silent", "no pick-up scan"} <= {row["kind"] for row in found["missing_scans"]}
    page = (home / "carriers.html").read_text()
    for title in ("What got worse", "Lane by week", "Advertised against actual", "Missing scans", "What was seen"):
        assert title in page
    assert 'src="http' not in page
    screen = run("carriers", "review", "--as-of", world.as_of.isoformat(), code=needs)
    assert "a week" in screen


def test_a_company_without_parcels_is_told_what_to_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    example = Path(__file__).resolve().parents[2] / "examples" / "dtc-3-node"
    run("import", str(example), "--as-of", "2026-11-20T06:00:00Z")

    run("carriers", "score", "--as-of", "2026-11-20", code=int(Exit.REFUSED_INPUT))
