"""What a forecaster says of each day: a mean, a dispersion, and quantiles of its own if it has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evenstock.distributions import quantile_grid

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Daily:
    """One forecaster's days ahead, before sums over days are made right (`path_variance`)."""

    mu: Floats
    """Mean units, shape ``(series, day)``."""
    alpha: Floats
    """Dispersion, shape ``(series,)``: the variance is ``mu + alpha mu**2``."""
    version: str
    """Name and number of the model: changes whenever the same history would give other numbers."""
    own_quantiles: Callable[[Sequence[float]], npt.NDArray[np.int32]] | None = None
    """Quantiles ``(series, day, level)`` of a forecaster that does not think in negative binomials; for comparison only."""

    def __post_init__(self) -> None:
        if self.mu.ndim != 2 or self.alpha.shape != self.mu.shape[:1]:
            raise ValueError(f"{self.version}: mu is (series, day) and alpha (series,)")
        if not (np.isfinite(self.mu).all() and np.isfinite(self.alpha).all()):
            raise ValueError(f"{self.version}: a forecast must be finite")
        if (self.mu < 0).any() or (self.alpha < 0).any():
            raise ValueError(f"{self.version}: mean and dispersion cannot be below zero")

    def quantiles(self, levels: Sequence[float]) -> npt.NDArray[np.int32]:
        """Whole units, shape ``(series, day, level)``."""
        return self.own_quantiles(levels) if self.own_quantiles else quantile_grid(self.mu, self.alpha, levels)
