"""What a parcel costs by service, dimensional tier and zone."""

from __future__ import annotations

import numpy as np
import polars as pl

from evenstock.freight.scorecard.means import nested_means
from evenstock.freight.scorecard.outcomes import LARGEST, NO_TIER, TIERS, Outcomes

ORDER = {name: k for k, name in enumerate((*(name for _, name in TIERS), LARGEST, NO_TIER))}


def tier_costs(outcomes: Outcomes, *, level: float = 0.9) -> pl.DataFrame:
    """A row for each service, tier and zone that was invoiced, by service, size and zone.

    Columns service, tier, zone, invoiced (parcels), plain (their mean), cents (mean drawn to tier and service), cents_low,
    cents_high: its central credible interval at `level`.
    """
    keys = ["service", "place", "zone"]
    cells = (
        outcomes.frame.drop_nulls("cents")
        .with_columns(pl.col("tier").fill_null(NO_TIER))
        .with_columns(
            pl.col("cents").cast(pl.Float64),
            place=pl.col("tier").replace_strict(ORDER, default=len(ORDER), return_dtype=pl.Int64),
        )
        .group_by(*keys, "tier")
        .agg(pl.len().alias("invoiced"), pl.col("cents").mean().alias("plain"), pl.col("cents").var().alias("variance"))
        .sort(*keys, "tier", nulls_last=False)
    )
    if cells.is_empty():
        empty = cells.select("service", "tier", "zone", "invoiced", "plain")
        return empty.with_columns(cents=pl.lit(0.0), cents_low=pl.lit(0.0), cents_high=pl.lit(0.0))
    path = [cells.select(pl.struct(keys[:n]).rle_id())["service"].to_numpy().astype(np.int64) for n in (1, 2)]
    count = cells["invoiced"].to_numpy().astype(np.float64)
    free, squares = count - 1.0, cells["variance"].fill_null(0.0).to_numpy() * (count - 1.0)
    degrees = np.bincount(path[0], free)
    usual = squares.sum() / free.sum() if free.sum() > 0 else 1.0
    within = np.divide(np.bincount(path[0], squares), degrees, out=np.full(degrees.size, usual), where=degrees > 0)
    found = nested_means(cells["plain"].to_numpy(), count, np.maximum(within, 1.0)[path[0]], path)
    low, high = found.interval(level)
    told = cells.select("service", "tier", "zone", "invoiced", "plain")
    return told.with_columns(cents=found.mean, cents_low=low, cents_high=high)
