"""Type 1: how often nothing ran out."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenstock.operations.kpis.evidence import Evidence
from evenstock.operations.kpis.figure import COMMON
from evenstock.operations.kpis.figure import once as scale

NAME: Final = "fill_rate_type_1"
TITLE: Final = "Fill rate, type 1 (alpha)"
DEFINITION: Final = (
    "Share of item-node-days on which something was wanted, or a stock-out hid what was, that passed without a stock-out: the "
    "type-1 service level with the day as the cycle; the size of a shortage does not count (Snyder and Shen, 2019)"
)
SOURCE: Final = "table demand: units, in_stock"
UNIT: Final = "share"
_MORE: Final = {"sku": pl.String, "node": pl.String}


def rows(told: Evidence) -> pl.DataFrame:
    demand = told.table("demand")
    if demand is None:
        return pl.DataFrame(schema={**COMMON, **_MORE})
    known = demand if "in_stock" in demand.columns else demand.with_columns(in_stock=pl.lit(value=True))
    return (
        known.filter(pl.col("date").is_between(told.first, told.last) & ((pl.col("units") > 0) | ~pl.col("in_stock")))
        .group_by("sku", "node")
        .agg(part=pl.col("in_stock").sum().cast(pl.Int64), whole=pl.len().cast(pl.Int64))
        .with_columns(key=pl.format("{}|{}", "sku", "node"), nodes=pl.concat_list("node"))
        .select(*COMMON, *_MORE)
    )


__all__ = ["DEFINITION", "NAME", "SOURCE", "TITLE", "UNIT", "rows", "scale"]
