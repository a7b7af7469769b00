"""A forecaster that knows the kind of demand but not its level, and learns the level from each day (Bayes).

Demand of a day is Poisson with a rate that is gamma distributed around mean × level; the level of an item at a node is
lognormal and stays the same for ever. So a day's demand tells about all the days to come.

References
----------
Azoury (1985), Management Science 31(9): Bayes solutions to dynamic inventory models under unknown demand.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Demand, Floats
from evenstock.simulation.rolling.night import Forecaster, Past

_GRID: Final = 61
_WIDEST: Final = 3.5
"""Standard deviations of the logarithm that the grid of levels spans."""


def level_learner(
    mean_units: Floats, *, shape: float, level_sd: float, paths: int, seed: int, level_bias: float = 1.0
) -> Forecaster:
    """Paths from the posterior of each level, the same for the same past.

    Parameters
    ----------
    mean_units
        Units a day before any was seen, ``(K, W)``.
    shape
        Of the gamma distributed rate, above 0: variance of a day is m + m² / shape.
    level_sd
        Of the logarithm of the level as believed, above 0; the mean of the level is `level_bias`.
    seed
        With the night it names the draw.
    """
    if not (shape > 0 and level_sd > 0 and level_bias > 0 and paths > 0):
        raise ValueError("level_learner: shape, level_sd, level_bias and paths must be above 0")
    logs = np.linspace(-_WIDEST, _WIDEST, _GRID)
    levels = level_bias * np.exp(level_sd * logs - level_sd**2 / 2)
    prior = -(logs**2) / 2
    rates = np.maximum(mean_units, 1e-12)[..., None] * levels

    def forecast(past: Past) -> Demand:
        total = past.demand.sum(axis=2, dtype=np.int64)
        # Negative binomial likelihood of the days seen: level enters by successes' probability alone.
        chance = shape / (shape + rates)
        seen = shape * past.night * np.log(chance) + total[..., None] * np.log1p(-chance)
        weight = np.exp(prior + seen - (prior + seen).max(axis=2, keepdims=True))
        cumulative = np.cumsum(weight / weight.sum(axis=2, keepdims=True), axis=2)
        rng = np.random.default_rng([seed, past.night])
        # One draw in each of `paths` equal slices of the posterior, in random order: the level is never badly sampled.
        slices = (rng.permuted(np.tile(np.arange(paths), (*mean_units.shape, 1)), axis=2) + 0.5) / paths
        at = (slices[..., :, None] > cumulative[..., None, :]).sum(axis=3).clip(max=_GRID - 1)
        drawn = levels[at] * mean_units[..., None]
        rate = rng.gamma(shape, 1 / shape, (*drawn.shape, past.days)) * drawn[..., None]
        units: Demand = rng.poisson(rate).astype(np.int32)
        return units

    return forecast


def true_demand(mean_units: Floats, *, shape: float, level_sd: float, days: int, seed: int) -> Demand:
    """One course of such demand, ``(K, W, days)``."""
    rng = np.random.default_rng(seed)
    level = rng.lognormal(-(level_sd**2) / 2, level_sd, mean_units.shape)
    rate = rng.gamma(shape, 1 / shape, (*mean_units.shape, days)) * (mean_units * level)[..., None]
    units: Demand = rng.poisson(rate).astype(np.int32)
    return units
