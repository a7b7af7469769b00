"""What the made-up brand's books said on past mornings: today's stock, less what came since, plus what went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

DAYS: Final = 120
"""Mornings that can be looked back to."""

Units = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PastBooks:
    """The books of every row of `stock` on each of the last `DAYS` mornings."""

    stock: pl.DataFrame
    opens_at: datetime
    """The morning at which `stock` was true of the books."""
    sold: Units
    """Units gone by the d-th morning ago until `opens_at`, shape ``(row, d)``, d from 0."""
    received: Units

    @property
    def as_of(self) -> date:
        return self.opens_at.date()

    def at(self, days_ago: npt.ArrayLike) -> Units:
        """Units on hand by the books, of each row on its morning; one number of days for all rows, or one a row."""
        rows = np.arange(self.stock.height)
        ago = np.broadcast_to(np.asarray(days_ago), rows.shape)
        on_hand = self.stock["on_hand"].to_numpy()
        return np.asarray(on_hand + self.sold[rows, ago] - self.received[rows, ago], dtype=np.int64)

    def sold_on(self, days_ago: int) -> Units:
        """Units of each row sold on the day that began so many mornings ago, from 1."""
        return np.asarray(self.sold[:, days_ago] - self.sold[:, days_ago - 1], dtype=np.int64)


def units_since(rows: pl.DataFrame, stock: pl.DataFrame, as_of: date) -> Units:
    """Units of `rows` (date, sku, node, units) from the d-th day before `as_of` on, shape ``(row of stock, d)``.

    Examples
    --------
    Two units yesterday and three the day before: five in two days.

    >>> stock = pl.DataFrame({"sku": ["a"], "node": ["TX"]})
    >>> days = [date(2026, 9, 13), date(2026, 9, 14)]
    >>> rows = pl.DataFrame({"date": days, "sku": ["a"] * 2, "node": ["TX"] * 2, "units": [3, 2]})
    >>> units_since(rows, stock, date(2026, 9, 15))[0, :4].tolist()
    [0, 2, 5, 5]
    """
    found = np.zeros((stock.height, DAYS + 1), dtype=np.int64)
    place = stock.select("sku", "node").with_row_index("row")
    recent = rows.filter((pl.col("date") >= as_of - timedelta(days=DAYS)) & (pl.col("date") < as_of))
    known = recent.select("date", "sku", "node", "units").join(place, on=["sku", "node"])
    ago = known.select((pl.lit(as_of) - pl.col("date")).dt.total_days()).to_series().to_numpy()
    np.add.at(found, (known["row"].to_numpy(), ago), known["units"].to_numpy())
    return found.cumsum(axis=1)
