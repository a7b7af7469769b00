"""`evenstock plan fba` on the example network with Amazon's pool beside its warehouses."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from tests.cli.commands import run, told

from evenstock.cli.screen import Exit

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "dtc-3-node"
MORNING = "2026-11-20T06:00:00Z"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def append(table: Path, line: str) -> None:
    table.write_text(table.read_text().rstrip("\n") + f"\n{line}\n")


def test_the_pool_is_planned_with_its_fees_and_nothing_is_kept(home: Path) -> None:
    brand = home / "brand"
    shutil.copytree(EXAMPLE, brand)
    append(
        brand / "nodes.csv",
        'AMZ,fba,40165,US,38.0,-85.7,America/New_York,14:00,12345,"",,0,0,30,"",amazon,"",true,,,,0',
    )
    append(brand / "lanes.csv", "PA-3PL,AMZ,ltl,9000,8000,0,5,12345,0,0,0")
    demand = pl.read_csv(brand / "demand.csv")
    amazons = demand.filter(pl.col("node") == "TX-DC").with_columns(node=pl.lit("AMZ"))
    pl.concat([demand, amazons]).write_csv(brand / "demand.csv")
    run("import", str(brand), "--as-of", MORNING)

    plan = told("plan", "fba", "--as-of", MORNING, "--paths", "10")
    sent = [row for row in plan["rows"] if row["units"]]

    assert sent
    assert (
        plan["net_cents"]
        == sum(row["net_cents"] for row in plan["rows"])
        == plan["worth_cents"] - plan["cost_cents"]
        > 0
    )
    assert all(row["placement_cents"] == 30 * row["units"] for row in plan["rows"])
    assert {(line["origin"], line["destination"]) for line in plan["lines"]} == {("PA-3PL", "AMZ")}
    text = run("plan", "fba", "--as-of", MORNING, "--paths", "10")
    assert "restock of Amazon's own pool" in text
    assert sent[0]["sku"] in text
    run("plan", "show", code=int(Exit.NOT_FOUND))


def test_without_a_pool_it_says_what_to_add(home: Path) -> None:
    run("import", str(EXAMPLE), "--as-of", MORNING)

    run("plan", "fba", "--as-of", MORNING, "--paths", "2", code=int(Exit.REFUSED_INPUT))
