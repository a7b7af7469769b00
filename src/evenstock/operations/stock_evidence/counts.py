"""What people found at the shelf: counts, short picks, cancelled lines, and how long ago."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from evenstock.forecasting import DemandHistory
from evenstock.operations.company import Company
from evenstock.operations.stock_evidence.books import KEY, Floats, Ints, shelf_changes

_DAY: Final = timedelta(days=1)


def counts_of(company: Company, rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Counts of our SKU-nodes up to now, lots of one day added up: row, counted_at, found, booked; in time order."""
    counts = company.table("counts")
    if counts is None:
        return pl.DataFrame(
            schema={"row": pl.UInt32, "counted_at": pl.Datetime("us", "UTC"), "found": pl.Int64, "booked": pl.Int64}
        )
    return (
        counts.filter(pl.col("counted_at") <= now)
        .join(rows, on=KEY, how="inner")
        .group_by("row", pl.col("counted_at").dt.date().alias("day"))
        .agg(
            pl.max("counted_at"),
            found=pl.sum("units"),
            booked=pl.when(pl.col("booked").null_count() == 0).then(pl.col("booked").sum()),
        )
        .drop("day")
        .sort("row", "counted_at")
    )


@dataclass(frozen=True, slots=True, eq=False)
class SinceCount:
    days: Floats
    moved: Floats


def ages(
    rows: pl.DataFrame,
    series: Ints,
    sales: DemandHistory | None,
    counted: pl.DataFrame,
    movements: pl.DataFrame,
    now: datetime,
) -> tuple[SinceCount, Floats, pl.DataFrame]:
    """Days and units since the last count, age of what was never counted, and past counts with what lay before each."""
    n = rows.height
    begin = np.zeros(n)
    opened = shelf_changes(movements).join(rows, on=KEY).group_by("row").agg(pl.min("occurred_at"))
    begin[opened["row"].to_numpy()] = _days_ago(opened["occurred_at"], now)
    if sales is not None:
        started = np.where(series >= 0, sales.start[series], sales.n_days)
        begin = np.maximum(begin, np.where(series >= 0, sales.n_days - started, 0))
    begin = np.maximum(begin, 0.0)
    moved = _Moved(sales, series)
    days, units = np.full(n, np.inf), moved.between(np.arange(n), begin, np.zeros(n))
    if counted.is_empty():
        return SinceCount(days, units), begin, _no_counts()
    age = _days_ago(counted["counted_at"], now)
    row = counted["row"].to_numpy().astype(np.int64)
    last = np.append(row[1:] != row[:-1], True)
    days[row[last]] = age[last]
    units[row[last]] = moved.between(row[last], age[last], np.zeros(int(last.sum())))
    first = np.insert(row[1:] != row[:-1], 0, True)
    before = np.where(first, np.maximum(begin[row], age), np.roll(age, 1))
    learn = counted.select("row", "found", "booked").with_columns(
        node=rows["node"].gather(row), days=pl.Series(before - age), moved=pl.Series(moved.between(row, before, age))
    )
    return SinceCount(days, units), np.maximum(begin, 0.0), learn.drop_nulls("booked")


def _days_ago(moments: pl.Series, now: datetime) -> Floats:
    return ((now - moments).dt.total_microseconds() / (_DAY / timedelta(microseconds=1))).to_numpy().astype(np.float64)


def _no_counts() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"row": pl.UInt32, "found": pl.Int64, "booked": pl.Int64, "node": pl.String,
                "days": pl.Float64, "moved": pl.Float64}
    )  # fmt: skip


class _Moved:
    """Units that left a shelf between two ages in days, from sums that are made once."""

    def __init__(self, sales: DemandHistory | None, series: Ints) -> None:
        self._series = series
        self._days = 0 if sales is None else sales.n_days
        self._sums = (
            np.zeros((1, 1), np.int64)
            if sales is None
            else np.pad(np.cumsum(sales.units, axis=1, dtype=np.int64), ((0, 0), (1, 0)))
        )

    def between(self, row: Ints, older: Floats, younger: Floats) -> Floats:
        """Units of the days after the one `older` days ago, up to the one `younger` days ago."""
        at = self._series[row]
        ends = [self._days - np.clip(np.round(age), 0, self._days).astype(np.int64) for age in (older, younger)]
        units = self._sums[at, ends[1]] - self._sums[at, ends[0]]
        return np.where(at >= 0, np.maximum(units, 0), 0).astype(np.float64)


def failed_picks(
    company: Company, rows: pl.DataFrame, counted: pl.DataFrame, first: date, days: int
) -> tuple[Ints, Ints]:
    """Short picks and cancelled lines by day since the last count, each ``(series, day)``."""
    last = counted.group_by("row").agg(counted_on=pl.col("counted_at").max().dt.date())
    found = []
    picks, orders = company.table("short_picks"), company.table("order_history")
    for frame in (
        None if picks is None else picks.filter(pl.col("found") < pl.col("wanted")).select(*KEY, at="picked_at"),
        None
        if orders is None
        else orders.filter(pl.col("cancelled") > 0).select("sku", node="served_by", at="placed_at"),
    ):
        number = np.zeros((rows.height, days), np.int64)
        if frame is not None:
            since = (
                frame.with_columns(day=pl.col("at").dt.date())
                .join(rows, on=KEY, how="inner")
                .join(last, on="row", how="left")
                .filter(pl.col("counted_on").is_null() | (pl.col("day") > pl.col("counted_on")))
            )
            # Today's picks belong to the newest day there is: a short pick this morning must not wait for tomorrow.
            day = np.minimum((since["day"] - first).dt.total_days().to_numpy(), days - 1)
            inside = day >= 0
            np.add.at(number, (since["row"].to_numpy()[inside], day[inside]), 1)
        found.append(number)
    return found[0], found[1]


def usual_cancels(company: Company) -> float:
    """Share of order lines that are cancelled anyway, leaning on one in fifty."""
    orders = company.table("order_history")
    if orders is None:
        return 1.0
    return float(((orders["cancelled"] > 0).sum() + 2) / (orders.height + 100))
