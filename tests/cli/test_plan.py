"""A planner's evening and the weeks after it, as she types them, on the example network."""

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
    run("import", str(EXAMPLE), "--as-of", MORNING)
    return tmp_path


def test_from_a_proposal_over_an_edit_to_what_it_really_brought(home: Path) -> None:
    plan = told("plan", "--as-of", MORNING, "--seed", "7")
    assert plan["lines"]
    assert plan["purchases"]
    screen = run("plan", "show")
    assert "of the best possible" in screen
    assert "what rules of thumb would do tonight" in screen
    assert "to buy" in screen

    line = max(plan["lines"], key=lambda line: line["units"])
    case = line["units"] // line["cases"]
    wanted = f"{line['sku']}:{line['origin']}:{line['destination']}={line['units'] - case}"
    edited = told("plan", "edit", plan["id"], "--line", wanted, "--by", "dana", "--as-of", MORNING)
    (changed,) = [e for e in edited["lines"] if (e["sku"], e["destination"]) == (line["sku"], line["destination"])]
    assert changed["units"] == line["units"] - case
    assert edited["edited_from"] == plan["id"]

    released = told("plan", "approve", edited["id"], "--by", "dana", "--as-of", MORNING)["transfers"]
    assert {t["state"] for t in released} == {"released"}
    first = released[0]
    sent = told("transfer", "dispatch", first["id"], "--as-of", "2026-11-20T18:00:00Z")
    assert sent["transfer"]["state"] == "dispatched"
    came = [f"{e['sku']}={e['units']}" for e in first["lines"]]
    words = [word for part in came for word in ("--line", part)]
    got = told("transfer", "receive", first["id"], *words, "--id", "dock-1", "--as-of", "2026-11-25T09:00:00Z")
    assert got["state"] == "closed"
    listed = told("transfer", "list")["transfers"]
    assert {t["id"] for t in listed} == {t["id"] for t in released}

    demand = pl.read_csv(EXAMPLE / "demand.csv", try_parse_dates=True)
    later = demand.with_columns(pl.col("date").dt.offset_by("10d"))
    later.filter(pl.col("date") >= pl.date(2026, 11, 20)).write_csv("later.csv")
    folder = home / "later"
    folder.mkdir()
    for table in (
        "nodes",
        "items",
        "stock",
        "lanes",
        "rate_cards",
        "rates",
        "surcharges",
        "places",
        "transit",
        "rules",
        "costs",
    ):
        (folder / f"{table}.csv").write_bytes((EXAMPLE / f"{table}.csv").read_bytes())
    pl.concat([demand, pl.read_csv("later.csv", try_parse_dates=True)]).unique(["date", "sku", "node"]).write_csv(
        folder / "demand.csv"
    )
    run("import", str(folder), "--as-of", "2026-11-30T06:00:00Z")
    judged = told("plan", "judge", edited["id"], "--as-of", "2026-11-30T06:00:00Z")
    assert {e["sku"] for e in judged["lines"]} == {e["sku"] for e in first["lines"]}
    assert "days have passed" in judged["notes"][0]
    assert "brought" in run("plan", "show", edited["id"])


def test_tonight_under_other_circumstances(home: Path) -> None:
    del home
    found = told(
        "plan", "what-if", "peak: demand x1.5", "dear: freight x3", "closed: close PA-3PL orders to TX-DC",
        "--as-of", MORNING, "--paths", "20",
    )  # fmt: skip
    base, peak, dear, closed = found["scenarios"]
    assert peak["against_base_cents"]["low"] > 0, "half as much again is more than there is"
    assert dear["units"] <= base["units"]
    assert closed["changes"] == ["PA-3PL is closed; its orders go to TX-DC"]
    run("plan", "what-if", "peak: demand", "--as-of", MORNING, code=int(Exit.REFUSED_INPUT))


def test_what_was_not_foreseen_is_told_once(home: Path) -> None:
    """The best seller's shelf is found empty the next morning: that was on no path."""
    told("plan", "--as-of", MORNING, "--seed", "7")
    run("plan", "review", "--as-of", MORNING, code=int(Exit.REFUSED_INPUT))
    before = told("plan", "review", "--as-of", "2026-11-21T08:00:00Z", code=0)
    assert before["triggers"] == []

    stock = pl.read_csv(EXAMPLE / "stock.csv")
    most = stock.sort("on_hand").tail(1)
    sku, node = most["sku"][0], most["node"][0]
    gone = pl.when((pl.col("sku") == sku) & (pl.col("node") == node)).then(0).otherwise(pl.col("on_hand"))
    folder = home / "counted"
    folder.mkdir()
    for table in (
        "nodes",
        "items",
        "lanes",
        "rate_cards",
        "rates",
        "surcharges",
        "places",
        "transit",
        "rules",
        "costs",
    ):
        (folder / f"{table}.csv").write_bytes((EXAMPLE / f"{table}.csv").read_bytes())
    moved = stock.with_columns(on_hand=gone, observed_at=pl.lit("2026-11-21T07:00:00.000000Z"))
    moved.write_csv(folder / "stock.csv")
    run("import", str(folder), "--as-of", "2026-11-21T08:00:00Z")

    found = told("plan", "review", "--as-of", "2026-11-21T09:00:00Z", code=int(Exit.NEEDS_ATTENTION))
    assert (sku, node) in {(t["sku"], t["node"]) for t in found["triggers"]}
    assert sku in found["items"]
    again = told("plan", "review", "--as-of", "2026-11-21T09:00:00Z", code=0)
    assert not any(t["new"] for t in again["triggers"])


def test_what_is_not_there_is_said(home: Path) -> None:
    del home
    run("plan", "show", code=int(Exit.NOT_FOUND))
    run("plan", "edit", "plan-x", "--line", "A:B:C=1", "--by", "dana", code=int(Exit.NOT_FOUND))
    run("plan", "edit", "plan-x", "--line", "nonsense", "--by", "dana", code=2)
    run("plan", "approve", "plan-x", "--by", "dana", code=int(Exit.REFUSED_INPUT))
    run("transfer", "dispatch", "plan-x:001", code=int(Exit.REFUSED_INPUT))
