"""A small company with a centre, a store and Amazon's pool, whose suppliers, sales and forecast tests write by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from evenstock.forecasting import Forecast
from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.operations.learn_lead_times import learn_lead_times
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = dt.datetime(2026, 11, 16, 6, tzinfo=dt.UTC)
TODAY = NOW.date()
"""A Monday."""
OPENED = NOW - dt.timedelta(days=400)
Opened = tuple[MemoryStore, SnapshotFolder, Company]


def day(back: int) -> dt.date:
    return TODAY - dt.timedelta(days=back)


NODES = pl.DataFrame(
    {"node": ["DC", "FBA", "SHOP"], "kind": ["own", "fba", "store"], "postal_code": ["75201", "75202", "07030"],
     "timezone": "America/Chicago", "pool": ["own", "amazon", "own"]}
)  # fmt: skip
ITEMS = pl.DataFrame(
    {"sku": ["CUP", "MUG", "PEN"], "weight_g": 350, "unit_cost_cents": 400, "price_cents": 1_000, "case_units": [6, 12, 1],
     "category": "kitchen"}
)  # fmt: skip
LANES = pl.DataFrame(
    {
        "origin": ["DC", "DC", "SHOP"],
        "destination": ["SHOP", "FBA", "DC"],
        "lead_days": [2, 5, 2],
        "fixed_cents": [0, 9_000, 0],
    }
)


def stock(**units: int) -> pl.DataFrame:
    """`MUG_DC=40` is 40 mugs at the centre."""
    rows = [(*name.split("_"), count) for name, count in units.items()]
    return pl.DataFrame(
        rows, schema={"sku": pl.String, "node": pl.String, "on_hand": pl.Int64}, orient="row"
    ).with_columns(
        lot=pl.lit(""), held=pl.lit(0, dtype=pl.Int64), buffer=pl.lit(0, dtype=pl.Int64),
        observed_at=pl.lit(OPENED, dtype=pl.Datetime("us", "UTC")),
    )  # fmt: skip


def supplies(*rows: tuple[str, str, str, int, int], order_days: str = "1", order_cents: int = 0) -> pl.DataFrame:
    """Supplier, item, node, price and lead days; orders on Mondays."""
    names = ("supplier", "sku", "node", "price_cents", "lead_days")
    frame = pl.DataFrame(rows, schema=dict(zip(names, (pl.String,) * 3 + (pl.Int64,) * 2, strict=True)), orient="row")
    return frame.with_columns(
        order_days=pl.lit(order_days), order_cents=pl.lit(order_cents, pl.Int64), multiple_units=pl.lit(12, pl.Int64)
    )


def receipts(*took: int, supplier: str = "Meridian", sku: str = "MUG", node: str = "DC", lost: int = 0) -> pl.DataFrame:
    """One purchase a fortnight, received after so many days; `lost` more of half a year ago never came."""
    rows = [
        (f"P{k}", supplier, sku, node, day(60 + 14 * k), day(60 + 14 * k - days), 100, 100)
        for k, days in enumerate(took)
    ]
    rows += [(f"L{k}", supplier, sku, node, day(300 + k), None, 100, 0) for k in range(lost)]
    kinds = {"purchase": pl.String, "supplier": pl.String, "sku": pl.String, "node": pl.String, "ordered_on": pl.Date,
             "received_on": pl.Date, "units_ordered": pl.Int64, "units_received": pl.Int64}  # fmt: skip
    return pl.DataFrame(rows, schema=kinds, orient="row").with_columns(line=pl.lit("1"), mode=pl.lit(""))


def demand(days: int = 200, **daily: int) -> pl.DataFrame:
    rows = [(day(back), *name.split("_"), units) for name, units in daily.items() for back in range(days, 0, -1)]
    kinds = {"date": pl.Date, "sku": pl.String, "node": pl.String, "units": pl.Int64}
    return pl.DataFrame(rows, schema=kinds, orient="row").with_columns(in_stock=pl.lit(True), promotion=pl.lit(False))


def forecast(days: int = 28, alpha: float = 0.1, lasting: float = 0.0, **daily: float) -> Forecast:
    """So many units every day of each `SKU_NODE`."""
    keys = pl.DataFrame([name.split("_") for name in daily], schema=["sku", "node"], orient="row")
    n = len(daily)
    mu = np.repeat(np.array(list(daily.values()), np.float64)[:, None], days, axis=1)
    return Forecast(keys, TODAY, mu, np.full(n, alpha), np.full(n, lasting), "by hand", day(1))


def opened(folder: Path, shelves: pl.DataFrame, **tables: pl.DataFrame) -> Opened:
    store, snapshots = MemoryStore(), SnapshotFolder(folder)
    given = {"nodes": NODES, "items": ITEMS, "lanes": LANES, "stock": shelves} | tables
    import_network(store, snapshots, given, OPENED)
    if "receipts" in tables:
        learn_lead_times(store, snapshots, Company.load(store, snapshots), as_of=TODAY, now=NOW)
    return store, snapshots, Company.load(store, snapshots)
