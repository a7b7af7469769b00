"""What demand may be, day by day: the few numbers from which means, quantiles and whole paths follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.distributions import key_hashes, quantile_grid, sample_paths
from evenstock.forecasting.path_variance import total_dispersion
from evenstock.tables import Forecast as ForecastTable

Floats = npt.NDArray[np.float64]

MAX_HORIZON = 60


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """A count distribution for each series and day ahead, joined over days by a shared level factor.

    Everything else (quantiles, totals, paths) is computed from `mu`, `alpha`, `path_variance` and, for paths, a seed; so
    those three are what is stored, and a path drawn today can be drawn again next year.
    """

    keys: pl.DataFrame
    """Columns sku and node, one row a series."""
    as_of: date
    """The first day ahead."""
    mu: Floats
    """Mean units, shape ``(series, day)``."""
    alpha: Floats
    """Dispersion, shape ``(series,)``: a day's variance is ``mu + alpha mu**2``."""
    path_variance: Floats
    """Variance of the level factor that all days of one path share, shape ``(series,)``, at most `alpha`."""
    version: str
    """Which model said so."""
    cut_off: date
    """Last day whose demand was known."""
    notes: tuple[str, ...] = ()
    """What was changed in the data or assumed for want of it, in words."""

    def __post_init__(self) -> None:
        n = self.keys.height
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
        return Forecast(
            self.keys[index.tolist()],
            self.as_of,
            self.mu[index],
            self.alpha[index],
            self.path_variance[index],
            self.version,
            self.cut_off,
            self.notes,
        )

    def quantiles(self, levels: Sequence[float]) -> npt.NDArray[np.int32]:
        """Whole units of each day not exceeded with each probability, shape ``(series, day, level)``."""
        return quantile_grid(self.mu, self.alpha, levels)

    def totals(self, first: int = 0, last: int | None = None) -> tuple[Floats, Floats]:
        """Mean and dispersion of the sum over days ``first .. last - 1``, each ``(series,)``: exact moments of the paths.

        A negative binomial with these two is a close, cheap stand-in for counting sums over many paths.
        """
        return total_dispersion(self.mu[:, first:last], self.alpha, self.path_variance)

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
            }
        )

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, *, version: str, cut_off: date, notes: Sequence[str] = ()) -> Forecast:
        """The forecast that `frame` was made from, series in order of first appearance.

        Raises
        ------
        ValueError
            If series have different days, a day is missing, or dispersion differs between days of a series.
        """
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
        alpha = ordered["dispersion"].to_numpy().reshape(n, h)
        variance = ordered["path_variance"].to_numpy().reshape(n, h)
        if (alpha != alpha[:, :1]).any() or (variance != variance[:, :1]).any():
            raise ValueError("dispersion and path_variance are one number a series, the same on each of its days")
        mu = ordered["mean"].to_numpy().reshape(n, h)
        return cls(keys, days[0], mu, alpha[:, 0].copy(), variance[:, 0].copy(), version, cut_off, tuple(notes))
