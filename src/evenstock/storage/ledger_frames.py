"""The books as whole tables: the columns of balances and movements, and balances as movements alone say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import polars as pl

from evenstock.storage.bookkeeping import STATES

_MOMENT: Final = pl.Datetime("us", "UTC")

KEY: Final = ("sku", "node", "lot")

BALANCES: Final[dict[str, pl.DataType]] = {
    **{name: pl.String() for name in KEY},
    **{name: pl.Int64() for name in STATES},
    "buffer": pl.Int64(),
}
"""Columns of `balance_frame`: key, one for each state, and the buffer (a setting, not a state)."""

MOVEMENTS: Final[dict[str, pl.DataType]] = {
    "id": pl.String(),
    "sku": pl.String(),
    "lot": pl.String(),
    "units": pl.Int64(),
    "source_node": pl.String(),
    "source_bucket": pl.String(),
    "source_cause": pl.String(),
    "destination_node": pl.String(),
    "destination_bucket": pl.String(),
    "destination_cause": pl.String(),
    "occurred_at": _MOMENT,
    "recorded_at": _MOMENT,
    "because": pl.String(),
    "reverses": pl.String(),
}
"""Columns of `movement_frame`, in the order recorded."""


PROMISED: Final[dict[str, pl.DataType]] = {**{name: pl.String() for name in KEY}, "units": pl.Int64()}
"""Columns of `promised_frame`."""


def promised_frame(rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    """Rows in the columns of `PROMISED`, added up and sorted."""
    frame = pl.DataFrame(list(rows), schema=PROMISED, orient="row")
    return frame.group_by(*KEY).agg(pl.col("units").sum()).sort(*KEY)


OUTSIDE: Final[dict[str, pl.DataType]] = {
    "sku": pl.String(),
    "lot": pl.String(),
    "node": pl.String(),
    "cause": pl.String(),
    "units": pl.Int64(),
}
"""Columns of `outside_frame`."""


def outside_frame(rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    """Rows in the columns of `OUTSIDE`, added up and sorted."""
    frame = pl.DataFrame(list(rows), schema=OUTSIDE, orient="row")
    return frame.group_by("sku", "lot", "node", "cause").agg(pl.col("units").sum()).sort("sku", "lot", "node", "cause")


def balance_frame(rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    """Rows in the columns of `BALANCES`, sorted by key; a row of zeros says nothing and is left out."""
    frame = pl.DataFrame(list(rows), schema=BALANCES, orient="row")
    return frame.filter(pl.any_horizontal(pl.col(*STATES, "buffer") != 0)).sort(*KEY)


def movement_frame(rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=MOVEMENTS, orient="row")


def resum(movements: pl.DataFrame, buffers: pl.DataFrame) -> pl.DataFrame:
    """Balances as the movements alone say, in the columns of `BALANCES`; buffers come from `buffers` (key, buffer)."""
    ends = [
        movements.select(
            "sku",
            pl.col(f"{end}_node").alias("node"),
            "lot",
            pl.col(f"{end}_bucket").alias("bucket"),
            (pl.col("units") * sign).alias("units"),
        )
        for end, sign in (("source", -1), ("destination", 1))
    ]
    inside = pl.concat(ends).filter(pl.col("bucket") != "outside")
    signed = pl.when(pl.col("bucket") == "shortfall").then(-pl.col("units")).otherwise(pl.col("units"))
    sums = (
        inside.with_columns(signed.alias("units"))
        .group_by(*KEY)
        .agg(*(pl.col("units").filter(pl.col("bucket") == state).sum().alias(state) for state in STATES))
    )
    whole = sums.join(buffers, on=list(KEY), how="full", coalesce=True).with_columns(
        pl.col(*STATES, "buffer").fill_null(0)
    )
    return balance_frame(whole.select(*BALANCES).iter_rows())
