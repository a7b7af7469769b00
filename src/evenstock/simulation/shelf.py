"""What people found at the shelves of the made-up brand: cycle counts, and picks that came up short."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.simulation.past_books import DAYS, PastBooks
from evenstock.simulation.sites import Site

COUNTED: Final = 0.08
"""Share of item-nodes counted in the last `DAYS` days."""
NEWEST_DAYS: Final = 5
"""No count is newer: the systems' statements kept begin after it."""
WRONG: Final = {"own": 0.05, "3pl": 0.14, "mcf": 0.02, "fba": 0.02, "store": 0.12}
"""Share of counts by kind of node that find another number than the record's."""
FEWER: Final = 0.7
"""Share of these that find fewer."""
WRITTEN_DOWN: Final = {"own": 0.8, "3pl": 0.35, "mcf": 0.0, "fba": 0.0, "store": 0.2}
"""Share of picks that find nothing and are told to the brand."""
OVERLOOKED: Final = 0.0005
"""Share of days of sales on which a picker overlooks units that are there."""
PICKED_DAYS: Final = 42
"""Days of which short picks are kept."""

COUNTS: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "sku": pl.String,
    "node": pl.String,
    "lot": pl.String,
    "counted_at": pl.Datetime("us", "UTC"),
    "units": pl.Int64,
    "booked": pl.Int64,
    "counter": pl.String,
}
SHORT_PICKS: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "pick": pl.String,
    "sku": pl.String,
    "node": pl.String,
    "picked_at": pl.Datetime("us", "UTC"),
    "wanted": pl.Int64,
    "found": pl.Int64,
}


def counts_frame(
    books: PastBooks,
    sites: tuple[Site, ...],
    daily: npt.NDArray[np.float64],
    faults: pl.DataFrame,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """`tables.Counts`: at most one an item-node, at night, fast sellers more often.

    The books followed each count: `units` is what they said from then on, `booked` what they had said before. A count
    after one of the `faults` began would have ended it, so there is none.
    """
    n = books.stock.height
    odds = np.sqrt(daily + 0.05)
    rows = np.sort(rng.choice(n, round(COUNTED * n), replace=False, p=odds / odds.sum()))
    ago = np.zeros(n, dtype=np.int64)
    ago[rows] = rng.integers(NEWEST_DAYS, DAYS + 1, rows.size)
    units = books.at(ago)[rows]
    kind = {s.node: s.kind for s in sites}
    node = books.stock["node"].gather(rows).to_list()
    wrong = rng.random(rows.size) < np.array([WRONG[kind[k]] for k in node])
    size = np.maximum(1, np.rint(units * rng.exponential(0.15, rows.size)).astype(np.int64))
    sign = np.where(rng.random(rows.size) < FEWER, 1, -1)
    booked = np.where(wrong, np.maximum(units + sign * size, 0), units)
    minutes = rng.integers(5, 56, rows.size)
    frame = pl.DataFrame(
        {
            "sku": books.stock["sku"].gather(rows),
            "node": node,
            "lot": books.stock["lot"].gather(rows),
            "counted_at": [
                books.opens_at - timedelta(days=int(d), minutes=int(m)) for d, m in zip(ago[rows], minutes, strict=True)
            ],
            "units": units,
            "booked": booked,
            "counter": [f"{k} night shift" for k in node],
        },
        schema=COUNTS,
    )
    began = faults.select("sku", "node", "began_on")
    return (
        frame.join(began, on=["sku", "node"], how="left", maintain_order="left")
        .filter(pl.col("began_on").is_null() | (pl.col("counted_at").dt.date() < pl.col("began_on")))
        .drop("began_on")
        .sort("sku", "node", "counted_at")
    )


def short_picks_frame(
    lost: pl.DataFrame, demand: pl.DataFrame, sites: tuple[Site, ...], opens_at: datetime, rng: np.random.Generator
) -> pl.DataFrame:
    """`tables.ShortPicks`: the picks of customers who were turned away, as far as the node told, and a few oversights.

    Parameters
    ----------
    lost
        date, sku, node, units of those turned away: the day's units are one pick, which finds nothing.
    demand
        What was sold: on a few of its days a picker overlooked some, which were then found after all.
    """
    told = {s.node: WRITTEN_DOWN[s.kind] for s in sites}
    first = opens_at.date() - timedelta(days=PICKED_DAYS)
    key = ["date", "sku", "node"]
    picks = lost.filter(pl.col("date") >= first).sort(key)
    picks = picks.filter(pl.Series(rng.random(picks.height) < np.array([told[k] for k in picks["node"]])))
    sold = demand.filter((pl.col("date") >= first) & (pl.col("units") > 0)).select(*key, "units").sort(key)
    rate = np.array([OVERLOOKED if told[k] else 0.0 for k in sold["node"]])
    sold = sold.filter(pl.Series(rng.random(sold.height) < rate))
    left = rng.integers(0, sold["units"].to_numpy()) if sold.height else np.array([], dtype=np.int64)
    both = pl.concat(
        [
            picks.with_columns(found=pl.lit(0, dtype=pl.Int64)),
            sold.with_columns(found=pl.Series(left, dtype=pl.Int64)),
        ]
    )
    minutes = pl.Series(rng.integers(10 * 60, 22 * 60, both.height), dtype=pl.Int64)
    opening = pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC").dt.offset_by(f"{opens_at.hour}h")
    return (
        both.with_columns(picked_at=opening + pl.duration(minutes=pl.lit(minutes)), wanted="units")
        .sort("picked_at", "sku", "node")
        .with_columns(pick=pl.lit("P") + pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(5))
        .select(pl.col(name).cast(kind) for name, kind in SHORT_PICKS.items())
    )
