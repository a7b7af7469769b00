"""What the books say of each shelf: how much now, on which days anything, and when goods came."""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.operations.company import Company

KEY: Final = ("sku", "node")
PHYSICAL: Final = ("available", "reserved", "allocated", "held")

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def records(balances: pl.DataFrame) -> pl.DataFrame:
    """Units on hand by the books, lots added up and open shortfalls taken off: sku, node, record, available, allocated, in_transit."""
    on_hand = pl.sum_horizontal(PHYSICAL) - pl.col("shortfall")
    return (
        balances.with_columns(record=on_hand)
        .group_by(KEY)
        .agg(pl.sum("record", "available", "allocated", "in_transit"))
        .with_columns(pl.col("record").clip(lower_bound=0))
        .sort(KEY)
    )


def rows_of(rows: pl.DataFrame, keys: pl.DataFrame) -> tuple[Ints, Ints]:
    """Row of ours and row of theirs, for each key that both have."""
    both = keys.select(KEY).with_row_index("theirs").join(rows, on=KEY, how="inner")
    return both["row"].to_numpy().astype(np.int64), both["theirs"].to_numpy().astype(np.int64)


def shelf_changes(movements: pl.DataFrame) -> pl.DataFrame:
    """Units that entered or left the shelf: sku, node, units (signed), occurred_at, came (from a supplier or another node)."""
    ends = [
        movements.select(
            "sku",
            pl.col(f"{end}_node").alias("node"),
            pl.col(f"{end}_bucket").alias("bucket"),
            pl.col("units") * sign,
            "occurred_at",
            came=pl.lit(sign == 1)
            & ((pl.col("source_bucket") == "in_transit") | (pl.col("source_cause") == "supplier")),
        )
        for end, sign in (("source", -1), ("destination", 1))
    ]
    return pl.concat(ends).filter(pl.col("bucket").is_in(PHYSICAL)).drop("bucket")


def stocked_days(rows: pl.DataFrame, movements: pl.DataFrame, first: date, days: int) -> npt.NDArray[np.bool_]:
    """Days that began with a record above zero, as far back as the books go; before them the demand's own flags count."""
    moved = shelf_changes(movements).join(rows, on=KEY, how="inner")
    record = np.zeros((rows.height, days + 1))
    day = (moved["occurred_at"].dt.date() - first).dt.total_days().to_numpy()
    # Column t holds what moved on the day before day t: day t begins with the sum up to it.
    np.add.at(record, (moved["row"].to_numpy(), np.clip(day + 1, 0, days)), moved["units"].to_numpy())
    # Each shelf's books open by themselves: what its first movement brought had stood there before.
    opened = np.full(rows.height, days, np.int64)
    np.minimum.at(opened, moved["row"].to_numpy(), day)
    known = np.arange(days)[None, :] > opened[:, None]
    return ~known | (np.cumsum(record, axis=1)[:, :days] > 0)


def restored_days(
    rows: pl.DataFrame,
    company: Company,
    movements: pl.DataFrame,
    counted: pl.DataFrame,
    first: date,
    days: int,
    sure: float,
) -> Floats:
    """Days on which goods were certainly there, or the record was put right: counts, receipts, transfers that arrived."""
    restored = np.full((rows.height, days), np.nan)
    seen = [counted.select("row", day=pl.col("counted_at").dt.date())]
    moved = shelf_changes(movements).filter(pl.col("came") & (pl.col("units") > 0)).join(rows, on=KEY, how="inner")
    seen.append(moved.select("row", day=pl.col("occurred_at").dt.date()))
    receipts = company.table("receipts")
    if receipts is not None:
        came = receipts.filter(pl.col("received_on").is_not_null() & (pl.col("units_received") > 0))
        seen.append(came.join(rows, on=KEY, how="inner").select("row", day="received_on"))
    for frame in seen:
        # What was found today stands on the newest day there is.
        day = np.minimum((frame["day"] - first).dt.total_days().to_numpy(), days - 1)
        inside = day >= 0
        restored[frame["row"].to_numpy()[inside], day[inside]] = sure
    return restored
