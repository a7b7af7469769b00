"""What a shift lead types when something goes wrong: each report says what follows, and ends with 5 where a person is needed."""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from tests.cli.commands import told
from typer.testing import CliRunner

from evenstock.cli import app as evenstock
from evenstock.cli import cancel, exception
from evenstock.cli.screen import Exit

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "dtc-3-node"
MORNING, NOON, LATER = "2026-11-20T06:00:00Z", "2026-11-20T14:00:00Z", "2026-11-20T15:00:00Z"
app = typer.Typer()
app.add_typer(exception.app, name="exception")
app.command("cancel")(cancel.command)


def said(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output + str(result.exception)
    return result.stdout


def answer(*words: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(*words, "--as-of", LATER, "--json", code=code))
    return found


@pytest.fixture(scope="module")
def noon(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, str, str, int]]]:
    """A company after its orders were routed at noon, and each order with the node, item and units of its first line."""
    home = tmp_path_factory.mktemp("company") / "home"
    with pytest.MonkeyPatch.context() as here:
        here.setenv("EVENSTOCK_HOME", str(home))
        here.delenv("EVENSTOCK_DATABASE", raising=False)
        told("import", str(EXAMPLE), "--as-of", MORNING)
        # Whether some order is left unserved is not the point here.
        decided = json.loads(CliRunner().invoke(evenstock, ["route", "--as-of", NOON, "--json"]).stdout)["decisions"]
        found = []
        for row in [row for row in decided if row["outcome"] == "executed"][:3]:
            shipment = told("explain", row["order"])["choice"]["shipments"][0]
            line = shipment["lines"][0]
            found.append((row["order"], shipment["candidate"]["node"], line["sku"], line["units"]))
    return home, found


@pytest.fixture
def orders(
    noon: tuple[Path, list[tuple[str, str, str, int]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, str, str, int]]:
    """Orders of a company of the test's own."""
    home, found = noon
    monkeypatch.chdir(tmp_path)
    shutil.copytree(home, tmp_path / "home")
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    return found


def test_a_short_pick_is_told_once_and_its_shelf_counted(orders: list[tuple[str, str, str, int]]) -> None:
    order, node, sku, units = orders[0]
    words = ("exception", "short-pick", order, "--node", node, "--sku", sku, "--found", str(units - 1), "--id", "P-1")

    first = answer(*words, code=int(Exit.NEEDS_ATTENTION))

    assert first["state"] == "open"
    assert "1 frozen until the shelf is counted" in first["sentence"]
    assert {case["kind"] for case in first["cases"]} == {"short_pick"}
    held = {row["node"]: row["held"] for row in told("stock", sku)["stock"]}
    assert held[node] == 1
    again = answer(*words, code=int(Exit.NEEDS_ATTENTION))
    assert again == first | {"repeated": True}
    counted = answer("exception", "counted", "--node", node, "--sku", sku, "--units", "50", "--by", "Ann")
    assert counted["state"] == "settled"
    shown = next(row for row in told("stock", sku)["stock"] if row["node"] == node)
    assert (shown["held"], shown["on_hand"]) == (0, 50)


def test_an_order_is_held_released_and_cancelled(orders: list[tuple[str, str, str, int]]) -> None:
    order, other = orders[0][0], orders[1][0]

    held = answer("exception", "fraud-hold", order, "--because", "stolen card", code=int(Exit.NEEDS_ATTENTION))
    assert held["deadline"] == "2026-11-22 15:00:00+00:00"
    assert answer("exception", "fraud-release", order, "--by", "Ann")["state"] == "settled"
    text = said("exception", "address", order, "--then", "release", "--as-of", LATER, code=int(Exit.NEEDS_ATTENTION))
    assert "release hold" in text
    assert answer("exception", "address-right", order, "--by", "Ann")["state"] == "settled"
    assert answer("cancel", other)["sentence"].endswith(f"units of order {other} cancelled")
    assert answer("cancel", other)["repeated"]
    said("exception", "fraud-hold", order, "--then", "forget", code=2)


def test_a_node_that_is_down_empties_and_comes_back(orders: list[tuple[str, str, str, int]]) -> None:
    node = orders[0][1]
    down = answer("exception", "node-down", node, "--until", "2026-11-22", code=int(Exit.NEEDS_ATTENTION))
    assert down["cases"][0]["about"] == f"node:{node}"
    reserved = {row["node"]: row["reserved"] for row in told("stock")["stock"]}
    stayed = [case for case in down["cases"] if case["about"].startswith("order:") and case["state"] == "open"]
    assert bool(reserved[node]) == bool(stayed)
    new = pl.read_csv(EXAMPLE / "orders.csv", infer_schema=False).filter(pl.col("order") == orders[0][0])
    new.with_columns(order=pl.lit("NEW-1")).write_csv("new.csv")
    routed = CliRunner().invoke(evenstock, ["route", "new.csv", "--as-of", LATER, "--json"])
    assert node not in json.loads(routed.stdout)["shipments_by_node"]
    assert answer("exception", "node-up", node, "--by", "Bob")["sentence"] == f"{node} ships again"


def test_missed_cut_offs_and_pickups_are_found(orders: list[tuple[str, str, str, int]]) -> None:
    late = CliRunner().invoke(app, ["exception", "cutoff-missed", "--as-of", "2026-11-21T06:00:00Z", "--json"])
    missed = json.loads(late.stdout)["missed"]
    assert {order for order, *_ in orders} <= {answer["report"].split(":")[1] for answer in missed}
    assert late.exit_code == (5 if any(answer["needs_person"] for answer in missed) else 0)
    record = told("explain", orders[0][0])["choice"]["shipments"][0]["candidate"]
    words = ["exception", "missed-pickup", record["node"], "--service", record["service"], "--day", record["ship_on"]]
    found = CliRunner().invoke(app, [*words, "--as-of", f"{record['ship_on']}T23:59:00Z", "--json"])
    assert "did not pick up at" in json.loads(found.stdout)["sentence"]


def test_what_cannot_be_right_is_refused(orders: list[tuple[str, str, str, int]]) -> None:
    assert orders
    for words, code in (
        (("cancel", "NOBODY"), Exit.NOT_FOUND),
        (("exception", "fraud-hold", "NOBODY"), Exit.NOT_FOUND),
        (("exception", "node-down", "NOWHERE", "--until", "2026-12-01"), Exit.REFUSED_INPUT),
        (("exception", "node-down", "TX", "--until", "2026-11-01"), Exit.REFUSED_INPUT),
        (("exception", "stopped", "NOBODY", "--node", "TX", "--by", "Ann"), Exit.REFUSED_INPUT),
    ):
        said(*words, "--as-of", LATER, code=int(code))
