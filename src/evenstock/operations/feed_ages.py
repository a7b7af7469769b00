"""How old what each source said of each node is, against how often it usually speaks."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from evenstock.operations.company import Company
from evenstock.operations.stock_evidence import statements
from evenstock.routing.knowledge import LATE_AFTER

COLUMNS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "source": pl.String,
    "node": pl.String,
    "kind": pl.String,
    "every_minutes": pl.Int64,
    "items": pl.Int64,
    "last_observed_at": pl.Datetime("us", "UTC"),
    "age_minutes": pl.Int64,
    "late": pl.Boolean,
}


def feed_ages(company: Company, now: datetime) -> pl.DataFrame:
    """A row for each source and node it ever spoke of, in that order, in `COLUMNS`; `late` is null where its pace is unknown.

    A source of the table of sources that never said anything has one row without a node.
    """
    said = (
        statements(company, now)
        .group_by("source", "node", "kind", "every_minutes")
        .agg(items=pl.len().cast(pl.Int64), last_observed_at=pl.max("observed_at"))
    )
    sources = company.table("sources")
    if sources is not None:
        silent = sources.filter(~pl.col("source").is_in(said["source"].unique().to_list()))
        said = pl.concat(
            [
                said,
                silent.select(
                    "source",
                    node=pl.lit(None, pl.String),
                    kind=pl.col("kind").cast(pl.String),
                    every_minutes="every_minutes",
                    items=pl.lit(0, pl.Int64),
                    last_observed_at=pl.lit(None, pl.Datetime("us", "UTC")),
                ),
            ]
        )
    age = (now - pl.col("last_observed_at")).dt.total_minutes()
    told = said.with_columns(age_minutes=age).with_columns(
        late=(pl.col("age_minutes") > LATE_AFTER * pl.col("every_minutes"))
    )
    return told.select(*COLUMNS).sort("source", "node", nulls_last=True)
