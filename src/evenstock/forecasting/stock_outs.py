"""Days without stock, from what systems stated or what the books say: demand could not be seen on them."""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from evenstock.forecasting.local_days import with_local_day

CARRY_DAYS: Final = 3
"""A statement speaks for so many days after its own, unless another follows: a weekend without a file is no news."""
_MICROSECOND: Final = pl.duration(microseconds=1)


def most_on_hand(
    statements: pl.DataFrame, nodes: pl.DataFrame, *, last: date, carry_days: int | None = CARRY_DAYS
) -> pl.DataFrame:
    """The most that was there on each day of which something is known: columns date, sku, node, units.

    A statement holds until the next one of its source and lot, at most `carry_days` days beyond its own. Lots add up; where
    sources differ, the largest counts: one system that says there was some is enough for a doubt. Only items that were ever
    stated as empty somewhere are in it: the others had no stock-out.

    Parameters
    ----------
    statements
        Columns of `tables.Observations`: source, sku, node, lot, observed_at, units.
    nodes
        Columns `node` and `timezone`: days are the node's own.
    last
        The last day that is reckoned.
    carry_days
        None where a statement holds until the next one, as in the books.
    """
    stream = ["source", "sku", "node", "lot"]
    if "lot" not in statements.columns:
        statements = statements.with_columns(lot=pl.lit(""))
    emptied = statements.filter(pl.col("units") <= 0).select("sku").unique()
    said = statements.join(emptied, on="sku", how="semi").sort(*stream, "observed_at", maintain_order=True)
    said = with_local_day(said, "observed_at", nodes, day="since")
    # Up to the moment before the next statement, which may fall on a later day.
    said = said.with_columns(until=pl.col("observed_at").shift(-1).over(stream) - _MICROSECOND)
    said = with_local_day(said, "until", nodes, day="end").with_columns(pl.col("end").fill_null(last))
    if carry_days is not None:
        said = said.with_columns(pl.min_horizontal("end", pl.col("since").dt.offset_by(f"{carry_days}d")).alias("end"))
    said = said.with_columns(pl.min_horizontal("end", pl.lit(last)).alias("end")).filter(
        pl.col("end") >= pl.col("since")
    )
    days = said.with_columns(date=pl.date_ranges("since", "end")).explode("date")
    by_stream = days.group_by("date", *stream).agg(pl.col("units").max())
    by_source = by_stream.group_by("date", "source", "sku", "node").agg(pl.col("units").sum())
    return by_source.group_by("date", "sku", "node").agg(pl.col("units").max()).sort("date", "sku", "node")


def stock_outs(most: pl.DataFrame, together: pl.DataFrame | None = None) -> pl.DataFrame:
    """Days on which nothing was there all day: columns date, sku, node.

    Parameters
    ----------
    most
        As `most_on_hand` gives it; several such frames may be put one under the other.
    together
        Columns `node` and `pool`: nodes of one pool stand in for each other, so a day counts only where every node of the pool
        that had stated anything of the item by then is known to have been empty. None where an order waits for its own node.

    Examples
    --------
    >>> day = [date(2026, 7, 1), date(2026, 7, 1), date(2026, 7, 2), date(2026, 7, 2)]
    >>> most = pl.DataFrame({"date": day, "sku": ["MUG"] * 4, "node": ["PA", "TX"] * 2, "units": [0, 4, 0, 0]})
    >>> stock_outs(most).height
    3
    >>> pool = pl.DataFrame({"node": ["PA", "TX"], "pool": ["own", "own"]})
    >>> stock_outs(most, pool).rows()[0]
    (datetime.date(2026, 7, 2), 'MUG', 'PA')
    """
    by_node = most.group_by("date", "sku", "node").agg(pl.col("units").max())
    empty = by_node.filter(pl.col("units") <= 0).select("date", "sku", "node")
    if together is not None:
        pool = together.select("node", "pool")
        empty = empty.join(pool, on="node")
        first = by_node.group_by("sku", "node").agg(pl.col("date").min().alias("first")).join(pool, on="node")
        asked = empty.select("date", "sku", "pool").unique().join(first, on=["sku", "pool"])
        asked = asked.filter(pl.col("first") <= pl.col("date")).join(by_node, on=["date", "sku", "node"], how="left")
        # A node of which nothing is known that day may have had some.
        some = asked.filter(pl.col("units").fill_null(1) > 0)
        empty = empty.join(some, on=["date", "sku", "pool"], how="anti").drop("pool")
    return empty.sort("date", "sku", "node")
