"""What was wanted, day by day: one dense matrix with the keys of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.data_contract import no_changes, together

Units = npt.NDArray[np.integer]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class DemandHistory:
    """Daily demand of many series up to the day before `as_of`.

    A forecast is made *as of* its first day: the history ends on the day before.
    """

    keys: pl.DataFrame
    """Columns sku, node, category (empty where unknown); one row a series, in (sku, node) order where `prepare` made it."""
    units: Units
    """Shape ``(series, day)``, not below zero. A day without a row is zero."""
    first_day: date
    """The day of column 0."""
    start: npt.NDArray[np.int64]
    """Column of the first sale of each series: zeros before it are trimmed. The number of days where nothing was ever sold."""
    hidden: Mask | None = None
    """Days whose demand was not seen (stock-out, silent feed), shape of `units`; None where every day was."""
    promoted: Mask | None = None
    """Promoted days, shape of `units`; None where there are none."""
    notes: tuple[str, ...] = ()
    """What was changed on the way here and why, in words."""
    changes: pl.DataFrame = field(default_factory=no_changes)
    """The same by series and day: the columns of `data_contract.CHANGES`. Parts of a history keep those of the whole."""

    def __post_init__(self) -> None:
        if self.units.ndim != 2 or self.units.dtype.kind not in "iu":
            raise ValueError("units is a matrix (series, day) of whole numbers")
        if self.keys.height != self.units.shape[0] or self.start.shape != self.units.shape[:1]:
            raise ValueError(f"{self.units.shape[0]} series need as many keys ({self.keys.height}) and starts")
        if any(m is not None and m.shape != self.units.shape for m in (self.hidden, self.promoted)):
            raise ValueError("hidden and promoted have the shape of units")

    @classmethod
    def from_matrix(
        cls,
        units: Units,
        keys: pl.DataFrame,
        first_day: date,
        *,
        hidden: Mask | None = None,
        promoted: Mask | None = None,
        notes: Sequence[str] = (),
    ) -> DemandHistory:
        """History of a matrix that is already there. Raises ValueError for units below zero or keys that repeat."""
        if units.size and units.min() < 0:
            row, day = np.argwhere(units < 0)[0]
            raise ValueError(f"{keys.row(int(row))}, day {day}: demand below zero; keep returns apart from demand")
        if "category" not in keys.columns:
            keys = keys.with_columns(pl.lit("").alias("category"))
        keys = keys.select(pl.col("sku", "node", "category").cast(pl.String))
        if keys.select("sku", "node").is_duplicated().any():
            raise ValueError("a (sku, node) stands twice in the keys; add its rows up or drop one")
        return cls(keys, units, first_day, _first_sale(units), hidden, promoted, tuple(notes))

    @property
    def n_series(self) -> int:
        return int(self.units.shape[0])

    @property
    def n_days(self) -> int:
        return int(self.units.shape[1])

    @property
    def as_of(self) -> date:
        """The first day after the history, which a forecast made from it starts with."""
        return self.first_day + timedelta(days=self.n_days)

    def dates(self, day: npt.NDArray[np.int64]) -> pl.Series:
        """Calendar days of these columns."""
        start = np.datetime64(self.first_day, "D")
        return pl.Series("date", start + day.astype("timedelta64[D]"), dtype=pl.Date)

    def saying(self, *changes: pl.DataFrame) -> DemandHistory:
        """The same history with more that was changed."""
        return replace(self, changes=together([self.changes, *changes]))

    def before(self, as_of: date) -> DemandHistory:
        """The part of the history that was known on the morning of `as_of`; shares memory."""
        days = (as_of - self.first_day).days
        if not 0 <= days <= self.n_days:
            raise ValueError(f"{as_of} lies outside the history, {self.first_day} to {self.as_of}")
        part = slice(None, days)
        return replace(
            self,
            units=self.units[:, part],
            start=np.minimum(self.start, days),
            hidden=None if self.hidden is None else self.hidden[:, part],
            promoted=None if self.promoted is None else self.promoted[:, part],
        )

    def last(self, days: int) -> DemandHistory:
        """The last `days` days at most; shares memory. A series that sold before them counts from their first day."""
        skip = max(self.n_days - days, 0)
        return replace(
            self,
            units=self.units[:, skip:],
            first_day=self.first_day + timedelta(days=skip),
            start=np.maximum(self.start - skip, 0),
            hidden=None if self.hidden is None else self.hidden[:, skip:],
            promoted=None if self.promoted is None else self.promoted[:, skip:],
        )

    def rows(self, index: npt.NDArray[np.int64] | slice) -> DemandHistory:
        """Some of the series, in the order of `index`; a slice shares memory."""
        return replace(
            self,
            keys=self.keys[index if isinstance(index, slice) else index.tolist()],
            units=self.units[index],
            start=self.start[index],
            hidden=None if self.hidden is None else self.hidden[index],
            promoted=None if self.promoted is None else self.promoted[index],
        )

    def seen(self, days: int) -> Mask:
        """Which of the last `days` days count as observed: from the first sale on, and not hidden. Shape ``(series, days)``."""
        begin = self.n_days - days
        seen = np.arange(begin, self.n_days)[None, :] >= self.start[:, None]
        if self.hidden is not None:
            seen &= ~self.hidden[:, begin:]
        return seen


def _first_sale(units: Units) -> npt.NDArray[np.int64]:
    """Column of the first value above zero, the number of columns where there is none; in blocks, to stay small."""
    n, days = units.shape
    first = np.full(n, days, dtype=np.int64)
    for begin in range(0, n, 4096):
        sold = units[begin : begin + 4096] > 0
        first[begin : begin + 4096] = np.where(sold.any(axis=1), sold.argmax(axis=1), days) if days else days
    return first
