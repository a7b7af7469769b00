"""How long stock lasts against what is to come."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from evenstock.metrics import days_of_cover
from evenstock.operations.kpis.evidence import Evidence
from evenstock.operations.kpis.figure import COMMON

NAME: Final = "days_of_cover"
TITLE: Final = "Days of cover"
DEFINITION: Final = (
    "Units available to promise and under way over the mean daily units of the forecast last made, all item-nodes together, as "
    "of now; a row's cover_days is its own forward cover, 9999 where nothing is expected to sell"
)
SOURCE: Final = "balances of now, and the forecast last made; `whole` is in thousandths of a unit a day"
UNIT: Final = "days"
_MORE: Final = {"sku": pl.String, "node": pl.String, "cover_days": pl.Float64}


def rows(told: Evidence) -> pl.DataFrame:
    forecast = told.forecast
    if forecast is None:
        return pl.DataFrame(schema={**COMMON, **_MORE})
    atp = (pl.col("available") - pl.col("buffer")).clip(lower_bound=0)
    there = told.balances.group_by("sku", "node").agg(part=(atp + pl.col("in_transit")).sum().cast(pl.Int64))
    ahead = forecast.keys.select("sku", "node").with_row_index("row")
    joined = ahead.join(there, on=["sku", "node"], how="left", maintain_order="left").with_columns(
        pl.col("part").fill_null(0)
    )
    mean = forecast.mu[joined["row"].to_numpy()]
    return joined.with_columns(
        whole=pl.Series(np.rint(mean.mean(axis=1) * 1_000).astype(np.int64)),
        cover_days=pl.Series(days_of_cover(joined["part"].to_numpy(), mean)),
        key=pl.format("{}|{}", "sku", "node"),
        nodes=pl.concat_list("node"),
    ).select(*COMMON, *_MORE)


def scale(told: Evidence) -> float:  # noqa: ARG001 (the unit of the rows is fixed)
    return 1_000.0
