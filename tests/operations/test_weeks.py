"""Buying beside moving, from tables to the plan's lines: on the example network, whose makers deliver to Texas."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evenstock.connectors.files import read_folder
from evenstock.domain import TransferPlan
from evenstock.operations.company import Company
from evenstock.operations.forecast_demand import forecast_demand
from evenstock.operations.import_network import import_network
from evenstock.operations.plan_transfers import plan_transfers
from evenstock.operations.tonight.happened import happenings
from evenstock.operations.transfers import approve_plan
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def example() -> dict[str, pl.DataFrame]:
    return read_folder(Path(__file__).parents[2] / "examples" / "dtc-3-node").frames


def planned(frames: dict[str, pl.DataFrame], folder: Path) -> tuple[MemoryStore, TransferPlan]:
    store, snapshots = MemoryStore(), SnapshotFolder(folder)
    import_network(store, snapshots, frames, NOW)
    company = Company.load(store, snapshots)
    said = forecast_demand(store, snapshots, company, as_of=NOW.date(), now=NOW)
    found = plan_transfers(
        store, company.network, said.forecast, inputs={"forecast snapshot": said.digest}, now=NOW, seed=7,
        happened=happenings(store, company), snapshots=snapshots,
    )  # fmt: skip
    return store, found.plan


def test_purchases_come_in_multiples_pay_and_share_their_order(example, tmp_path) -> None:
    _, plan = planned(example, tmp_path)
    items = {row["sku"]: row for row in example["supplies"].iter_rows(named=True)}

    assert plan.purchases
    assert {line.node for line in plan.purchases} == {"TX-DC"}
    for line in plan.purchases:
        assert line.units % items[line.sku]["multiple_units"] == 0
        assert line.units >= items[line.sku]["minimum_units"] // 2
        assert line.net_cents == line.worth_cents - line.cost_cents
        assert (line.eta_p50 - line.order_by).days in {4, 12}
    orders: dict[str, int] = {}
    for line in plan.purchases:
        (share,) = [term.cents for term in line.costs if term.name == "share of the order"]
        orders[line.way] = orders.get(line.way, 0) + share
    assert {way: cents for way, cents in orders.items() if way.endswith("road")} == {
        way: 2500 for way in orders if way.endswith("road")
    }
    assert all(cents == 0 for way, cents in orders.items() if way.endswith("air"))


def test_what_is_on_its_way_is_not_bought_again(example, tmp_path) -> None:
    _, without = planned(example, tmp_path / "without")
    line = max(without.purchases, key=lambda line: line.units)
    coming = pl.DataFrame(
        {
            "purchase": ["P1"], "line": ["1"], "supplier": ["Home Works"], "sku": [line.sku], "node": [line.node],
            "ordered_on": [NOW.date()], "promised_on": [line.eta_p50], "units_ordered": [4 * int(line.units)],
        },
        schema_overrides={"ordered_on": pl.Date, "promised_on": pl.Date},
    )  # fmt: skip

    _, told = planned(example | {"receipts": coming}, tmp_path / "told")

    assert line.sku not in {each.sku for each in told.purchases}


def test_without_suppliers_nothing_is_bought(example, tmp_path) -> None:
    frames = {name: frame for name, frame in example.items() if name != "supplies"}
    _, plan = planned(frames, tmp_path)
    assert plan.purchases == ()


def test_an_approved_purchase_is_a_fact_for_the_system_that_buys(example, tmp_path) -> None:
    store, plan = planned(example, tmp_path)
    approve_plan(store, plan.id, NOW.date(), "dana", NOW)
    with store.transaction() as books:
        (told,) = [event for event in books.outbox(99) if event.kind == "PurchasesApproved"]
    assert {(each["sku"], each["units"]) for each in told.body["lines"]} == {
        (line.sku, line.units) for line in plan.purchases
    }


def test_goods_that_expire_travel_by_lot_first_what_expires_first(example, tmp_path) -> None:
    """Texas is empty of an item that California has plenty of, in two lots; what goes is of the lot that ends sooner, and keeps."""
    stock = example["stock"]
    sku = "BEA-0001"
    here = stock.filter((pl.col("sku") == sku) & (pl.col("node") == "CA-3PL"))
    lots = pl.concat([here.with_columns(lot=pl.lit(name), on_hand=pl.lit(480, pl.Int64)) for name in ("OLD", "NEW")])
    empty = stock.filter((pl.col("sku") == sku) & (pl.col("node") != "CA-3PL")).with_columns(
        on_hand=pl.lit(0, pl.Int64)
    )
    frames = {name: frame for name, frame in example.items() if name != "supplies"} | {
        "stock": pl.concat([stock.filter(pl.col("sku") != sku), lots, empty]),
        "lots": pl.DataFrame(
            {
                "sku": [sku, sku],
                "lot": ["OLD", "NEW"],
                "expires_on": [datetime(2026, 12, 6).date(), datetime(2027, 3, 1).date()],
            }
        ),
    }
    cheap = frames["lanes"].with_columns(fixed_cents=pl.lit(0, pl.Int64), pallet_cents=pl.lit(0, pl.Int64))

    _, plan = planned(frames | {"lanes": cheap}, tmp_path)

    sent = [line for line in plan.lines if line.sku == sku]
    assert sent
    assert {line.lot for line in sent} <= {"OLD", "NEW"}
    assert np.sum([line.units for line in sent]) <= 960
