"""How much of what is sold comes back, and how long after: kept beside demand, never taken from it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

WINDOW_DAYS: Final = 364
"""Sales of the last year tell the rate."""
USUAL_LAG: Final = 14
"""Days from sale to return where the two series do not tell."""
LONGEST_LAG: Final = 60
LEAST_LIKENESS: Final = 0.5
"""Correlation from which the lag at which returns follow sales best is believed."""
PRIOR_UNITS: Final = (500.0, 50.0)
"""Units sold, at the rate of all, that a category's rate is mixed with; and at the category's rate, that an item's is."""
_WEEK: Final = 7


def return_rates(
    returns: pl.DataFrame, demand: pl.DataFrame, as_of: date, *, items: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Share of each item's sales that comes back: columns sku, category, sold, returned, rate, lag_days; by item.

    Returns of a window are held against the sales `lag_days` before it, so that what was sold yesterday is not taken for kept.
    An item's rate is drawn towards its category's, a category's towards that of all, and is never above 1.

    Parameters
    ----------
    returns
        Columns of `tables.Returns`, such as `repairs.split_returns` finds.
    demand
        Columns of `tables.Demand`.
    items
        Columns `sku` and `category`.

    Raises
    ------
    ValueError
        If there is no demand before `as_of`.

    Examples
    --------
    One item, 100 sold and 20 returned two weeks later: with one item, its category and all are the same.

    >>> days = [date(2026, 3, 1) + timedelta(days=k) for k in range(24)]
    >>> sold = pl.DataFrame({"date": days[:10], "sku": "MUG", "node": "TX", "units": 10})
    >>> back = pl.DataFrame({"date": days[14:], "sku": "MUG", "node": "TX", "units": 2})
    >>> return_rates(back, sold, date(2026, 3, 25)).select("sold", "returned", "rate").row(0)
    (100, 20, 0.2)
    """
    demand, returns = demand.filter(pl.col("date") < as_of), returns.filter(pl.col("date") < as_of)
    if demand.is_empty():
        raise ValueError(f"no demand before {as_of}: there is nothing that could have come back")
    lag = timedelta(days=return_lag(returns, demand))
    first: date = max(demand["date"].min(), as_of - timedelta(days=WINDOW_DAYS))  # type: ignore[type-var, assignment]
    sold = demand.filter((pl.col("date") >= first) & (pl.col("date") < as_of - lag))
    back = returns.filter(pl.col("date") >= first + lag)
    rows = (
        demand.select("sku").unique()
        .join(sold.group_by("sku").agg(sold=pl.col("units").sum()), on="sku", how="left")
        .join(back.group_by("sku").agg(returned=pl.col("units").sum()), on="sku", how="left")
        .with_columns(pl.col("sold", "returned").fill_null(0).cast(pl.Int64))
    )  # fmt: skip
    if items is not None:
        known = items.select("sku", "category").unique("sku", keep="first", maintain_order=True)
        rows = rows.join(known, on="sku", how="left")
    else:
        rows = rows.with_columns(category=pl.lit(""))
    rows = rows.with_columns(pl.col("category").fill_null("")).sort("sku")
    everything = min(int(rows["returned"].sum()) / max(int(rows["sold"].sum()), 1), 1.0)
    of_category, of_item = PRIOR_UNITS
    category = (pl.col("returned").sum() + of_category * everything) / (pl.col("sold").sum() + of_category)
    rows = rows.with_columns(category.over("category").clip(0, 1).alias("near"))
    rate = (pl.col("returned") + of_item * pl.col("near")) / (pl.col("sold") + of_item)
    return rows.select(
        "sku", "category", "sold", "returned", rate=rate.clip(0, 1), lag_days=pl.lit(lag.days, dtype=pl.Int64)
    )


def return_lag(returns: pl.DataFrame, demand: pl.DataFrame) -> int:
    """Days from sale to return: the shift, up to 60 days, at which the weekly sums of returns follow those of sales best.

    `USUAL_LAG` where they follow at no shift: steady sales do not tell which of them came back.
    """
    if returns.is_empty():
        return USUAL_LAG
    first: date = demand["date"].min()  # type: ignore[assignment]
    last: date = max(demand["date"].max(), returns["date"].max())  # type: ignore[type-var, assignment]
    days = (last - first).days + 1
    sold, back = _weekly(demand, first, days), _weekly(returns, first, days)
    alike = np.zeros(LONGEST_LAG + 1)
    for lag in range(min(LONGEST_LAG, days - 1 - 4 * _WEEK) + 1):
        x, y = sold[: sold.size - lag], back[lag:]
        if x.size > 2 * _WEEK and x.std() > 0 and y.std() > 0:
            alike[lag] = np.corrcoef(x, y)[0, 1]
    best = int(alike.argmax())
    return best if alike[best] >= LEAST_LIKENESS else USUAL_LAG


def _weekly(rows: pl.DataFrame, first: date, days: int) -> npt.NDArray[np.float64]:
    """Sums over seven days, one for each day on which they end: weekdays cancel."""
    day = (rows["date"] - first).dt.total_days().to_numpy()
    inside = (day >= 0) & (day < days)
    units = np.bincount(day[inside], weights=rows["units"].to_numpy()[inside], minlength=days)
    return np.asarray(np.convolve(units, np.ones(_WEEK), mode="valid"))
