"""Demand of one period as a distribution: normal, Poisson, or counted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

TAIL: Final = 1e-13
"""Chance of demand beyond a table of probabilities; far below what any cost here is quoted to."""
_ROOT_TWO_PI: Final = math.sqrt(2.0 * math.pi)


def _periods(periods: float) -> float:
    if not (math.isfinite(periods) and periods >= 0):
        raise ValueError(f"a lead time is a finite number of periods from zero up, not {periods}")
    return periods


@dataclass(frozen=True, slots=True)
class NormalDemand:
    """Independent normal demand; may fall below zero, as the textbooks have it.

    Attributes
    ----------
    mean, sd
        Units a period; `sd` may be zero.
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.sd) and self.mean >= 0 and self.sd >= 0):
            raise ValueError(f"normal demand wants finite mean and sd from zero up, not {self.mean} and {self.sd}")

    def over(self, periods: float) -> NormalDemand:
        """Demand of `periods` periods together."""
        return NormalDemand(self.mean * _periods(periods), self.sd * math.sqrt(periods))

    def cdf(self, x: npt.ArrayLike) -> Floats:
        """P(D <= x)."""
        at = np.asarray(x, np.float64)
        return np.asarray(special.ndtr((at - self.mean) / self.sd) if self.sd > 0 else (at >= self.mean) * 1.0)

    def quantile(self, level: float) -> float:
        """Smallest stock that covers demand with chance `level`, in (0, 1)."""
        return self.mean + self.sd * float(special.ndtri(_inside(level)))

    def shortage(self, x: npt.ArrayLike) -> Floats:
        """E[(D - x)+], units (Snyder and Shen, 2019, eq. C.31)."""
        at = np.asarray(x, np.float64)
        if self.sd == 0:
            return np.asarray(np.maximum(self.mean - at, 0.0))
        z = (at - self.mean) / self.sd
        return np.asarray(self.sd * (np.exp(-0.5 * z * z) / _ROOT_TWO_PI - z * special.ndtr(-z)))


class _Counts:
    """What demand in whole units has in common: everything follows from its table of probabilities."""

    __slots__ = ()

    def probabilities(self) -> Floats:
        raise NotImplementedError

    def cdf(self, x: npt.ArrayLike) -> Floats:
        """P(D <= x)."""
        up = np.cumsum(self.probabilities())
        at = np.floor(np.asarray(x, np.float64)).astype(np.int64)
        return np.asarray(np.where(at < 0, 0.0, up[np.clip(at, 0, up.size - 1)]))

    def quantile(self, level: float) -> float:
        """Smallest whole stock that covers demand with chance `level`, in (0, 1)."""
        up = np.cumsum(self.probabilities())
        return float(min(int(np.searchsorted(up, _inside(level) * (1.0 - 1e-15))), up.size - 1))

    def shortage(self, x: npt.ArrayLike) -> Floats:
        """E[(D - x)+], units."""
        chance = self.probabilities()
        short = np.maximum(np.arange(chance.size) - np.asarray(x, np.float64)[..., None], 0.0)
        return np.asarray(short @ chance)


@dataclass(frozen=True, slots=True)
class PoissonDemand(_Counts):
    """Poisson demand of `mean` units a period."""

    mean: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and self.mean >= 0):
            raise ValueError(f"Poisson demand wants a finite mean from zero up, not {self.mean}")

    @property
    def sd(self) -> float:
        return math.sqrt(self.mean)

    def over(self, periods: float) -> PoissonDemand:
        """Demand of `periods` periods together; the periods need not be whole."""
        return PoissonDemand(self.mean * _periods(periods))

    def probabilities(self) -> Floats:
        """P(D = 0), P(D = 1), ... until less than `TAIL` is left; they sum to one."""
        size = int(self.mean + 9.0 * math.sqrt(self.mean) + 20.0)
        k = np.arange(size)
        chance = np.exp(special.xlogy(k, self.mean) - self.mean - special.gammaln(k + 1.0))
        return np.asarray(chance / chance.sum())


@dataclass(frozen=True, slots=True)
class CountedDemand(_Counts):
    """Demand in whole units with any probabilities.

    Attributes
    ----------
    chances
        P(D = 0), P(D = 1), ...; above or at zero, summing to one within 1e-9.
    """

    chances: tuple[float, ...]

    def __post_init__(self) -> None:
        table = np.asarray(self.chances, np.float64)
        if table.size == 0 or not np.isfinite(table).all() or (table < 0).any() or abs(table.sum() - 1.0) > 1e-9:
            raise ValueError("chances must be probabilities of 0, 1, 2, ... units, none below zero, summing to one")

    @property
    def mean(self) -> float:
        return float(np.arange(len(self.chances)) @ np.asarray(self.chances))

    @property
    def sd(self) -> float:
        k = np.arange(len(self.chances)) - self.mean
        return math.sqrt(float(k * k @ np.asarray(self.chances)))

    def over(self, periods: float) -> Self:
        """Demand of a whole number of `periods` together, by convolution."""
        if _periods(periods) != int(periods):
            raise ValueError(
                f"counted demand is known for whole periods, not for {periods}: use PoissonDemand, or scale"
            )
        table = np.ones(1)
        for _ in range(int(periods)):
            table = np.convolve(table, np.asarray(self.chances))
            last = np.flatnonzero(np.cumsum(table[::-1]) > TAIL)[0]
            table = table[: table.size - last]
        return type(self)(tuple((table / table.sum()).tolist()))

    def probabilities(self) -> Floats:
        return np.asarray(self.chances, np.float64)


Demand = NormalDemand | PoissonDemand | CountedDemand


def _inside(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise ValueError(f"a chance to cover demand lies between 0 and 1, both left out, not {level}")
    return level
