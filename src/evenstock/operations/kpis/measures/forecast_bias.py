"""Whether forecasts say too much or too little."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenstock.operations.kpis.evidence import Evidence
from evenstock.operations.kpis.figure import COMMON
from evenstock.operations.kpis.figure import once as scale

NAME: Final = "forecast_bias"
TITLE: Final = "Forecast bias"
DEFINITION: Final = (
    "Units foretold less units sold, over units sold, of the forecasts that served; above zero they said too much. By node: "
    "its rows alone"
)
SOURCE: Final = (
    "scored days of the forecasts that served (the run `watch`); `part` and `whole` are in thousandths of a unit"
)
UNIT: Final = "share"
_MORE: Final = {"node": pl.String, "date": pl.Date, "sold": pl.Float64, "foretold": pl.Float64}


def rows(told: Evidence) -> pl.DataFrame:
    seen = told.scored.filter((pl.col("role") == "served") & pl.col("date").is_between(told.first, told.last))
    days = seen.group_by("node", "date").agg(pl.sum("sold"), foretold=pl.sum("mean"))
    return days.with_columns(
        key=pl.format("{}|{}", "node", "date"),
        nodes=pl.concat_list("node"),
        part=((pl.col("foretold") - pl.col("sold")) * 1_000).round().cast(pl.Int64),
        whole=(pl.col("sold") * 1_000).round().cast(pl.Int64),
    ).select(*COMMON, *_MORE)


__all__ = ["DEFINITION", "NAME", "SOURCE", "TITLE", "UNIT", "rows", "scale"]
