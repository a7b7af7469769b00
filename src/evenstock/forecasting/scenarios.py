"""A few weighted paths that stand for many: what a plan can afford to look at.

All series that are reduced together (the nodes of one item) keep common paths and common weights, so what happens to them
at once still happens at once. Paths are picked, never averaged: they stay whole units that may occur.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.distributions.recombination import recombine
from evenstock.forecasting.forecast import Forecast

Floats = npt.NDArray[np.float64]
Paths = npt.NDArray[np.int32]

FEWEST: Final = 8
"""Least number of scenarios: three tell apart below, at and above the tail, and some must show what lies between."""
TAIL: Final = 0.95
_ROWS_SHARE: Final = 0.75
"""Share of the scenarios that may be spent on moments; the rest stays free, so that weights move between like paths."""


@dataclass(frozen=True, slots=True, eq=False)
class Scenarios:
    """Some of many paths, and how likely each is."""

    paths: Paths
    """Whole units, shape ``(series, scenario, day)``."""
    weights: Floats
    """Above zero, adding up to 1, shape ``(scenario,)``: the same for all series."""
    picked: npt.NDArray[np.int64]
    """Which of the paths each scenario is, in rising order, shape ``(scenario,)``."""


def reduce(paths: Paths, n: int = 32, *, tail: float = TAIL) -> Scenarios:
    """`n` of the paths with weights that keep means and tails.

    Kept exactly (to rounding): the mean of the total over series and days; the `tail` quantile of that total and the chance
    to exceed it; its variance; the mean over the horizon of each series; and, as far as `n` has room, the chance of
    each series to exceed its own `tail` quantile. What there is no room for (rows up to three quarters of `n`; series with
    most demand first) is only near, because weight moves between paths that are alike.

    Parameters
    ----------
    paths
        Shape ``(series, path, day)``, equally likely: all series whose joint behaviour matters.
    n
        Scenarios to keep, at least 8; 20 to 50 are usual. Where there are no more paths, all are kept.
    tail
        Between 0.5 and 1.

    References
    ----------
    Moments are kept by recombination (Litterer and Lyons, 2012). The distance between paths, of running totals by week and
    series, and the goal (to lose little of the distribution) are those of Heitsch and Roemisch (2003), Scenario reduction
    algorithms in stochastic programming, Computational Optimization and Applications 24; their own weights keep neither
    means nor tails.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> some = rng.poisson(2.0, (3, 200, 28)).astype(np.int32)
    >>> few = reduce(some, 20)
    >>> few.paths.shape, round(float(few.weights.sum()), 9)
    ((3, 20, 28), 1.0)
    >>> means = (few.paths.sum(axis=2) * few.weights).sum(axis=1)
    >>> bool(np.allclose(means, some.sum(axis=2).mean(axis=1)))
    True
    """
    if paths.ndim != 3 or paths.shape[1] == 0:
        raise ValueError(f"paths are (series, path, day) with at least one path, not {paths.shape}")
    if n < FEWEST or not 0.5 < tail < 1.0:
        raise ValueError(f"{n} scenarios, tail {tail}: want at least {FEWEST}, and a tail between 0.5 and 1")
    n_paths = paths.shape[1]
    weights = np.full(n_paths, 1.0 / n_paths)
    if n_paths > n:
        totals = paths.sum(axis=2, dtype=np.float64)
        recombine(_moments(totals, tail, max(int(n * _ROWS_SHARE), 5)), _distances(paths), weights, n)
    picked = np.flatnonzero(weights > 0)
    kept = weights[picked]
    return Scenarios(np.ascontiguousarray(paths[:, picked]), kept / kept.sum(), picked)


def _moments(totals: Floats, tail: float, most: int) -> Floats:
    """Functions of a path whose means are kept, shape ``(moment, path)``: the most wanted first, at most `most`."""
    whole = totals.sum(axis=0)
    at = np.quantile(whole, tail, method="inverted_cdf")
    rows = [np.ones_like(whole), (whole < at).astype(float), (whole > at).astype(float), _scaled(whole)]
    by_demand = np.argsort(-totals.sum(axis=1), kind="stable")
    # The last series' mean follows from the others' and the whole's.
    rows += [_scaled(totals[i]) for i in by_demand[:-1]]
    rows.insert(4, _scaled(rows[3] ** 2))
    own = np.quantile(totals, tail, axis=1, method="inverted_cdf")
    rows += [(totals[i] > own[i]).astype(float) for i in by_demand if totals.shape[0] > 1]
    return np.ascontiguousarray(rows[:most])


def _scaled(values: Floats) -> Floats:
    spread = values.std()
    return np.asarray((values - values.mean()) / (spread if spread > 0 else 1.0))


def _distances(paths: Paths) -> Floats:
    """Between paths, shape ``(path, path)``: of running totals at each week's end, each series in units of its own spread."""
    ends = np.arange(min(6, paths.shape[2] - 1), paths.shape[2], 7)
    running = np.cumsum(paths, axis=2, dtype=np.float64)[:, :, ends]
    spread = running[:, :, -1].std(axis=1)
    scaled = running / np.where(spread > 0, spread, 1.0)[:, None, None]
    flat = scaled.transpose(1, 0, 2).reshape(paths.shape[1], -1)
    flat = flat - flat.mean(axis=0)
    square = (flat * flat).sum(axis=1)
    return np.asarray(np.maximum(square[:, None] + square[None, :] - 2.0 * flat @ flat.T, 0.0))


def by_item(forecast: Forecast, n: int = 32, *, n_paths: int = 200, seed: int) -> tuple[Paths, Floats]:
    """Scenarios of every series, each item's nodes reduced together: paths ``(series, scenario, day)`` and their weights.

    Parameters
    ----------
    n, n_paths
        Scenarios that are kept of how many paths; at least as many paths as scenarios.

    Returns
    -------
    tuple
        Paths, and weights of shape ``(series, scenario)``: equal for series of one item.
    """
    if n_paths < n:
        raise ValueError(f"{n} scenarios cannot be kept of {n_paths} paths; draw more")
    series, days = forecast.mu.shape
    found, weights = np.empty((series, n, days), np.int32), np.empty((series, n))
    _, item = np.unique(forecast.keys["sku"].to_numpy(), return_inverse=True)
    order = np.argsort(item, kind="stable")
    bounds = np.flatnonzero(np.diff(item[order])) + 1
    for rows in np.split(order, bounds) if series else []:
        few = reduce(forecast.paths(n_paths, seed, rows), n)
        missing = n - few.picked.size
        if missing:
            few = _filled(few, missing)
        found[rows], weights[rows] = few.paths, few.weights
    return found, weights


def _filled(few: Scenarios, missing: int) -> Scenarios:
    """As many scenarios as asked for: the heaviest is split where degenerate paths left fewer."""
    at = int(few.weights.argmax())
    share = few.weights.copy()
    share[at] /= missing + 1
    more = np.concatenate([np.arange(few.weights.size), np.full(missing, at)])
    return Scenarios(np.ascontiguousarray(few.paths[:, more]), share[more], few.picked[more])
