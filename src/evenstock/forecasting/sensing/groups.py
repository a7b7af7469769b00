"""Items over all their nodes and nodes over all their items, foretold as if each total were one series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.distributions import levels
from evenstock.distributions.path_kernel import DAYS_A_WEEK
from evenstock.distributions.paths import daily_dispersion, level_variance
from evenstock.forecasting.forecast import Forecast
from evenstock.forecasting.sensing.seen import Seen

Floats = npt.NDArray[np.float64]

COMMON_VARIANCE: Final = 0.01
"""Variance added to the level of a node's total: weather or a feed moves all its items by a tenth, which no item's forecast
knows, as levels of different items are strangers to one another."""
MOST_DISPERSION: Final = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Totals of a forecast: which series each is made of, and the forecast of the totals."""

    of: npt.NDArray[np.int64]
    """Total that each series is part of, shape ``(series,)``."""
    forecast: Forecast
    """Its series are the totals, with the mean and, nearly, the variances of the members' sums; `shared` is left at zero."""

    def total(self, values: npt.NDArray[np.generic]) -> Floats:
        """Sums over members, shape ``(total, ...)``."""
        out = np.zeros((self.forecast.keys.height, *values.shape[1:]))
        np.add.at(out, self.of, values)
        return out

    def seen(self, forecast: Forecast, seen: Seen) -> Seen:
        """What was seen of the totals: the share of a day is that of the expected units that were seen."""
        expected = self.total(seen.expected(forecast))
        units = self.total(np.where(seen.share > 0, seen.units, 0.0))
        mean = self.forecast.mu[:, : seen.days]
        share = np.divide(expected, mean, out=np.zeros_like(mean), where=mean > 0)
        return Seen(units, np.clip(share, 0.0, 1.0))


def sku_groups(forecast: Forecast) -> Groups:
    """Totals of items over their nodes, node empty, in the order of names."""
    return _groups(forecast, "sku", 0.0)


def node_groups(forecast: Forecast) -> Groups:
    """Totals of nodes over their items, sku empty, in the order of names."""
    return _groups(forecast, "node", COMMON_VARIANCE)


def _groups(forecast: Forecast, by: str, common: float) -> Groups:
    names, of = np.unique(forecast.keys[by].to_numpy(), return_inverse=True)
    other = "node" if by == "sku" else "sku"
    keys = pl.DataFrame({by: pl.Series(names, dtype=pl.String), other: pl.Series([""] * names.size, dtype=pl.String)})
    mu = np.zeros((names.size, forecast.horizon))
    np.add.at(mu, of, forecast.mu)
    mean, total = forecast.mu.mean(axis=1), mu.mean(axis=1)
    part = np.divide(mean, total[of], out=np.zeros_like(mean), where=total[of] > 0)
    v, w = _level(forecast, of, names.size, part) if by == "sku" else _alone(forecast, of, names.size, part)
    v, w = np.minimum(v + common, levels.MOST_VARIANCE), np.minimum(w + common / 4.0, 1.0)
    middle = max(forecast.horizon // (2 * DAYS_A_WEEK) - 1, 0)
    of_week = level_variance(forecast.path_variance, forecast.path_drift, middle + 1)[:, middle]
    own = daily_dispersion(forecast.alpha, of_week) * (1.0 + of_week)
    scatter = np.bincount(of, own * part**2, names.size) / (1.0 + v)
    alpha = np.minimum(scatter * (1.0 + v), MOST_DISPERSION) + v
    made = Forecast(
        keys.select("sku", "node"), forecast.as_of, mu, alpha, v, forecast.version, forecast.cut_off, path_drift=w
    )
    return Groups(of.astype(np.int64), made)


def _alone(forecast: Forecast, of: npt.NDArray[np.intp], size: int, part: Floats) -> tuple[Floats, Floats]:
    """Level variance and drift of totals whose members have nothing in common."""
    v = np.bincount(of, part**2 * forecast.path_variance, size).astype(np.float64)
    w = np.bincount(of, part**2 * forecast.path_drift * (1.0 + forecast.path_variance), size) / (1.0 + v)
    return v, np.minimum(w, 1.0).astype(np.float64)


def _level(forecast: Forecast, of: npt.NDArray[np.intp], size: int, part: Floats) -> tuple[Floats, Floats]:
    """The same where members share part of their level: pairs i, j add ``sum_n (r_i r_j)**(n/2) h_in h_jn``."""
    v, w = _alone(forecast, of, size, part)
    hermite = levels.hermite(np.minimum(forecast.path_variance, levels.MOST_VARIANCE))
    for n in range(hermite.shape[1]):
        u = part * forecast.shared ** ((n + 1) / 2) * hermite[:, n]
        v += np.bincount(of, u, size) ** 2 - np.bincount(of, u * u, size)
    u = part * np.sqrt(forecast.shared * forecast.path_drift)
    w += np.bincount(of, u, size) ** 2 - np.bincount(of, u * u, size)
    return v, np.minimum(w, 1.0)
