"""What a person types to see what should be where, when to order, and where safety stock belongs."""

from pathlib import Path

import polars as pl
import pytest
from tests.cli.commands import run, told
from tests.operations.stock_levels.company import ITEMS, LANES, NODES, demand, receipts, stock, supplies

from evenstock.cli.screen import Exit

MORNING = "2026-11-16T06:00:00Z"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def company(home: Path) -> Path:
    folder = home / "tables"
    folder.mkdir()
    tables = {
        "nodes": NODES,
        "items": ITEMS,
        "lanes": LANES,
        "stock": stock(MUG_DC=40, MUG_SHOP=3, PEN_DC=5),
        "supplies": supplies(("Meridian", "MUG", "DC", 380, 14)),
        "receipts": receipts(*[20] * 12),
        "demand": demand(MUG_DC=10, MUG_SHOP=4),
    }
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    run("import", str(folder), "--as-of", "2026-06-16T06:00:00Z")
    run("learn", "lead-times", "--as-of", MORNING)
    return home


def test_levels_are_counted_by_segment_and_the_urgent_orders_come_first(company: Path) -> None:
    screen = run("stock", "levels", "--as-of", MORNING, "--paths", "64")

    assert "levels by segment" in screen
    assert "Meridian" in screen
    said = told("stock", "levels", "--as-of", MORNING, "--paths", "64", "--out", "out/levels.csv")
    mug = next(r for r in said["levels"] if (r["sku"], r["node"]) == ("MUG", "DC"))
    assert mug["order_units"] > 0
    assert mug["suggestion"].endswith("from Meridian")
    assert said["item_nodes"] == len(said["levels"]) == pl.read_csv("out/levels.csv").height
    assert sum(s["item_nodes"] for s in said["segments"]) == said["item_nodes"]


def test_one_item_shows_why_what_follows_and_where_its_safety_stock_belongs(company: Path) -> None:
    screen = run("stock", "levels", "MUG", "--placement", "--as-of", MORNING, "--paths", "64")
    said = told("stock", "levels", "MUG", "--placement", "--node", "DC", "--as-of", MORNING, "--paths", "64")

    for words in ("levels of MUG", "the refill after next", "if looked at on", "where safety stock belongs", "Helping"):
        assert words in screen
    assert said["placement"]["cents_a_day"] <= said["placement"]["alone_cents_a_day"]
    assert {r["node"] for r in said["outlook"]} == {r["node"] for r in said["levels"]} == {"DC"}


def test_a_segment_or_a_node_can_be_asked_for_and_a_wrong_name_is_not_found(company: Path) -> None:
    every = told("stock", "levels", "--as-of", MORNING, "--paths", "64")["levels"]
    trait = next(r["segment"] for r in every if r["sku"] == "MUG" and r["node"] == "DC")
    chosen = told("stock", "levels", "--segment", trait, "--as-of", MORNING, "--paths", "64")["levels"]

    assert {r["segment"] for r in chosen} == {trait}
    run("stock", "levels", "NONE", "--as-of", MORNING, code=int(Exit.NOT_FOUND))
    run("stock", "levels", "--placement", "--as-of", MORNING, code=2)


def test_before_the_first_import_it_says_so(home: Path) -> None:
    run("stock", "levels", code=int(Exit.NOT_FOUND))
