"""What demand may be, day by day: the few numbers from which means, quantiles and whole paths follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.distributions import key_hashes, quantile_grid, sample_paths
from evenstock.distributions.path_kernel import DAYS_A_WEEK
from evenstock.distributions.paths import level_variance
from evenstock.forecasting.path_variance import total_dispersion
from evenstock.tables import Forecast as ForecastTable

Floats = npt.NDArray[np.float64]

MAX_HORIZON = 60


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """A count distribution for each series and day ahead, joined over days and between an item's nodes by their levels.

    Everything else (quantiles, totals, paths) is computed from `mu`, `alpha`, `path_variance`, `path_drift`, `shared` and,
    for paths, a seed; so those are what is stored, and a path drawn today can be drawn again next year. What they mean is
    said at `distributions.sample_paths`.
    """

    keys: pl.DataFrame
    """Columns sku and node, one row a series."""
    as_of: date
    """The first day ahead."""
    mu: Floats
    """Mean units, shape ``(series, day)``."""
    alpha: Floats
    """Dispersion, shape ``(series,)``: a day's variance is ``mu + alpha mu**2``, see `dispersion` for days far ahead."""
    path_variance: Floats
    """Variance of the level that the days of one path share, in the first week, shape ``(series,)``, at most `alpha`."""
    version: str
    """Which model said so."""
    cut_off: date
    """Last day whose demand was known."""
    notes: tuple[str, ...] = ()
    """What was changed in the data or assumed for want of it, in words."""
    path_drift: Floats = field(default_factory=lambda: np.zeros(0))
    """Variance of the level's relative change each week after the first, shape ``(series,)``; zeros where not given."""
    shared: Floats = field(default_factory=lambda: np.zeros(0))
    """Correlation of levels between nodes of one item, shape ``(series,)``, 0 to 1; zeros where not given."""

    def __post_init__(self) -> None:
        n = self.keys.height
        for name in ("path_drift", "shared"):
            if getattr(self, name).size == 0:
                object.__setattr__(self, name, np.zeros(n))
            if getattr(self, name).shape != (n,) or not ((getattr(self, name) >= 0) & (getattr(self, name) <= 1)).all():
                raise ValueError(f"{self.version}: {name} is one number from 0 to 1 for each of {n} series")
        if self.mu.ndim != 2 or self.mu.shape[0] != n or not self.alpha.shape == self.path_variance.shape == (n,):
            raise ValueError(
                f"{n} series want mu (series, day), alpha and path variance (series,), "
                f"not {self.mu.shape}, {self.alpha.shape}, {self.path_variance.shape}"
            )
        if not 1 <= self.horizon <= MAX_HORIZON:
            raise ValueError(f"a forecast looks 1 to {MAX_HORIZON} days ahead, not {self.horizon}")
        for name in ("mu", "alpha", "path_variance"):
            values = getattr(self, name)
            if not (np.isfinite(values).all() and (values >= 0).all()):
                raise ValueError(f"{self.version}: {name} must be finite and not below zero")
        if (self.path_variance > self.alpha).any():
            raise ValueError(f"{self.version}: the path variance cannot exceed alpha, or days would not keep theirs")
        if self.cut_off >= self.as_of:
            raise ValueError(f"data up to {self.cut_off} is not the past of a forecast as of {self.as_of}")

    @property
    def horizon(self) -> int:
        return int(self.mu.shape[1])

    @property
    def days(self) -> list[date]:
        return [self.as_of + timedelta(days=k) for k in range(self.horizon)]

    def rows(self, index: npt.NDArray[np.int64]) -> Forecast:
        """Some of the series, in the order of `index`: their paths stay what they were."""
        names = ("mu", "alpha", "path_variance", "path_drift", "shared")
        return replace(self, keys=self.keys[index.tolist()], **{name: getattr(self, name)[index] for name in names})

    def dispersion(self) -> Floats:
        """Dispersion of each day of a path, shape ``(series, day)``: `alpha`, or the level's variance from the week where it is more."""
        of_week = level_variance(self.path_variance, self.path_drift, -(-self.horizon // DAYS_A_WEEK))
        return np.maximum(self.alpha[:, None], np.repeat(of_week, DAYS_A_WEEK, axis=1)[:, : self.horizon])

    def quantiles(self, levels: Sequence[float]) -> npt.NDArray[np.int32]:
        """Whole units of each day not exceeded with each probability, shape ``(series, day, level)``.

        Each day by its own dispersion `alpha`. Paths scatter more on days so far ahead that the level's drift exceeds it: sums
        need that margin, and single days were found to be worse for it (WSPL of real sales 0.1 to 1 % higher).
        """
        return quantile_grid(self.mu, self.alpha, levels)

    def totals(self, first: int = 0, last: int | None = None) -> tuple[Floats, Floats]:
        """Mean and dispersion of the sum over days ``first .. last - 1``, each ``(series,)``: exact moments of the paths.

        A negative binomial with these two is a close, cheap stand-in for counting sums over many paths.
        """
        return total_dispersion(
            self.mu[:, first:last],
            self.alpha,
            self.path_variance,
            self.path_drift,
            first=slice(first, last).indices(self.horizon)[0],
        )

    def paths(
        self, n_paths: int, seed: int, rows: npt.NDArray[np.int64] | None = None, *, first_path: int = 0
    ) -> npt.NDArray[np.int32]:
        """Integer demand, shape ``(series, path, day)``; the same for a series whatever else is asked for beside it."""
        part = self if rows is None else self.rows(rows)
        return sample_paths(
            part.mu,
            part.alpha,
            part.path_variance,
            n_paths=n_paths,
            seed=seed,
            keys=key_hashes(part.keys.select("sku", "node").iter_rows()),
            first_path=first_path,
            drift=part.path_drift,
            shared=part.shared,
            groups=_of_items(part.keys["sku"]),
        )

    def frame(self) -> pl.DataFrame:
        """One row per series and day, in the columns of `tables.Forecast`."""
        n, h = self.mu.shape
        row = np.repeat(np.arange(n), h)
        return pl.DataFrame(
            {
                "sku": self.keys["sku"].gather(row),
                "node": self.keys["node"].gather(row),
                "date": pl.Series(self.days * n, dtype=pl.Date),
                "mean": self.mu.ravel(),
                "dispersion": self.alpha[row],
                "path_variance": self.path_variance[row],
                "path_drift": self.path_drift[row],
                "shared": self.shared[row],
            }
        )

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, *, version: str, cut_off: date, notes: Sequence[str] = ()) -> Forecast:
        """The forecast that `frame` was made from, series in order of first appearance.

        Raises
        ------
        ValueError
            If series have different days, a day is missing, or a parameter differs between days of a series.
        """
        # Frames from before levels drifted and were shared say so by leaving these out.
        absent = [name for name in ("path_drift", "shared") if name not in frame.columns]
        frame = frame.with_columns(pl.lit(0.0).alias(name) for name in absent)
        ForecastTable.validate(frame)
        ordered = frame.with_row_index("_row").sort(pl.col("_row").min().over("sku", "node"), "date")
        keys = ordered.select("sku", "node").unique(maintain_order=True)
        days = ordered["date"].unique().sort()
        if days.is_empty():
            raise ValueError("a forecast frame without rows says nothing; leave it out instead")
        n, h = keys.height, days.len()
        whole = (days[-1] - days[0]).days + 1 == h and ordered.height == n * h
        if not whole:
            raise ValueError(f"{n} series over {days[0]} to {days[-1]} want one row for each day; some are missing")
        of_series = {}
        for name in ("dispersion", "path_variance", "path_drift", "shared"):
            values = ordered[name].to_numpy().reshape(n, h)
            if (values != values[:, :1]).any():
                raise ValueError(f"{name} is one number a series, the same on each of its days")
            of_series[name] = values[:, 0].copy()
        return cls(
            keys,
            days[0],
            ordered["mean"].to_numpy().reshape(n, h),
            of_series["dispersion"],
            of_series["path_variance"],
            version,
            cut_off,
            tuple(notes),
            of_series["path_drift"],
            of_series["shared"],
        )


def _of_items(sku: pl.Series) -> npt.NDArray[np.uint64]:
    """The hash of each series' item, reckoned once an item."""
    names, row = np.unique(sku.to_numpy(), return_inverse=True)
    return key_hashes((str(name),) for name in names)[row]
