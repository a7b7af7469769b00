"""Decisions begin in shadow, act for few, go one step back at any time, and are held against what came."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from tests.cli.commands import run, told

from evenstock.bootstrap import open_workspace
from evenstock.cli.outcomes import all_decisions
from evenstock.cli.screen import Exit
from evenstock.settings import Settings
from evenstock.simulation.replay.compare import FREIGHT

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "dtc-3-node"
MORNING, NOON = "2026-11-20T06:00:00Z", "2026-11-20T14:00:00Z"
LATER = "2026-12-02T06:00:00Z"
ANA = ("--by", "Ana", "--because", "first week")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    run("import", str(EXAMPLE), "--as-of", MORNING)
    return tmp_path


def test_a_stage_is_set_shown_and_taken_back_step_by_step(home: Path) -> None:
    assert told("rollout", "show")["stage"] == "live for every order"
    run("rollout", "back", *ANA, code=int(Exit.REFUSED_INPUT))  # there is nothing to go back to

    first = told("rollout", "set", "--class", "standard", "--share", "10", *ANA, "--as-of", MORNING)
    assert first["stage"] == "live for classes standard; 10 % of orders"
    assert (first["share_bp"], first["by"], first["because"]) == (1_000, "Ana", "first week")
    second = told("rollout", "set", "--node", "TX-DC", *ANA, "--as-of", NOON)
    assert (second["nodes"], second["share_bp"]) == (["TX-DC"], 10_000)
    assert "live for plans from TX-DC alone" in run("rollout")

    back = told("rollout", "back", "--by", "Bo", "--because", "too soon", "--as-of", LATER)
    assert back["stage"] == first["stage"]
    assert (back["by"], back["because"]) == ("Bo", "rolled back: too soon")
    # Before the first stage there was none: then nothing acts.
    assert told("rollout", "back", *ANA, "--as-of", LATER)["live"] is False


def test_shares_and_names_that_make_no_sense_are_refused(home: Path) -> None:
    run("rollout", "set", "--share", "101", *ANA, code=2)
    run("rollout", "set", "--by", "", "--because", "why", code=int(Exit.REFUSED_INPUT))
    assert told("rollout", "show")["live"] is True


def test_what_the_shadow_would_have_saved_is_read_from_what_was_shipped(home: Path) -> None:
    run("rollout", "set", "--shadow", *ANA, "--as-of", MORNING)
    run("rollout", "compare", code=int(Exit.REFUSED_INPUT))  # nothing was decided yet
    routed = told("route", "--as-of", NOON)
    assert (routed["shadow"], routed["executed"]) == (39, 0)
    assert sum(row["reserved"] for row in told("stock")["stock"]) == 0
    changed, cents = _ship(home)

    said = told("rollout", "compare", "--as-of", LATER)

    # All but one left as the shadow would have sent them; that one took the next best plan.
    assert (said["decided"], said["compared"], said["agreed"]) == (39, 39, 38)
    assert said["difference_cents"] == said["shadow_cents"] - said["done_cents"] == -cents < 0
    assert said["not_priced"] == {}
    page = " ".join(run("rollout", "compare", "--as-of", LATER).split())
    assert "38 left from the nodes the shadow chose" in page
    assert f"the shadow would have paid ${cents / 100:.2f} less" in page
    assert changed


def test_a_month_is_reviewed_against_invoices_and_proposes_nothing_on_few(home: Path) -> None:
    run("route", "--as-of", NOON)
    _ship(home, dearer=0)

    said = told("outcomes", "--month", "2026-11")

    assert (said["first"], said["last"], said["orders"]) == ("2026-11-01", "2026-11-30", 39)
    freight = next(one for one in said["foretold"] if one["unit"] == "cents")
    assert freight["foretold"] == freight["actual"] > 0  # invoices say what was foretold
    assert said["proposals"] == []
    assert "39 orders decided from 2026-11-01 to 2026-11-30" in run("outcomes", "--month", "2026-11")
    # The last whole month before that day.
    assert told("outcomes", "--as-of", LATER)["first"] == "2026-11-01"
    run("outcomes", "--month", "November", code=2)


def _ship(home: Path, *, dearer: int = 1) -> tuple[list[str], int]:
    """Import shipments as decided, some orders by their next best plan from other nodes; those, and what they cost more."""
    shipments, goods, changed, more = [], [], [], 0
    with open_workspace(Settings.load()) as opened:
        records = all_decisions(opened.store)
    for record in records:
        plan = record.choice
        assert plan is not None
        others = [one for one in record.alternatives if set(one.nodes) != set(plan.nodes)]
        if len(changed) < dearer and others and len(plan.shipments) == len(others[0].shipments) == 1:
            more += others[0].cents - plan.cents
            plan = others[0]
            changed.append(record.order)
        for n, shipment in enumerate(plan.shipments):
            way, name = shipment.candidate, f"{record.order}-{n}"
            freight = sum(t.cents for t in shipment.terms if t.name in FREIGHT)
            shipments.append((name, record.order, way.node, way.service, way.ship_on, 1, freight))
            goods += [(name, line.line, line.sku, line.units) for line in shipment.lines]
    folder = home / "shipped"
    shutil.copytree(EXAMPLE, folder)
    names = ["shipment", "order", "node", "service", "shipped_on", "parcels", "cents"]
    pl.DataFrame(shipments, orient="row", schema=names).write_csv(folder / "shipments.csv")
    pl.DataFrame(goods, orient="row", schema=["shipment", "line", "sku", "units"]).write_csv(
        folder / "shipped_units.csv"
    )
    run("import", str(folder), "--as-of", LATER)
    return changed, more
