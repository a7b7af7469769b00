"""What a person asks of the past: live again what was decided here, and say which habits the queue shows."""

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from tests.cli.commands import run, told

from evenstock.bootstrap import open_workspace
from evenstock.cli.screen import Exit
from evenstock.domain import Cents, LineId, Order, OrderId, OrderLine, ReservationId, ShipTo, Sku, Units
from evenstock.operations.company import Company
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.open_cases import open_review
from evenstock.operations.queue import Reviewed, accept, override
from evenstock.operations.route_order import RESERVATION, route_order
from evenstock.settings import Settings

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "dtc-3-node"
MORNING, NOON = "2026-11-20T06:00:00Z", "2026-11-20T14:00:00Z"
NEXT = "2026-11-21T06:00:00Z"
MUG = Sku("KIT-0004")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_company_without_history_replays_what_was_decided_here(home: Path) -> None:
    run("import", str(EXAMPLE), "--as-of", MORNING)
    run("replay", "--books", "--as-of", NEXT, code=int(Exit.NOT_FOUND))
    run("replay", "--as-of", NEXT, code=int(Exit.NOT_FOUND))
    routed = told("route", "--as-of", NOON)

    said = told("replay", "--books", "--as-of", NEXT)

    assert (said["source"], said["first"], said["last"]) == ("the books", "2026-10-25", "2026-11-21")
    assert said["orders"] == routed["orders"] == 39
    done, ours, _ = said["arms"]
    # What was done is what we decided: the same orders, the same stock, the same money.
    assert done["orders"] + done["unserved_orders"] == 39
    assert done["orders"] == routed["executed"] + routed["awaits_approval"]
    assert said["bound_cents"] <= ours["cents"] + ours["lost_cents"]
    assert "read from the books" in " ".join(run("replay", "--books", "--as-of", NEXT, "--no-bound").split())


def test_a_habit_in_the_queue_is_proposed_with_its_price(home: Path) -> None:
    """Forty reviews of orders to Florida, all overridden to one node; forty others are accepted as they are."""
    stock = pl.read_csv(EXAMPLE / "stock.csv", schema_overrides={"lot": pl.String})
    more = home / "tables"
    more.mkdir()
    for table in EXAMPLE.glob("*.csv"):
        if table.name not in ("orders.csv", "nodes.csv"):
            (more / table.name).write_text(table.read_text())
    stock.with_columns(on_hand=pl.lit(500)).write_csv(more / "stock.csv")
    nodes = pl.read_csv(EXAMPLE / "nodes.csv", schema_overrides={"postal_code": pl.String})
    nodes.with_columns(orders_per_day=pl.lit(None, pl.Int64)).write_csv(more / "nodes.csv")
    run("import", str(more), "--as-of", MORNING)
    instead = _queue(40)

    said = told("replay", "--books", "--mine", "--no-bound", "--sample", "80", "--as-of", "2026-11-26T06:00:00Z")

    assert said["orders"] == 80
    (found,) = [one for one in said["proposals"] if one["rule"].startswith("mined-3")]
    assert found["rule"] == f"mined-3-from-{instead.lower()}"
    assert "40 of 40 such orders left from" in found["sentence"]
    assert "40 of them against what the system would choose" in found["sentence"]
    assert found["exceptions"] == []
    assert found["bound"] == 40
    assert found["cents_an_order"] > 0  # the system had chosen the cheaper node each time


def _queue(each: int) -> str:
    """Route, review and answer so many orders to Florida and as many to Texas over five days; the node chosen instead."""
    with open_workspace(Settings.load()) as opened:
        store = opened.store
        here = Company.load(store, opened.snapshots)
        shipping, policy = here.shipping, here.network.policy
        node = ""
        for n in range(2 * each):
            now = dt.datetime(2026, 11, 20, 14, n // 2 % 60, tzinfo=dt.UTC) + dt.timedelta(days=n * 5 // (2 * each))
            to = "33101" if n % 2 else "75201"
            lines = (OrderLine(LineId("1"), MUG, Units(1), Cents(4_999)),)
            record = route_order(
                store, shipping, policy, RouteOrder(Order(OrderId(f"A-{n}"), lines, ShipTo(to), now), now)
            ).record
            assert record.choice is not None
            with store.transaction() as books:
                case = open_review(books, record, ReservationId(f"{record.id}{RESERVATION}"), "a person looks")
            if n % 2:
                node = node or record.alternatives[0].nodes[0]
                answer = override(store, shipping, policy, case.id, "Ana", "as ever", now, nodes=[node])
            else:
                answer = accept(store, case.id, "Ana", now)
            assert isinstance(answer, Reviewed)
    return node


def test_what_is_recorded_is_decided_again_and_every_byte_compared(home: Path) -> None:
    run("import", str(EXAMPLE), "--as-of", MORNING)
    routed = told("route", "--as-of", NOON)

    said = told("replay", "--all")
    assert (said["unequal"], said["differences"], said["missing"]) == (0, [], [])
    assert said["equal"] == said["replayed"] == routed["orders"]
    assert told("replay", "--since", "2026-11-21")["replayed"] == 0
    assert told("replay", "--since", "2026-11-20", "--processes", "2") == said
    assert 0 < told("replay", "--sample", "40%")["replayed"] < said["replayed"]
    assert "are the same byte for byte" in run("replay", "--sample", "100%")
    for wrong in ("0%", "x%", "101%", "many"):
        run("replay", "--sample", wrong, code=2)

    (file,) = home.rglob("*.db")
    with closing(sqlite3.connect(file)) as books:
        books.execute(
            'UPDATE command SET response = CAST(replace(CAST(response AS TEXT), \'"stock":[[\', \'"stock":[["x","y","",0,0,0,0,0,0,0],[\') AS BLOB)'
            " WHERE key = (SELECT min(key) FROM command WHERE key LIKE 'inputs:%')"
        )
        books.commit()
    changed = told("replay", "--all", code=int(Exit.BUG))
    assert (changed["unequal"], changed["equal"]) == (1, said["equal"] - 1)
    assert changed["differences"][0]["difference"].startswith("id: ")
    assert "1 came out otherwise" in run("replay", "--all", code=int(Exit.BUG))
