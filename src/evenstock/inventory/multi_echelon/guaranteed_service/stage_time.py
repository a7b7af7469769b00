"""How long a stage takes, and what is left of that time once a promise has covered part of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite, sqrt
from typing import Final

import numpy as np
from scipy.special import ndtr

from evenstock.inventory.multi_echelon.guaranteed_service.arrays import Floats

ENDS_AT_SDS: Final = 3.0
"""A normal stage time is taken to end this many standard deviations above its mean (0.1 % of times are longer)."""
SAME_DAY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class StageTime:
    """Days a stage takes: fixed, one of some cases, or normal. Make it by `fixed`, `cases` or `normal`."""

    days: tuple[float, ...]
    """Cases, in days; the mean alone for a normal time."""
    share: tuple[float, ...]
    """Probability of each case."""
    normal_sd: float = 0.0
    """Above zero for a normal time only."""

    def __post_init__(self) -> None:
        if not self.days or len(self.days) != len(self.share):
            raise ValueError(f"a stage time wants one probability for each case, not {self.days} with {self.share}")
        if not all(isfinite(d) and d >= 0 for d in self.days):
            raise ValueError(f"stage times are numbers of at least 0 days, not {self.days}")
        if min(self.share) < 0 or abs(sum(self.share) - 1) > 1e-6:
            raise ValueError(f"probabilities of stage times sum to 1, not {sum(self.share)}: {self.share}")
        if not (isfinite(self.normal_sd) and self.normal_sd >= 0):
            raise ValueError(f"the standard deviation of a stage time is at least 0, not {self.normal_sd}")

    @property
    def mean(self) -> float:
        return float(np.dot(self.days, self.share))

    @property
    def sd(self) -> float:
        cases = np.dot(np.square(self.days), self.share) - self.mean**2
        return self.normal_sd or sqrt(max(float(cases), 0.0))

    @property
    def longest(self) -> int:
        """Whole days within which the stage is always done."""
        return ceil(max(self.days) + ENDS_AT_SDS * self.normal_sd - SAME_DAY)

    def beyond(self, covered: Floats) -> tuple[Floats, Floats]:
        """Mean and variance of the part of the time above `covered` days, never below zero; shape as `covered`."""
        if self.normal_sd > 0:
            over = self.mean - covered
            z = over / self.normal_sd
            density = np.exp(-0.5 * z**2) / sqrt(2 * np.pi)
            first = over * ndtr(z) + self.normal_sd * density
            second = (over**2 + self.normal_sd**2) * ndtr(z) + over * self.normal_sd * density
        elif len(self.days) == 1:
            return np.maximum(self.days[0] - covered, 0.0), np.zeros_like(covered)
        else:
            left = np.maximum(np.subtract.outer(np.asarray(self.days), covered), 0.0)
            first, second = np.tensordot(self.share, left, 1), np.tensordot(self.share, left**2, 1)
        return np.maximum(first, 0.0), np.maximum(second - first**2, 0.0)


def fixed(days: float) -> StageTime:
    """A time that is always the same; part days count as they are."""
    return StageTime((float(days),), (1.0,))


def cases(share_of_days: dict[float, float]) -> StageTime:
    """A time that takes one of a few values, with their probabilities.

    >>> cases({20: 0.4, 25: 0.4, 50: 0.2}).mean
    28.0
    """
    return StageTime(tuple(float(d) for d in share_of_days), tuple(float(p) for p in share_of_days.values()))


def normal(mean_days: float, sd_days: float) -> StageTime:
    """A normal time; for a mean well above zero (two standard deviations or more), as times below zero are not cut off."""
    return StageTime((float(mean_days),), (1.0,), float(sd_days))
