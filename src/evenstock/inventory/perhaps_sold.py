"""Units perhaps sold from a few shelves since anyone spoke of them: `unreported_quantile` for an order that waits."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log1p
from typing import Final

import numpy as np
from scipy import special

from evenstock.distributions.negative_binomial import POISSON_BELOW
from evenstock.inventory.buffer import unreported_quantile

_FEW: Final = 20.0
"""Means up to here are summed unit by unit; larger ones are sought around a guess."""
_STEPS: Final = 64
_WALK: Final = 8
"""Units that a guess may be off; it is rarely more than one."""
_UNSURE: Final = 1e-9
"""A sum that ends so near to the level is left to the exact distribution: rounding would decide."""


def perhaps_sold(mean: Sequence[float], dispersion: Sequence[float], level: float) -> list[int]:
    """Units that are not exceeded with probability `level`, one for each mean: what `unreported_quantile` says, some microseconds each.

    Examples
    --------
    >>> perhaps_sold([4 * 5 / 1440, 4.0, 400.0], [0.0, 0.0, 0.5], 0.9)
    [0, 7, 779]
    """
    found = [
        (_summed if m <= _FEW else _sought)(m, a, level) if m else 0 for m, a in zip(mean, dispersion, strict=True)
    ]
    left = [at for at, units in enumerate(found) if units < 0]
    if left:
        means, alphas = (np.array([values[at] for at in left], np.float64) for values in (mean, dispersion))
        for at, units in zip(left, unreported_quantile(means, alphas, level).tolist(), strict=True):
            found[at] = units
    return found


def _summed(mean: float, alpha: float, level: float) -> int:
    """The first k with P(X <= k) at `level`, by P(k + 1) = P(k) (m + a m k) / ((k + 1) (1 + a m)); -1 where it is not sure."""
    if not mean > 0.0:
        return -1
    spread = alpha * mean if alpha >= POISSON_BELOW else 0.0
    share = exp(-log1p(spread) / alpha) if spread else exp(-mean)
    total, enough, times = share, level - _UNSURE, 1.0 + spread
    for k in range(_STEPS):
        if total >= enough:
            return k if total > level + _UNSURE else -1
        share *= (mean + spread * k) / ((k + 1) * times)
        total += share
    return -1


def _sought(mean: float, alpha: float, level: float) -> int:
    """The same from the quantile of the gamma distribution with this mean and variance, and steps of one; -1 where it is far off."""
    spread, tail = alpha * mean, 1.0 - level
    guess = float(special.gammaincinv(mean / (1.0 + spread), level)) * (1.0 + spread)
    if not guess < 2.0**31:
        return -1
    k = int(guess)
    enough = _beyond(k, mean, alpha) <= tail
    for _ in range(_WALK):
        k += -1 if enough else 1
        if (_beyond(k, mean, alpha) <= tail) != enough:
            return k + 1 if enough else k
    return -1


def _beyond(k: int, mean: float, alpha: float) -> float:
    """P(X > k) of `negative_binomial.sf`, of numbers alone."""
    if alpha < POISSON_BELOW:
        return float(special.gammainc(k + 1.0, mean))
    return float(special.betainc(k + 1.0, 1.0 / alpha, alpha * mean / (1.0 + alpha * mean)))
