"""Real M5 data (ten Walmart stores) as the package's own inputs: sales, events, prices, and the money sold."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting import DemandHistory, Drivers

FIRST_DAY = date(2011, 1, 29)
"""The day called d_1."""
MONEY_DAYS = 28
LAST_DAY = 1885
"""Last day of sales in the data set, as d_N."""


def as_of(origin: int) -> date:
    """The first day to forecast when d_`origin` is the last day known."""
    return FIRST_DAY + timedelta(days=origin)


def sales(folder: Path, last: int) -> DemandHistory:
    """Demand of the ten stores by department as category, days d_1 to d_last."""
    frame = pl.read_parquet(
        folder / "sales.parquet", columns=["item_id", "store_id", "dept_id", *(f"d_{k}" for k in range(1, last + 1))]
    )
    keys = frame.select(sku="item_id", node="store_id", category="dept_id")
    units = np.empty((frame.height, last), dtype=np.int16)
    for k in range(last):
        units[:, k] = frame[f"d_{k + 1}"].to_numpy()
    return DemandHistory.from_matrix(units, keys, FIRST_DAY)


def events(folder: Path) -> pl.DataFrame:
    """Named events of the country, and days on which SNAP benefits may be spent in a store's state."""
    days = pl.read_csv(folder / "calendar.csv", try_parse_dates=True)
    named = [
        days.select("date", event=column, node=pl.lit("")).drop_nulls("event")
        for column in ("event_name_1", "event_name_2")
    ]
    stores = {"CA": 4, "TX": 3, "WI": 3}
    snap = [
        days.filter(pl.col(f"snap_{state}") == 1).select("date", event=pl.lit("snap"), node=pl.lit(f"{state}_{k + 1}"))
        for state, count in stores.items()
        for k in range(count)
    ]
    return pl.concat([*named, *snap])


def money(folder: Path, past: DemandHistory) -> npt.NDArray[np.float64]:
    """Money sold in the last 28 days, the weight of a series in the M5 competition."""
    week = dict(pl.read_csv(folder / "calendar.csv", try_parse_dates=True).select("date", "wm_yr_wk").iter_rows())
    weeks = [week[past.as_of - timedelta(days=MONEY_DAYS - k)] for k in range(MONEY_DAYS)]
    prices = pl.read_parquet(folder / "sell_prices.parquet").filter(pl.col("wm_yr_wk").is_in(sorted(set(weeks))))
    earned = np.zeros(past.n_series)
    for name in sorted(set(weeks)):
        price = past.keys.join(
            prices.filter(pl.col("wm_yr_wk") == name),
            left_on=["sku", "node"],
            right_on=["item_id", "store_id"],
            how="left",
            maintain_order="left",
        )["sell_price"]
        days = [past.n_days - MONEY_DAYS + k for k in range(MONEY_DAYS) if weeks[k] == name]
        earned += past.units[:, days].sum(axis=1) * price.fill_null(0.0).to_numpy()
    return earned


def prices(folder: Path) -> pl.DataFrame:
    """Shelf prices by week as `tables.SalePrices`: one row where a price begins or changes; nobody announced any."""
    weeks = pl.read_csv(folder / "calendar.csv", try_parse_dates=True).group_by("wm_yr_wk").agg(pl.col("date").min())
    return (
        pl.read_parquet(folder / "sell_prices.parquet")
        .with_columns(cents=(pl.col("sell_price").cast(pl.Float64) * 100).round().cast(pl.Int64))
        .join(weeks.with_columns(pl.col("wm_yr_wk").cast(pl.Int32)), on="wm_yr_wk")
        .sort("item_id", "store_id", "date")
        .filter(pl.col("cents").ne_missing(pl.col("cents").shift().over("item_id", "store_id")))
        .select(
            sku="item_id",
            node="store_id",
            valid_from="date",
            cents="cents",
            announced_on=pl.lit(None, dtype=pl.Date),
        )
    )


def drivers(folder: Path) -> Drivers:
    """Events with SNAP days, and prices known from the day they held."""
    return Drivers(events=events(folder), sale_prices=prices(folder))


def keys(history: DemandHistory) -> pl.DataFrame:
    """Columns of the twelve M5 levels, one row a series."""
    return history.keys.select(
        item="sku",
        store="node",
        department="category",
        state=pl.col("node").str.slice(0, 2),
        category=pl.col("category").str.split("_").list.first(),
    )
