"""What a person types about stock: the record, the beliefs, the disagreements, and the list to walk with."""

from pathlib import Path

import polars as pl
import pytest
from tests.cli.commands import run, told
from tests.operations import stocked
from tests.operations.stocked import counts, demand, observations, short_picks, sources

from evenstock.cli.screen import Exit

MORNING = "2026-11-20T06:00:00Z"


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
        "nodes": stocked.NODES,
        "items": stocked.ITEMS,
        "stock": stocked.stock([("CUP", "TX", 60), ("MUG", "NJ", 60), ("MUG", "TX", 60)]),
        "demand": demand(MUG_TX=(4, 12), MUG_NJ=(4, 0), CUP_TX=(4, 0)),
        "sources": sources(wms=("wms", 5), threepl=("3pl", 30)),
        "observations": observations(
            ("wms", "CUP", "TX", stocked.ago(0.01), 60), ("wms", "MUG", "TX", stocked.ago(0.01), 60),
            ("threepl", "MUG", "NJ", stocked.ago(0.02), 41), ("threepl", "CUP", "NJ", stocked.ago(0.02), 3),
        ),
        "counts": counts(("CUP", "TX", stocked.ago(0.2), 60, 61)),
        "short_picks": short_picks(("MUG", "TX", stocked.ago(0.5), 2, 0)),
    }  # fmt: skip
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    run("import", str(folder), "--as-of", "2026-06-23T06:00:00Z")
    return home


def test_stock_alone_shows_the_record_and_items_can_be_named_without_a_word_before(company: Path) -> None:
    assert "stock by the record" in run("stock")
    assert [row["on_hand"] for row in told("stock", "MUG")["stock"]] == [60, 60]
    assert told("stock", "MUG", "--node", "TX") == told("stock", "show", "MUG", "--node", "TX")
    run("stock", "PEN", code=int(Exit.NOT_FOUND))


def test_beliefs_name_the_empty_shelf_hold_its_units_back_and_ask_for_attention(company: Path) -> None:
    said = told("stock", "beliefs", "--as-of", MORNING, code=int(Exit.NEEDS_ATTENTION))
    mug = next(b for b in said["beliefs"] if (b["sku"], b["node"]) == ("MUG", "TX"))

    assert said["probably_empty"] == 1
    assert mug["p_phantom"] > 0.99
    assert mug["because"].startswith("1 pick came back short; 0 sold in")
    assert mug["buffer"] == 60
    assert {row["node"]: row["atp"] for row in told("stock", "MUG")["stock"]}["TX"] == 0
    again = told("stock", "beliefs", "--as-of", MORNING, code=int(Exit.NEEDS_ATTENTION))
    assert again["buffers_changed"] == []
    assert again["snapshot"] == said["snapshot"]
    page = run("stock", "beliefs", "MUG", "--as-of", MORNING, "--limit", "1", code=int(Exit.NEEDS_ATTENTION))
    assert "the 1 most doubtful" in page


def test_one_shelf_can_be_asked_for_and_a_wrong_name_is_not_found(company: Path) -> None:
    said = told("stock", "beliefs", "MUG", "--node", "NJ", "--as-of", MORNING, code=int(Exit.NEEDS_ATTENTION))

    assert [(b["sku"], b["node"]) for b in said["beliefs"]] == [("MUG", "NJ")]
    run("stock", "beliefs", "PEN", "--as-of", MORNING, code=int(Exit.NOT_FOUND))
    run("stock", "beliefs", "--level", "0.4", "--as-of", MORNING, code=int(Exit.REFUSED_INPUT))


def test_disagreements_are_counted_with_an_interval_and_each_has_a_cause(company: Path) -> None:
    said = told("stock", "reconcile", "--as-of", MORNING, code=int(Exit.NEEDS_ATTENTION))

    texas = next(t for t in said["totals"] if t["node"] == "TX")
    assert (texas["lines"], texas["agree"]) == (2, 2)
    assert texas["share_low"] < 1.0 == texas["share_high"]
    assert {(line["sku"], line["cause"]) for line in said["lines"]} == {
        ("MUG", "unexplained"),
        ("CUP", "not in our books"),
    }
    assert "NJ against threepl: 0 of 1 lines agree" in run("stock", "reconcile", "--as-of", MORNING, code=5)
    assert told("stock", "reconcile", "--source", "wms", "--as-of", MORNING)["lines"] == []
    assert "Nothing to reconcile" in run("stock", "reconcile", "--as-of", "2027-06-01")


def test_the_list_to_walk_with_begins_with_the_empty_shelf(company: Path) -> None:
    said = told("stock", "count-list", "--as-of", MORNING, "--out", "out/count.csv")
    texas = [line for line in said["lines"] if line["node"] == "TX"]

    assert (texas[0]["sku"], texas[0]["rank"]) == ("MUG", 1)
    assert texas[0]["because"].startswith("worth ")
    assert pl.read_csv(Path("out/count.csv")).height == len(said["lines"])
    assert said["net_cents"] == sum(line["net_cents"] for line in said["lines"])
    assert len(told("stock", "count-list", "--as-of", MORNING, "--per-node", "1", "--node", "TX")["lines"]) == 1
    assert "count at TX" in run("stock", "count-list", "--as-of", MORNING)


@pytest.mark.parametrize("word", ["beliefs", "reconcile", "count-list", "show"])
def test_before_the_first_import_each_says_so(home: Path, word: str) -> None:
    run("stock", word, code=int(Exit.NOT_FOUND))
