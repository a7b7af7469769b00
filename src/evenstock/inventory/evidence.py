"""Everything that speaks for or against a record: sales under a forecast, picks, counts, and the age of both."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What was seen of each SKU-node, day by day over a window that ends yesterday, and how its record stands now.

    Observations, not beliefs: `believe` turns them into a distribution of what is truly there.
    """

    keys: pl.DataFrame
    """Columns sku and node, one row a SKU-node."""
    first_day: date
    """The day of column 0."""
    sold: Ints
    """Units that left the shelf for customers, shape ``(series, day)``."""
    mean: Floats
    """Units expected, by a forecast made before the window (one made inside it would have learned from the empty shelf)."""
    alpha: Floats
    """Dispersion of a day, shape ``(series,)``: the variance is ``mean + alpha mean**2``."""
    path_variance: Floats
    """Variance of the level that the days share in the first week, shape ``(series,)``, at most `alpha`."""
    path_drift: Floats
    """Variance of the level's relative change each week after the first, shape ``(series,)``."""
    looked: Mask
    """Days whose sales tell something: forecast, record above zero, feed alive, not promoted. Shape ``(series, day)``."""
    pick_log_ratio: Floats
    """Log-likelihood ratio, empty against stocked, of the day's short picks and cancelled lines; shape ``(series, day)``."""
    restored: Floats
    """Probability that goods were on the shelf when the day ended, after a count or a receipt; NaN on other days."""
    record: Ints
    """Units on hand by the record now, shape ``(series,)``."""
    rate: Floats
    """Units a day expected from now on, shape ``(series,)``."""
    days_since_count: Floats
    """Days since the last count; infinite where never counted."""
    moved_since_count: Floats
    """Units sold since the last count, or since the books began."""
    known_days: Floats
    """Days since the books (or the demand history) began: the age of a record never counted."""
    feed_days: Floats
    """Age of the last statement of the feed, at least the usual delay of its source; NaN where the books are the only source."""
    stated: Floats
    """Units on hand by the last statement of the feed; NaN without one."""
    short_picks: Ints
    """Short picks in the window since the last count, shape ``(series,)``."""
    cancelled: Ints
    """Order lines cancelled in the window since the last count, shape ``(series,)``."""

    def __post_init__(self) -> None:
        n = self.keys.height
        if self.sold.ndim != 2 or self.sold.shape[0] != n:
            raise ValueError(f"{n} SKU-nodes want sales of shape ({n}, day), not {self.sold.shape}")
        daily = {"sold", "mean", "looked", "pick_log_ratio", "restored"}
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, np.ndarray):
                continue
            shape = self.sold.shape if field.name in daily else (n,)
            if value.shape != shape:
                raise ValueError(f"{field.name} has shape {value.shape}, wanted {shape}")
        for name in ("mean", "alpha", "path_variance", "path_drift", "rate", "moved_since_count", "known_days"):
            value = getattr(self, name)
            if not (np.isfinite(value).all() and (value >= 0).all()):
                raise ValueError(f"{name} must be finite and not below zero")
        for name in ("days_since_count", "feed_days", "stated", "restored"):
            if (getattr(self, name) < 0).any():
                raise ValueError(f"{name} cannot be below zero")
        if not np.isfinite(self.pick_log_ratio).all():
            raise ValueError("pick_log_ratio must be finite")
        if (self.path_variance > self.alpha).any():
            raise ValueError("the path variance cannot exceed alpha, or days would not keep theirs")
        if (self.sold < 0).any() or (self.record < 0).any():
            raise ValueError("sales and records are not below zero; keep returns apart from sales")

    @property
    def days(self) -> int:
        return int(self.sold.shape[1])

    def age_days(self) -> Floats:
        """Days the record has gone without a count: since the last one, or since the books began."""
        return np.minimum(self.days_since_count, self.known_days)
