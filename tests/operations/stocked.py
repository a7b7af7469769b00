"""A small company whose shelves, sales, counts and feeds tests write by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
TODAY = NOW.date()
OPENED = NOW - dt.timedelta(days=150)
NODES = pl.DataFrame(
    {"node": ["TX", "NJ"], "kind": ["store", "store"], "postal_code": ["75201", "07030"], "timezone": "America/Chicago"}
)
ITEMS = pl.DataFrame({"sku": ["CUP", "MUG"], "weight_g": 350, "unit_cost_cents": 200, "price_cents": 999})


def ago(days: float) -> dt.datetime:
    return NOW - dt.timedelta(days=days)


def stock(
    rows: list[tuple[str, str, int]], *, lot: str = "", buffer: int = 0, at: dt.datetime = OPENED
) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={"sku": pl.String, "node": pl.String, "on_hand": pl.Int64}, orient="row")
    return frame.with_columns(
        lot=pl.lit(lot), held=pl.lit(0, dtype=pl.Int64), buffer=pl.lit(buffer, dtype=pl.Int64),
        observed_at=pl.lit(at, dtype=pl.Datetime("us", "UTC")),
    )  # fmt: skip


def demand(days: int = 140, **sold: tuple[int, int]) -> pl.DataFrame:
    """Each series `SKU_NODE=(units, empty)` sells so many units every day, and none on the last `empty` days."""
    rows = [
        (TODAY - dt.timedelta(days=back), *name.split("_"), 0 if back <= empty else units, True, False)
        for name, (units, empty) in sold.items()
        for back in range(days, 0, -1)
    ]
    return pl.DataFrame(
        rows, orient="row",
        schema={"date": pl.Date, "sku": pl.String, "node": pl.String, "units": pl.Int64, "in_stock": pl.Boolean,
                "promotion": pl.Boolean},
    )  # fmt: skip


def counts(*rows: tuple[str, str, dt.datetime, int, int | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [(sku, node, "", at, units, booked, "") for sku, node, at, units, booked in rows], orient="row",
        schema={"sku": pl.String, "node": pl.String, "lot": pl.String, "counted_at": pl.Datetime("us", "UTC"),
                "units": pl.Int64, "booked": pl.Int64, "counter": pl.String},
    )  # fmt: skip


def observations(*rows: tuple[str, str, str, dt.datetime, int]) -> pl.DataFrame:
    return pl.DataFrame(
        [(source, sku, node, "", at, units) for source, sku, node, at, units in rows], orient="row",
        schema={"source": pl.String, "sku": pl.String, "node": pl.String, "lot": pl.String,
                "observed_at": pl.Datetime("us", "UTC"), "units": pl.Int64},
    )  # fmt: skip


def sources(**kinds: tuple[str, int]) -> pl.DataFrame:
    return pl.DataFrame(
        [(name, kind, minutes) for name, (kind, minutes) in kinds.items()], orient="row",
        schema={"source": pl.String, "kind": pl.String, "every_minutes": pl.Int64},
    )  # fmt: skip


def short_picks(*rows: tuple[str, str, dt.datetime, int, int]) -> pl.DataFrame:
    return pl.DataFrame(
        [(f"P{k}", *row) for k, row in enumerate(rows)], orient="row",
        schema={"pick": pl.String, "sku": pl.String, "node": pl.String, "picked_at": pl.Datetime("us", "UTC"),
                "wanted": pl.Int64, "found": pl.Int64},
    )  # fmt: skip


def opened(folder: Path, shelves: pl.DataFrame, **tables: pl.DataFrame) -> tuple[MemoryStore, SnapshotFolder, Company]:
    store, snapshots = MemoryStore(), SnapshotFolder(folder)
    import_network(store, snapshots, {"nodes": NODES, "items": ITEMS, "stock": shelves} | tables, OPENED)
    return store, snapshots, Company.load(store, snapshots)
