"""`evenstock forecast` and `learn` as people use them: train, judge, promote, roll back, override, learn from what happened."""

import json
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.cli.commands import run, told
from typer.testing import CliRunner

from evenstock.cli import app
from evenstock.cli.screen import Exit
from evenstock.connectors.files import write_folder
from evenstock.simulation.enrichment import enrich
from evenstock.simulation.world import World, make_world


@pytest.fixture(scope="module")
def world() -> World:
    return enrich(make_world(seed=4, nodes=4, skus=50, days=220, orders_per_day=80), faults=0.05, parcels=600).world


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    write_folder(world.frames, tmp_path / "brand")
    run("import", "brand", "--as-of", world.opens_at.isoformat())
    return tmp_path


def day(world: World) -> str:
    return world.as_of.isoformat()


def test_a_model_is_trained_judged_overridden_and_rolled_back_and_every_forecast_says_who_made_it(
    home: Path, world: World
) -> None:
    on = ("--as-of", day(world))
    first = told("forecast", *on)
    assert first["version"].startswith("baseline")
    assert first["model"] is None
    assert "life_cycle" in first["adjusted"]

    made = CliRunner().invoke(app, ["forecast", "fit", "--model", "empirical", *on, "--json"])
    fitted = json.loads(made.stdout)
    assert made.exit_code == (0 if fitted["may_serve"] else int(Exit.NEEDS_ATTENTION))
    assert {gate["outcome"] for gate in fitted["gates"]} <= {"passed", "failed", "unjudged"}
    assert set(fitted["data"]) >= {"demand", "promotions", "sale_prices", "network"}

    # Without its days beside the champion nothing may serve; a person may say otherwise, on record.
    refused = told("forecast", "promote", "--by", "dana", *on, code=int(Exit.NEEDS_ATTENTION))
    assert not refused["promoted"]
    assert any(gate["gate"].startswith("days beside") for gate in refused["gates"])
    run("forecast", "promote", "--by", "dana", "--override", *on, code=int(Exit.REFUSED_INPUT))
    promoted = told("forecast", "promote", "--by", "dana", "--override", "--because", "a trial", *on)
    assert promoted["promoted"]
    assert promoted["overridden"]

    second = told("forecast", *on)
    assert second["version"] == fitted["version"]
    assert second["model"] == fitted["id"]
    plan = told("plan", *on)
    assert fitted["version"] in run("explain", plan["id"])

    compared = told("forecast", "compare", *on)
    assert compared["champion"]["version"] == fitted["version"]
    assert [record["deed"] for record in compared["succession"]] == ["promoted"]

    back = told("forecast", "rollback", "--by", "dana", "--because", "the trial is over", *on)
    assert back["serves"] == "the fast forecast"
    assert told("forecast", *on)["version"] == first["version"]
    run("forecast", "rollback", "--by", "dana", "--because", "again", *on, code=int(Exit.REFUSED_INPUT))


def test_a_backtest_stands_beside_its_yardsticks_and_writes_a_report(home: Path, world: World) -> None:
    found = told(
        "forecast", "backtest", "--as-of", day(world), "--by", "velocity", "--report", "b.html", "--out", "b.parquet"
    )

    assert [row["model"] for row in found["scores"]] == ["baseline", "seasonal_naive", "empirical"]
    assert len(found["origins"]) == 3
    assert {row["value"] for row in found["by"]} >= {"0.1 to 0.3"}
    page = (home / "b.html").read_text()
    assert page.count("<svg") == 4
    assert "Backtest of baseline" in page
    assert pl.read_parquet("b.parquet")["metric"].n_unique() > 8
    words = run("forecast", "backtest", "seasonal_naive", "--as-of", day(world), "--origins", "1")
    assert "gates of seasonal_naive" in words


def test_an_override_changes_the_next_forecast_and_nothing_else_until_it_is_withdrawn(home: Path, world: World) -> None:
    on = ("--as-of", day(world))
    before = told("forecast", *on)
    said = (
        "forecast",
        "override",
        "multiply",
        "--value",
        "2",
        "--from",
        day(world),
        "--to",
        day(world),
        "--by",
        "dana",
    )
    number = told(*said, "--reason", "a fair", *on)["override"]

    after = told("forecast", *on)
    listed = told("forecast", "overrides", *on)

    assert after["expected_units"] > before["expected_units"]
    assert "overrides" in after["adjusted"]
    assert [row["override"] for row in listed["standing"]] == [number]
    assert "a fair" in run("forecast", "overrides", *on)
    run("forecast", "withdraw", number, "--by", "dana", "--because", "it rained", *on)
    assert told("forecast", *on)["expected_units"] == before["expected_units"]
    run("forecast", "override", "set", "--value", "-1", "--from", "2026-01-01", "--to", "2026-01-02", "--by", "dana", "--reason", "x",
        code=int(Exit.REFUSED_INPUT))  # fmt: skip


def test_an_override_makes_yesterdays_forecast_stale_for_tonights_plan(home: Path, world: World) -> None:
    on = ("--as-of", day(world))
    plan = told("plan", *on)
    run(
        "forecast",
        "override",
        "multiply",
        "--value",
        "3",
        "--from",
        day(world),
        "--to",
        "2099-01-01",
        "--by",
        "dana",
        "--reason",
        "a fair",
        *on,
    )
    assert told("plan", *on)["id"] != plan["id"]


def test_learned_delivery_times_take_the_place_of_imported_ones_and_the_record_names_them(
    home: Path, world: World
) -> None:
    noon = world.opens_at.isoformat()
    before = told("route", "--as-of", noon, "--shadow", code=int(Exit.NEEDS_ATTENTION))
    learned = told("learn", "transit", "--as-of", day(world))
    after = told("route", "--as-of", noon, "--shadow", code=int(Exit.NEEDS_ATTENTION))

    assert sum(row["parcels"] for row in learned["zones"]) == 600
    assert before["cents_by_term"]["lateness"] != after["cents_by_term"]["lateness"]
    assert "still under way" in run("learn", "transit", "--as-of", day(world))
    order = told("route", "--as-of", noon, code=int(Exit.NEEDS_ATTENTION))["decisions"][0]["order"]
    assert told("explain", order)["inputs"]["network"].endswith("+" + learned["snapshot"])


def test_suppliers_and_demand_are_learned_from_what_happened(home: Path, world: World) -> None:
    suppliers = told("learn", "lead-times", "--as-of", day(world))
    assert all(row["q50"] <= row["q90"] for row in suppliers["lead_times"])
    assert "whether suppliers kept their word" in run("learn", "lead-times", "--as-of", day(world))

    demand = told("learn", "demand", "--as-of", world.opens_at.isoformat())
    assert not demand["in_force"], "imported demand is never replaced"
    assert 0 < demand["moved_share"] < 1
    assert "another node" in run("learn", "demand", "--as-of", world.opens_at.isoformat())


def test_the_doctor_asks_for_what_was_not_done_yet(home: Path, world: World) -> None:
    def said() -> str:
        found = told("doctor", "--as-of", world.opens_at.isoformat(), code=int(Exit.NEEDS_ATTENTION))
        return " ".join(advice["what"] for advice in found["advice"])

    assert "nobody has doubted the records yet" in said()
    assert "delivery times were not learned" in said()
    CliRunner().invoke(app, ["stock", "beliefs", "--as-of", world.opens_at.isoformat()])
    run("learn", "transit", "--as-of", day(world))
    assert "doubted" not in said()
    assert "not learned" not in said()


def test_public_holidays_are_added_once_beside_the_companys_own_events(home: Path, world: World) -> None:
    pytest.importorskip("holidays")
    before = told("forecast", "--as-of", day(world))
    first = told("learn", "holidays", "--as-of", day(world))
    again = told("learn", "holidays", "--as-of", day(world))

    assert first["added"] > 20
    assert "Christmas Day" in {row["event"] for row in first["ahead"]}
    assert again["added"] == 0
    assert again["snapshot"] == first["snapshot"]
    assert told("forecast", "--as-of", day(world))["data"]["events"] != before["data"].get("events")


def test_an_item_that_never_sold_is_forecast_from_its_kind(home: Path, world: World) -> None:
    sold = world.frames["demand"].filter(pl.col("sku") != "KIT-0001")
    write_folder({**world.frames, "demand": sold}, home / "without")
    run("import", "without", "--as-of", world.opens_at.isoformat())

    found = told("forecast", "--as-of", day(world), "--out", "f.parquet")

    assert found["adjusted"][0] == "launches"
    new = pl.read_parquet("f.parquet").filter(pl.col("sku") == "KIT-0001")
    assert new.height > 0
    assert new["mean"].sum() > 0


def test_a_shift_of_demand_is_told_once_and_stands_beside_the_next_plan(home: Path, world: World) -> None:
    on = world.as_of
    told("forecast", "--as-of", on.isoformat())
    demand = world.frames["demand"]
    fast = demand.group_by("sku", "node").agg(pl.sum("units")).sort("units", "sku", "node").row(-1)[:2]
    # For two weeks the fastest item sells five times as much as in the month before; the rest goes on as it did.
    later = [on + timedelta(days=k) for k in range(14)]
    month = demand.filter(pl.col("date").is_between(on - timedelta(days=28), on - timedelta(days=15)))
    usual = month.with_columns(pl.col("date").dt.offset_by("28d")).filter(
        ~((pl.col("sku") == fast[0]) & (pl.col("node") == fast[1]))
    )
    before = demand.filter(
        (pl.col("sku") == fast[0]) & (pl.col("node") == fast[1]) & (pl.col("date") >= on - timedelta(days=28))
    )["units"].sum()
    more = pl.DataFrame({"date": later, "sku": fast[0], "node": fast[1]}).with_columns(
        units=pl.lit(5 * before // 28, pl.Int64), in_stock=pl.lit(value=True), promotion=pl.lit(value=False)
    )
    frames = {"demand": pl.concat([demand, usual, more.select(demand.columns)])}
    write_folder({**world.frames, **frames}, home / "later")
    fortnight = (world.opens_at + timedelta(days=14)).isoformat()
    run("import", "later", "--as-of", fortnight)

    first = told("forecast", "sense", "--as-of", fortnight, code=int(Exit.NEEDS_ATTENTION))
    again = told("forecast", "sense", "--as-of", fortnight)

    assert first["new"] >= 1
    assert again["new"] == 0
    assert fast in {(row["sku"], row["node"]) for row in first["alerts"] if row["scope"] == "series"}
    assert "review:" in run("plan", "--as-of", fortnight)
