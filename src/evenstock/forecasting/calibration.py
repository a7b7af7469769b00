"""What a forecaster's past errors teach about its sums: a few numbers by how fast a series sells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.distributions.levels import MOST_VARIANCE
from evenstock.forecasting import velocity
from evenstock.forecasting.daily import Daily

Floats = npt.NDArray[np.float64]

EDGES: Final = (0.03, *velocity.EDGES)
"""Mean units a day between the classes: the velocity buckets, with those that sell less than one a month apart."""
N_CLASSES: Final = len(EDGES) + 1
ASLEEP_BELOW: Final = 0.1
"""Mean units a day under which a series counts as asleep, the more the nearer to nothing."""
AWAKE_ELSEWHERE: Final = 0.03
"""Mean units a day at an item's other nodes at which a sleeper is half as likely to wake as one whose item sells well."""
ROOM: Final = 0.3
"""Share by which a day's variance may grow for the sake of its month."""


def velocity_class(mean_units: Floats) -> npt.NDArray[np.int64]:
    """Class of each mean, 0 (under one a month) to `N_CLASSES` - 1."""
    return np.searchsorted(np.asarray(EDGES), mean_units, side="right")


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """How far levels may lie off, how fast that grows, how much of it nodes share, and how often sleepers wake."""

    level: Floats
    """Variance of a path's level in the first week, shape ``(class,)``."""
    drift: Floats
    """Variance of the level's relative change each week after, shape ``(class,)``."""
    shared: Floats
    """Correlation of the levels' normal scores between nodes of one item, by the item's mean, shape ``(class,)``, 0 to 1."""
    waking: float = 0.0
    """Units a day that a series sells on average of which the forecaster expects next to none, its item selling elsewhere."""

    def __post_init__(self) -> None:
        if not self.level.shape == self.drift.shape == self.shared.shape == (N_CLASSES,):
            raise ValueError(f"a calibration has {N_CLASSES} classes of velocity, not {self.level.shape}")
        numbers = np.concatenate([self.level, self.drift, self.shared, [self.waking]])
        if not (np.isfinite(numbers).all() and (numbers >= 0).all()):
            raise ValueError("a calibration's numbers are finite and not below zero")
        if self.level.max() > MOST_VARIANCE or self.drift.max() > 1 or self.shared.max() > 1:
            raise ValueError(f"a level's variance is at most {MOST_VARIANCE:.0f}; drift and shared are at most 1")

    def to_dict(self) -> dict[str, list[float] | float]:
        """Plain numbers, for JSON."""
        return {
            "level": self.level.tolist(),
            "drift": self.drift.tolist(),
            "shared": self.shared.tolist(),
            "waking": self.waking,
        }

    @classmethod
    def from_dict(cls, said: Mapping[str, list[float] | float]) -> Calibration:
        """Of what `to_dict` gave. Raises KeyError for a number that is missing."""
        return cls(
            np.asarray(said["level"], dtype=np.float64),
            np.asarray(said["drift"], dtype=np.float64),
            np.asarray(said["shared"], dtype=np.float64),
            float(np.asarray(said["waking"])),
        )

    def means(self, mu: Floats, item: npt.NDArray[np.int64]) -> Floats:
        """Means of days, shape of `mu`, with what sleepers are likely to sell; a mean of 0 over all days stays 0.

        A series gains `waking` times `sleep`, spread over days as its own means are.

        Examples
        --------
        >>> zeros = np.zeros(N_CLASSES)
        >>> one_node_each = np.array([0, 1, 2])
        >>> mu = np.array([[0.01, 0.03], [1.0, 1.0], [0.0, 0.0]])
        >>> Calibration(zeros, zeros, zeros, waking=0.04).means(mu, one_node_each).round(3).tolist()
        [[0.026, 0.078], [1.0, 1.0], [0.0, 0.0]]
        """
        mean = mu.mean(axis=1)
        added = self.waking * sleep(mean, item)
        return np.asarray(mu * (1.0 + np.divide(added, mean, out=np.zeros_like(mean), where=mean > 0))[:, None])

    def apply(self, said: Daily, item: npt.NDArray[np.int64]) -> Levels:
        """What the forecaster said, made honest over sums; `item` is the code of each series' item."""
        mu = self.means(said.mu, item)
        mean = mu.mean(axis=1)
        code = velocity_class(mean)
        alpha, variance = fitted_together(mu, said.alpha, self.level[code])
        return Levels(mu, alpha, variance, self.drift[code], self.shared[item_class(mean, item)])


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Days with their levels, as `distributions.sample_paths` takes them: `mu` ``(series, day)``, the rest ``(series,)``."""

    mu: Floats
    alpha: Floats
    path_variance: Floats
    drift: Floats
    shared: Floats


def item_class(mean: Floats, item: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Class of the mean over all nodes of each series' item, shape ``(series,)``."""
    total, nodes = np.bincount(item, mean), np.bincount(item)
    return velocity_class(total / np.maximum(nodes, 1))[item]


def sleep(mean: Floats, item: npt.NDArray[np.int64]) -> Floats:
    """How much of `Calibration.waking` each series gains, 0 to 1.

    From 1 at a mean of nothing down to 0 at `ASLEEP_BELOW`; times ``s / (s + AWAKE_ELSEWHERE)`` where the item's other nodes
    sell s units a day each: what sleeps everywhere was probably given up.

    Examples
    --------
    Asleep at one of two nodes while the other sells 0.27 a day; asleep at both; at its only node:

    >>> sleep(np.array([0.0, 0.27, 0.0, 0.0, 0.05]), np.array([0, 0, 1, 1, 2])).round(3).tolist()
    [0.9, 0.0, 0.0, 0.0, 0.5]
    """
    total, nodes = np.bincount(item, mean)[item], np.bincount(item)[item]
    elsewhere = (total - mean) / np.maximum(nodes - 1, 1)
    share = np.where(nodes > 1, elsewhere / (elsewhere + AWAKE_ELSEWHERE), 1.0)
    return np.asarray(np.maximum(1.0 - mean / ASLEEP_BELOW, 0.0) * share)


def fitted_together(mu: Floats, alpha: Floats, path_variance: Floats) -> tuple[Floats, Floats]:
    """Dispersion and path variance of each series, so that the second never exceeds the first.

    A day keeps its own variance only if ``v <= alpha``. Where they clash, alpha rises towards v as long as a day's
    variance grows by at most `ROOM` (slow sellers: their days hardly feel it, their months do), and v yields the rest.
    """
    mean = np.maximum(mu.mean(axis=1), 1e-9)
    risen = np.maximum(alpha, np.minimum(path_variance, alpha + ROOM * (1.0 + alpha * mean) / mean))
    return risen, np.minimum(path_variance, risen)
