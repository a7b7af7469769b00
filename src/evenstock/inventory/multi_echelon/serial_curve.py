"""One stage's cost as a curve over its echelon stock, on a lattice.

Positions are stock less the mean demand that has still to pass, so that a mean never falls between two lattice points.
Below the lattice every curve is a straight line, and above its own minimum the stage below never asks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.inventory.single.demand import CountedDemand, Demand, NormalDemand, PoissonDemand

Floats = npt.NDArray[np.float64]

FAR: Final = 8.5
"""Standard deviations beyond which normal demand has a chance under 1e-16."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """Points ``step * low, ..., step * high`` of echelon stock; `centred` where means are taken off (normal demand)."""

    step: float
    low: int
    high: int
    centred: bool

    def points(self) -> Floats:
        return np.asarray(self.step * np.arange(self.low, self.high + 1))


@dataclass(frozen=True, slots=True)
class Curve:
    """Expected cost of a stage and all below.

    Attributes
    ----------
    values
        Cost by lattice point.
    slopes
        Its derivative there (centred lattices only, else differences).
    shift
        Mean demand taken off the positions.
    below
        Slope of the straight line under the lattice.
    at
        Position of the minimum, shift not included.
    least
        The minimum.
    """

    values: Floats
    slopes: Floats
    shift: float
    below: float
    at: float
    least: float

    @property
    def level(self) -> float:
        """Echelon base-stock level, units."""
        return self.at + self.shift


def lattice_of(waited: Sequence[Demand], whole: Demand, short: float, steps_per_sd: int) -> Lattice:
    """A lattice wide enough for every stage.

    `whole` is demand over all lead times together and `short` the smallest chance of a shortage any stage may aim at: no
    level lies above that newsvendor's (Shang and Song, 2003).
    """
    if isinstance(whole, NormalDemand):
        step = min(d.sd for d in waited if d.sd > 0) / steps_per_sd
        reach = math.ceil(FAR * whole.sd / step) + 4
        return Lattice(step, -reach, reach, centred=True)
    return Lattice(1.0, -1, int(whole.quantile(1.0 - short)) + 2, centred=False)


def first_curve(lattice: Lattice, days: Demand, holding: float, owed: float) -> Curve:
    """The customer's stage: ``h (y - E D) + (p + H) E[(D - y)+]`` (Snyder and Shen, 2019, eq. 6.13)."""
    shift = days.mean if lattice.centred else 0.0
    y = lattice.points() + shift
    values = holding * (y - days.mean) + owed * days.shortage(y)
    slopes = holding - owed * (1.0 - days.cdf(y))
    return _with_minimum(lattice, np.asarray(values), np.asarray(slopes), shift, holding - owed)


def next_curve(lattice: Lattice, lower: Curve, days: Demand, holding: float) -> Curve:
    """``h (y - E D) + E[C(min(y - D, S))]`` with the curve `C` and level `S` of the stage below (eq. 6.15)."""
    start, chances = _weights(lattice, days)
    shift = lower.shift + (days.mean if lattice.centred else 0.0)
    x = lattice.points()
    blocked = x < lower.at
    values = _expected(np.where(blocked, lower.values, lower.least), lower.below * lattice.step, start, chances)
    slopes = _expected(np.where(blocked, np.minimum(lower.slopes, 0.0), 0.0), 0.0, start, chances)
    y = x + shift
    return _with_minimum(lattice, values + holding * (y - days.mean), slopes + holding, shift, lower.below + holding)


def _table(days: Demand) -> Floats:
    assert isinstance(days, PoissonDemand | CountedDemand)
    return days.probabilities()


def _weights(lattice: Lattice, days: Demand) -> tuple[int, Floats]:
    """Chances of demand by lattice steps, and the step of the first one; the trapezoid rule for normal demand."""
    if not isinstance(days, NormalDemand):
        return 0, _table(days)
    if days.sd == 0:
        return 0, np.ones(1)
    reach = math.ceil(FAR * days.sd / lattice.step)
    z = np.arange(-reach, reach + 1) * (lattice.step / days.sd)
    density = np.exp(-0.5 * z * z)
    return -reach, np.asarray(density / density.sum())


def _expected(values: Floats, below: float, start: int, chances: Floats) -> Floats:
    """E[f(x - D)] at every lattice point: a straight line continues `values` below, their last one above."""
    under, over = max(chances.size - 1 + start, 0), max(-start, 0)
    line = values[0] - below * np.arange(under, 0, -1)
    whole = np.concatenate([line, values, np.full(over, values[-1])])
    return np.asarray(np.convolve(whole, chances, mode="valid"))


def _with_minimum(lattice: Lattice, values: Floats, slopes: Floats, shift: float, below: float) -> Curve:
    x = lattice.points()
    if not lattice.centred:
        k = int(np.argmin(values))
        return Curve(values, slopes, shift, below, float(x[k]), float(values[k]))
    k = int(np.clip(np.searchsorted(slopes, 0.0), 2, x.size - 2))
    near = slice(k - 2, k + 2)
    # The root of a cubic through four slopes, and the cost by the cubic through their values: error of the fourth order.
    t = _root(slopes[near])
    return Curve(values, slopes, shift, below, float(x[k - 1] + t * lattice.step), _cubic(values[near], t))


def _cubic(f: Floats, t: float) -> float:
    """Lagrange's cubic through values at -1, 0, 1, 2."""
    a, b, c, d = t + 1.0, t, t - 1.0, t - 2.0
    return float(-f[0] * b * c * d / 6.0 + f[1] * a * c * d / 2.0 - f[2] * a * b * d / 2.0 + f[3] * a * b * c / 6.0)


def _root(slopes: Floats) -> float:
    """Where the cubic through the slopes at -1, 0, 1, 2 crosses zero between 0 and 1, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if _cubic(slopes, middle) > 0 else (middle, high)
    return 0.5 * (low + high)
