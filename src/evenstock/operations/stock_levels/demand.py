"""Demand that each item-node has to bridge: its own, and that of the nodes it refills, as far ahead as a refill may take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from evenstock.distributions import key_hashes, sample_paths
from evenstock.forecasting import Forecast
from evenstock.inventory.segments import LEAST_LEVEL_VARIANCE
from evenstock.operations.stock_levels.ways import Key, Way

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_WEEK = 7


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """A forecast reaching further, by row of the levels asked for."""

    forecast: Forecast
    mu: Floats
    """Mean units of each series, ``(series, day)``, beyond the forecast's own horizon too."""
    own: Ints
    """Series of each row itself, ``(row,)``; -1 where it has no forecast."""
    members: tuple[tuple[int, ...], ...]
    """Series of each row: its own, where it has one, and those of the nodes it refills."""
    wide: Mask
    """Series whose level is taken as at least as uncertain as a launch's, ``(series,)``."""

    def mean(self) -> Floats:
        """Expected units of each row by day, ``(row, day)``."""
        return np.array([self.mu[list(m)].sum(axis=0) for m in self.members]).reshape(-1, self.mu.shape[1])

    def daily_sd(self) -> Floats:
        """Standard deviation of one day of each row, days and series taken as independent, ``(row,)``."""
        first = self.mu[:, : self.forecast.horizon]
        alpha = np.where(self.wide, np.maximum(self.forecast.alpha, LEAST_LEVEL_VARIANCE), self.forecast.alpha)
        variance = (first + alpha[:, None] * first**2).mean(axis=1)
        return np.asarray(np.sqrt([variance[list(m)].sum() for m in self.members]))

    def widened(self, rows: Mask) -> Demand:
        """The same with the own level of some rows as uncertain as a launch's."""
        wide = self.wide.copy()
        wide[self.own[rows & (self.own >= 0)]] = True
        return replace(self, wide=wide)

    def paths(self, rows: Ints, days: int, n_paths: int, seed: int) -> npt.NDArray[np.int32]:
        """Units of some rows, shape ``(row, path, day)``: the forecast's own paths, drawn on beyond its horizon."""
        wanted = [self.members[row] for row in rows.tolist()]
        if all(len(each) == 1 for each in wanted):
            return self._drawn(np.array(wanted, np.int64).ravel(), days, n_paths, seed)
        series = np.array(sorted({k for each in wanted for k in each}), np.int64)
        drawn = self._drawn(series, days, n_paths, seed)
        place = {int(k): at for at, k in enumerate(series)}
        return np.stack([drawn[[place[k] for k in each]].sum(axis=0, dtype=np.int32) for each in wanted])

    def own_paths(self, rows: Ints, days: int, n_paths: int, seed: int) -> npt.NDArray[np.int32]:
        """The same of their own customers only; zeros without a forecast."""
        units = np.zeros((rows.size, n_paths, days), np.int32)
        known = self.own[rows] >= 0
        units[known] = self._drawn(self.own[rows[known]], days, n_paths, seed)
        return units

    def _drawn(self, series: Ints, days: int, n_paths: int, seed: int) -> npt.NDArray[np.int32]:
        said = self.forecast
        v = np.where(self.wide, np.maximum(said.path_variance, LEAST_LEVEL_VARIANCE), said.path_variance)[series]
        keys = said.keys[series.tolist()]
        return sample_paths(
            self.mu[series, :days],
            np.maximum(said.alpha[series], v),
            v,
            n_paths=n_paths,
            seed=seed,
            keys=key_hashes(keys.select("sku", "node").iter_rows()),
            drift=said.path_drift[series],
            shared=said.shared[series],
            groups=key_hashes((sku,) for sku in keys["sku"]),
        )


def demand(forecast: Forecast, keys: Sequence[Key], ways: Mapping[Key, Way], days: int) -> Demand:
    """The demand of each key; a node that refills others passes on their demand as if they ordered it day by day.

    Parameters
    ----------
    days
        How far ahead means are wanted.
    """
    series = {key: k for k, key in enumerate(forecast.keys.select("sku", "node").iter_rows())}
    fed: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for (sku, node), way in ways.items():
        if way.origin:
            fed.setdefault((sku, way.origin), []).append((sku, node))

    def of(key: tuple[str, str]) -> list[int]:
        own = [series[key]] if key in series else []
        return own + [k for beyond in sorted(fed.get(key, ())) for k in of(beyond)]

    return Demand(
        forecast,
        further(forecast.mu, days),
        np.array([series.get(key, -1) for key in keys], np.int64),
        tuple(tuple(of(key)) for key in keys),
        np.zeros(forecast.keys.height, np.bool_),
    )


def further(mu: Floats, days: int) -> Floats:
    """Means drawn on to `days` days: each weekday's median over the weeks forecast, so that a promotion is not repeated.

    Weeks before a series begins do not count, and a series that ends within the forecast stays at zero.

    Examples
    --------
    Two a day and nine on a promoted one: two a day after that. What begins in the second week goes on; what ended does not.

    >>> mu = np.full((3, 21), 2.0)
    >>> mu[0, 9], mu[1, :7], mu[2, 14:] = 9.0, 0.0, 0.0
    >>> further(mu, 24)[:, 21:].tolist()
    [[2.0, 2.0, 2.0], [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]]
    """
    horizon = mu.shape[1]
    if days <= horizon:
        return mu
    weeks = horizon // _WEEK
    if not weeks:
        return np.concatenate([mu, np.repeat(mu.mean(axis=1, keepdims=True), days - horizon, axis=1)], axis=1)
    by_week = mu[:, horizon - weeks * _WEEK :].reshape(-1, weeks, _WEEK)
    sells = by_week.sum(axis=2) > 0
    begun = np.maximum.accumulate(sells, axis=1)
    usual = np.nanmedian(np.where(begun[:, :, None] | ~sells.any(axis=1)[:, None, None], by_week, np.nan), axis=1)
    usual[~sells[:, -1]] = 0.0
    beyond = np.tile(usual, -(-(days - horizon) // _WEEK))[:, : days - horizon]
    return np.concatenate([mu, beyond], axis=1)
