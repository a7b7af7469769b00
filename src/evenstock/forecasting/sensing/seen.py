"""What has been seen of the days that a forecast spoke of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evenstock.forecasting.forecast import Forecast

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Units that came since a forecast was made, and which part of each day they stand for.

    Column 0 is the forecast's first day; there may be fewer columns than days foretold.
    """

    units: Floats
    """Whole units, shape ``(series, day)``; what stands in a cell of share 0 is ignored."""
    share: Floats
    """Share of the day's demand that has usually come by the moment of seeing, shape of `units`: 1 for a day that is over,
    0 for one that was hidden by a stock-out or not heard, in between for today."""

    def __post_init__(self) -> None:
        if self.units.ndim != 2 or self.share.shape != self.units.shape:
            raise ValueError(f"units and share are (series, day), not {self.units.shape} and {self.share.shape}")
        if not (np.isfinite(self.units).all() and (self.units >= 0).all()):
            raise ValueError("units seen must be finite and not below zero; give a cell that is not known share 0")
        if not ((self.share >= 0) & (self.share <= 1)).all():
            raise ValueError("a share of a day lies between 0 and 1")

    @classmethod
    def whole(cls, units: npt.ArrayLike, hidden: npt.NDArray[np.bool_] | None = None) -> Seen:
        """Days that are over, less those hidden."""
        said = np.asarray(units, dtype=np.float64)
        return cls(said, np.ones_like(said) if hidden is None else 1.0 - hidden.astype(np.float64))

    @property
    def days(self) -> int:
        return int(self.units.shape[1])

    def rows(self, index: npt.NDArray[np.int64]) -> Seen:
        """Some of the series, in the order of `index`."""
        return Seen(self.units[index], self.share[index])

    def first(self, days: int) -> Seen:
        """The first days only."""
        return Seen(self.units[:, :days], self.share[:, :days])

    def expected(self, forecast: Forecast) -> Floats:
        """Units expected of what was seen, shape of `units`.

        Raises
        ------
        ValueError
            If it is not about the forecast's series, or reaches beyond its days.
        """
        if self.units.shape[0] != forecast.keys.height or self.days > forecast.horizon:
            raise ValueError(
                f"seen is {self.units.shape}; the forecast has {forecast.keys.height} series and {forecast.horizon} days"
            )
        return forecast.mu[:, : self.days] * self.share
