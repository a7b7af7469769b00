"""Demand by day at the node that should have served it, made from order lines: whoever did serve them leaves no trace in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from evenstock.forecasting.local_days import with_local_day

AREA: Final = 3
"""First characters of a postal code that make its region: ZIP3 in the US."""
GOLDEN: Final = (5**0.5 - 1) / 2
"""Multiples of it, modulo 1, fall evenly: lines dealt out by them keep the shares over every stretch of time."""
UNKNOWN_ITEM: Final = "no such item"
UNKNOWN_REGION: Final = "no node is known for the region"

_DEMAND: Final = {
    "date": pl.Date,
    "sku": pl.String,
    "node": pl.String,
    "units": pl.Int64,
    "in_stock": pl.Boolean,
    "promotion": pl.Boolean,
}
_DEFAULTS: Final = {"cancelled": 0, "country": "US", "served_by": "", "channel": ""}


@dataclass(frozen=True, slots=True, eq=False)
class Attributed:
    """Demand made from orders, and what became of every unit ordered."""

    demand: pl.DataFrame
    """Columns of `tables.Demand`, by date, item and node."""
    moved: pl.DataFrame
    """Units and lines by `served_by` (empty where unknown) and home `node`: where the two differ, routing had moved demand."""
    unplaced: pl.DataFrame
    """Why lines had no home: because, lines, units, dealt (whether they were dealt out among the item's other nodes)."""
    ordered: int
    """Units of all lines."""
    cancelled: int
    """Of these, cancelled; a line that cancels more than it ordered counts as cancelled whole."""
    notes: tuple[str, ...]

    @property
    def moved_share(self) -> float:
        """Share of the units of which it is known who served them that another node than their home did."""
        known = self.moved.filter(pl.col("served_by") != "")
        away = known.filter(pl.col("served_by") != pl.col("node"))
        units = int(known["units"].sum())
        return int(away["units"].sum()) / units if units else 0.0

    def matrix(self) -> pl.DataFrame:
        """Units, a row for each node that served and a column for each home."""
        wide = self.moved.sort("node").pivot("node", index="served_by", values="units", aggregate_function="sum")
        return wide.fill_null(0).sort("served_by")


def attribute(
    orders: pl.DataFrame,
    homes: pl.DataFrame,
    nodes: pl.DataFrame,
    *,
    groups: pl.DataFrame | None = None,
    stock_outs: pl.DataFrame | None = None,
) -> Attributed:
    """Units ordered less cancelled, by item, home node and the home's own calendar day.

    A line without a home (its region is unknown, abroad, or no node may serve it) goes whole to one of the item's nodes, so
    that over all such lines their shares are those of the units placed; of all items' units, where the item has none placed.
    Lines of items that `groups` does not have are left out. All of that is counted.

    Parameters
    ----------
    orders
        Columns of `tables.OrderHistory`; those with a default may be absent.
    homes
        Columns `country`, `area` (the first three characters of the postal code, in capitals) and `node`; `channel` and
        `group` too where the home depends on them; `because` where `node` is empty. One row a region.
    nodes
        Columns `node` and `timezone`.
    groups
        Columns `sku` and `group`: items of one group have the same homes.
    stock_outs
        Columns date, sku, node: days without stock. They are marked where nobody ordered either, from a series' first day to
        the last day of all; an order shows that demand was seen.

    Raises
    ------
    ValueError
        If there are no orders, or not one line has a home.

    Examples
    --------
    Pennsylvania ran out and Texas served its customer: the mug was wanted in Pennsylvania.

    >>> from datetime import UTC, datetime
    >>> orders = {"order": ["1", "2"], "line": ["1", "1"], "sku": ["MUG", "MUG"], "units": [1, 2], "served_by": ["TX", "TX"]}
    >>> orders |= {"placed_at": [datetime(2026, 7, 1, 15, tzinfo=UTC)] * 2, "postal_code": ["19103", "75201"]}
    >>> homes = pl.DataFrame({"country": ["US", "US"], "area": ["191", "752"], "node": ["PA", "TX"]})
    >>> zones = pl.DataFrame({"node": ["PA", "TX"], "timezone": ["America/New_York", "America/Chicago"]})
    >>> found = attribute(pl.DataFrame(orders), homes, zones)
    >>> found.demand.select("node", "units").rows(), round(found.moved_share, 3)
    ([('PA', 1), ('TX', 2)], 0.333)
    """
    if orders.is_empty():
        raise ValueError("no order lines: demand cannot be made from nothing")
    lines = _lines(orders, groups)
    on = [c for c in ("country", "area", "channel", "group") if c in homes.columns and c in lines.columns]
    if homes.select(on).is_duplicated().any():
        raise ValueError(f"homes: a region ({', '.join(on)}) stands twice; give it one row")
    because = pl.col("because") if "because" in homes.columns else pl.lit("")
    lines = lines.join(homes.select(*on, "node", because.alias("because")), on=on, how="left", maintain_order="left")
    if groups is not None:
        known = lines["sku"].is_in(groups["sku"].to_list())
        lines = lines.with_columns(
            node=pl.when(known).then("node"), because=pl.when(known).then("because").otherwise(pl.lit(UNKNOWN_ITEM))
        )
    lines = lines.with_columns(pl.col("node").replace("", None))
    placed = lines.filter(pl.col("node").is_not_null())
    if placed.is_empty():
        raise ValueError(f"none of {lines.height} order lines has a home node; {_why(lines).row(0)[0]}")
    astray = lines.filter(pl.col("node").is_null() & (pl.col("because").fill_null("") != UNKNOWN_ITEM))
    rows = pl.concat([placed, _dealt_out(astray, placed)])
    demand = _by_day(rows, nodes, stock_outs)
    unplaced = _why(lines.filter(pl.col("node").is_null()))
    cancelled = int((lines["units"] - lines["net"]).sum())
    moved = placed.group_by("served_by", "node").agg(
        pl.col("net").sum().alias("units"), pl.len().cast(pl.Int64).alias("lines")
    )
    return Attributed(
        demand,
        moved.filter(pl.col("units") > 0).sort("served_by", "node"),
        unplaced,
        int(lines["units"].sum()),
        cancelled,
        _notes(lines, unplaced),
    )


def _lines(orders: pl.DataFrame, groups: pl.DataFrame | None) -> pl.DataFrame:
    filled = orders.with_columns(pl.lit(v).alias(c) for c, v in _DEFAULTS.items() if c not in orders.columns)
    lines = filled.select(
        "order",
        "line",
        "sku",
        "units",
        "cancelled",
        "placed_at",
        "country",
        "served_by",
        "channel",
        net=(pl.col("units") - pl.col("cancelled")).clip(0),
        area=pl.col("postal_code").str.strip_chars().str.slice(0, AREA).str.to_uppercase(),
    )
    if groups is None:
        return lines
    return lines.join(groups.select("sku", "group"), on="sku", how="left", maintain_order="left")


def _dealt_out(astray: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """Each line to one node, in the order they were placed: by the item's shares, else by those of all items."""
    if astray.is_empty():
        return astray
    wanted = placed.filter(pl.col("net") > 0)
    everything = (wanted if wanted.height else placed.with_columns(net=1)).with_columns(
        sku=pl.lit(None, dtype=pl.String)
    )
    own = wanted.join(astray, on="sku", how="semi")
    shares = (
        pl.concat([own.select("sku", "node", "net"), everything.select("sku", "node", pl.col("net").cast(pl.Int64))])
        .group_by("sku", "node")
        .agg(pl.col("net").sum())
        .sort("sku", "node", nulls_last=True)
        .with_columns(upto=pl.col("net").cum_sum().over("sku") / pl.col("net").sum().over("sku"))
        .with_columns(number=pl.col("sku").rle_id())
    )
    numbers = shares.group_by("sku").agg(pl.col("number").first())
    of_all = numbers.filter(pl.col("sku").is_null())["number"].item()
    lines = (
        astray.sort("sku", "placed_at", "order", "line")
        .join(numbers, on="sku", how="left", maintain_order="left")
        .with_columns(turn=pl.int_range(pl.len()).over("sku"), number=pl.col("number").fill_null(of_all))
    )
    # Shares of item number k fill the interval from k to k + 1; a line takes the node under its point.
    ends = (shares["number"] + shares["upto"].clip(upper_bound=1.0)).to_numpy()
    point = lines["number"].to_numpy() + (lines["turn"].to_numpy() + 0.5) * GOLDEN % 1.0
    at = np.minimum(np.searchsorted(ends, point, side="right"), shares.height - 1)
    return lines.with_columns(node=shares["node"].gather(at)).select(astray.columns)


def _by_day(rows: pl.DataFrame, nodes: pl.DataFrame, stock_outs: pl.DataFrame | None) -> pl.DataFrame:
    sold = with_local_day(rows.filter(pl.col("net") > 0), "placed_at", nodes)
    demand = sold.group_by("date", "sku", "node").agg(pl.col("net").sum().alias("units"))
    demand = demand.with_columns(in_stock=pl.lit(value=True))
    if stock_outs is not None and demand.height:
        last = demand["date"].max()
        begun = demand.group_by("sku", "node").agg(pl.col("date").min().alias("since"))
        out = (
            stock_outs.select("date", "sku", "node")
            .unique()
            .join(begun, on=["sku", "node"])
            .filter((pl.col("date") > pl.col("since")) & (pl.col("date") <= last))
            .join(demand, on=["date", "sku", "node"], how="anti")
            .select("date", "sku", "node", units=pl.lit(0, dtype=pl.Int64), in_stock=pl.lit(value=False))
        )
        demand = pl.concat([demand.select(out.columns), out])
    demand = demand.with_columns(promotion=pl.lit(value=False)).sort("date", "sku", "node")
    return demand.select(pl.col(name).cast(kind) for name, kind in _DEMAND.items())


def _why(lines: pl.DataFrame) -> pl.DataFrame:
    because = pl.when(pl.col("because").fill_null("") == "").then(pl.lit(UNKNOWN_REGION)).otherwise("because")
    counted = lines.group_by(because.alias("because")).agg(
        pl.len().cast(pl.Int64).alias("lines"), pl.col("net").sum().alias("units")
    )
    return counted.with_columns(dealt=pl.col("because") != UNKNOWN_ITEM).sort("because")


def _notes(lines: pl.DataFrame, unplaced: pl.DataFrame) -> tuple[str, ...]:
    notes = []
    over = lines.filter(pl.col("cancelled") > pl.col("units")).height
    if over:
        notes.append(f"{over} lines cancel more than they ordered: counted as cancelled whole")
    for because, count, units, dealt in unplaced.iter_rows():
        what = "dealt out by the shares of the item's other demand" if dealt else "left out"
        notes.append(f"{count} lines ({units} units) have no home, {because}: {what}")
    return tuple(notes)
