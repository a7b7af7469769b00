"""What left each shelf day by day, and what a forecast made beforehand expected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.domain import NodeKind
from evenstock.forecasting import DemandHistory, Drivers, fit, prepare
from evenstock.operations.company import Company
from evenstock.operations.stock_evidence.books import KEY, Floats, Ints, rows_of

WINDOW_DAYS: Final = 56
"""Days of sales that are held against a forecast made before them."""
LEARN_DAYS: Final = 28
"""Least days of history that such a forecast needs."""
SHELF_BOUND: Final = frozenset({NodeKind.STORE, NodeKind.FBA})
"""Kinds of node that sell only what is on their own shelf."""
_DRIVERS: Final = ("events", "promotions", "sale_prices", "signals")


def left_the_shelf(company: Company) -> tuple[pl.DataFrame | None, dict[str, tuple[date, date]], list[str]]:
    """Units that left each shelf by day; first and last day on which each node's sales tell of its shelf; and notes.

    Where the order history says who shipped, what that node shipped; elsewhere the demand table. That one tells of the
    shelf where customers buy what they see or are shown (`SHELF_BOUND`); what is wanted of any other node goes on while
    its shelf is empty, so there it tells how fast a record moves and nothing more. Before a node's first shipment its
    demand stands in for what it shipped: to know what to expect of it, not as evidence.
    """
    demand, orders = company.table("demand"), company.table("order_history")
    parts: list[pl.DataFrame] = []
    begun: dict[str, date] = {}
    if orders is not None and (orders["served_by"] != "").any():
        shipped = (
            orders.filter(pl.col("served_by") != "")
            .group_by(date=pl.col("placed_at").dt.date(), sku="sku", node="served_by")
            .agg(units=(pl.col("units") - pl.col("cancelled")).sum().clip(lower_bound=0))
        )
        begun = dict(shipped.group_by("node").agg(pl.min("date")).sort("node").iter_rows())
        if demand is not None:
            flags = demand.select("date", *KEY, "in_stock", "promotion")
            shipped = shipped.join(flags, on=["date", *KEY], how="left")
        else:
            shipped = shipped.with_columns(in_stock=None, promotion=None)
        parts.append(shipped.with_columns(
            pl.col("in_stock").cast(pl.Boolean).fill_null(value=True),
            pl.col("promotion").cast(pl.Boolean).fill_null(value=False),
        ))  # fmt: skip
    if demand is not None:
        first = pl.col("node").replace_strict(begun, default=None, return_dtype=pl.Date)
        parts.append(demand.filter(first.is_null() | (pl.col("date") < first)))
    if not parts:
        return None, {}, ["no demand and no order history: sales say nothing about any shelf"]
    order = ["date", *KEY, "units", "in_stock", "promotion"]
    left = pl.concat([part.select(order).cast({"units": pl.Int64}) for part in parts])
    bound = {str(node.id) for node in company.network.nodes.values() if node.kind in SHELF_BOUND}
    telling = {*begun, *bound}
    spans = left.group_by("node").agg(pl.min("date").alias("first"), pl.max("date").alias("last"))
    heard = {node: (begun.get(node, first), last) for node, first, last in spans.iter_rows() if node in telling}
    deaf = sorted(set(left["node"]) - telling)
    notes = []
    if deaf:
        notes.append(
            f"demand of {', '.join(deaf)} goes on while a shelf there is empty, so it tells nothing of the shelf: "
            "import order_history with served_by, or short_picks"
        )
    return left, heard, notes


def sales_history(company: Company, left: pl.DataFrame | None, today: date) -> DemandHistory | None:
    if left is None or left.filter(pl.col("date") < today).is_empty():
        return None
    return prepare(left, today, items=company.tables["items"])


@dataclass(frozen=True, slots=True, eq=False)
class LookBack:
    """The window of days, in the rows of the books."""

    days: int
    sold: Ints
    mean: Floats
    looked: npt.NDArray[np.bool_]
    alpha: Floats
    path_variance: Floats
    path_drift: Floats
    rate: Floats


def look_back_on(
    sales: DemandHistory | None, rows: pl.DataFrame, company: Company, notes: list[str]
) -> tuple[Ints, LookBack]:
    """What was sold in the window, and what a forecast made before it expected; also the sales row of each of ours, or -1."""
    n = rows.height
    series = np.full(n, -1, np.int64)
    days = 0 if sales is None else min(WINDOW_DAYS, sales.n_days - LEARN_DAYS)
    if sales is not None:
        at, found = rows_of(rows, sales.keys)
        series[at] = found
    if sales is None or days < 1:
        if sales is not None:
            notes.append(f"{sales.n_days} days of sales are too few to hold any of them against a forecast")
        # Days without any sales to look at still carry picks, counts and receipts.
        blind = np.zeros((n, WINDOW_DAYS))
        none = np.zeros(n)
        return series, LookBack(
            WINDOW_DAYS, blind.astype(np.int64), blind, blind.astype(np.bool_), none, none, none, none
        )
    origin = sales.as_of - timedelta(days=days)
    drivers = Drivers(**{name: table for name in _DRIVERS if (table := company.table(name)) is not None})
    # Drawn up as it would have been on the first morning of the window: later, it would have got used to an empty shelf.
    expected = fit(sales.before(origin), horizon=days, drivers=drivers.known(origin))
    recent = sales.last(days)
    looked = recent.seen(days)
    if recent.promoted is not None:
        looked = looked & ~recent.promoted
    sold, mean = np.zeros((n, days), np.int64), np.zeros((n, days))
    mask = np.zeros((n, days), np.bool_)
    sold[at], mean[at], mask[at] = recent.units[found], expected.mu[found], looked[found]
    alpha, variance, drift = np.zeros(n), np.zeros(n), np.zeros(n)
    alpha[at], variance[at] = expected.alpha[found], expected.path_variance[found]
    drift[at] = expected.path_drift[found]
    mask &= mean > 0
    return series, LookBack(days, sold, mean, mask, alpha, variance, drift, mean.mean(axis=1))


def heard(rows: pl.DataFrame, spans: dict[str, tuple[date, date]], first: date, days: int) -> npt.NDArray[np.bool_]:
    """Days from the first to the last that the node was heard of: silence at the end is a late feed, not a node that sells nothing."""
    never = (first, first - timedelta(days=1))
    span = [spans.get(node, never) for node in rows["node"]]
    since, until = (np.array([(ends[k] - first).days for ends in span], np.int64)[:, None] for k in range(2))
    day = np.arange(days)[None, :]
    return np.asarray((day >= since) & (day <= until))
