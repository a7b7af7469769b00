"""How often a year the stock is sold."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenstock.domain.account import ON_HAND
from evenstock.operations.kpis.evidence import Evidence

NAME: Final = "inventory_turns"
TITLE: Final = "Inventory turns"
DEFINITION: Final = (
    "Cost of goods shipped to customers, annualised, over the mean of the stock's value at cost at the beginning and the end of "
    "the period (Cachon and Terwiesch: COGS / inventory); at today's unit costs"
)
SOURCE: Final = "movements of the ledger; `whole` is the value at the beginning and at the end added up"
UNIT: Final = "times a year"
_MORE: Final = {"sku": pl.String, "node": pl.String, "units_shipped": pl.Int64}
_KEY: Final = ("sku", "node")


def rows(told: Evidence) -> pl.DataFrame:
    cost = {str(item.sku): int(item.unit_cost_cents) for item in told.company.network.items.values()}
    moved = told.movements.with_columns(day=pl.col("occurred_at").dt.date()).filter(pl.col("day") <= told.last)
    ends = pl.concat(
        [
            moved.filter(pl.col(f"{end}_bucket").is_in([str(bucket.value) for bucket in ON_HAND])).select(
                "sku", "day", node=f"{end}_node", units=sign * pl.col("units")
            )
            for end, sign in (("source", -1), ("destination", 1))
        ]
    )
    stock = ends.group_by(_KEY).agg(
        begin=pl.col("units").filter(pl.col("day") < told.first).sum(), end=pl.col("units").sum()
    )
    sold = (
        moved.filter((pl.col("day") >= told.first) & (pl.col("destination_cause") == "customer"))
        .group_by("sku", node="source_node")
        .agg(units_shipped=pl.col("units").sum())
    )
    whole = stock.join(sold, on=list(_KEY), how="full", coalesce=True).with_columns(
        pl.col("begin", "end", "units_shipped").fill_null(0),
        cents=pl.col("sku").replace_strict(cost, default=0, return_dtype=pl.Int64),
    )
    return whole.select(
        key=pl.format("{}|{}", "sku", "node"),
        nodes=pl.concat_list("node"),
        part=pl.col("units_shipped") * pl.col("cents"),
        whole=(pl.col("begin") + pl.col("end")) * pl.col("cents"),
        sku="sku",
        node="node",
        units_shipped="units_shipped",
    )


def scale(told: Evidence) -> float:
    return 2 * 365.0 / told.days
