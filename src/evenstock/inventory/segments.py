"""What kind of an item an item is at a node, and the policy and service that go with its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SHARES: Final = (0.80, 0.95)
"""Items that together make the first 80 % of the margin are A, the next 15 % B, the rest C."""
VARIATION: Final = (0.5, 1.0)
"""Coefficient of variation of weekly demand up to which a series is X, and up to which Y; above, Z."""
LONGEST_INTERVAL: Final = 1.32
"""Weeks between weeks with sales beyond which a series is intermittent (Syntetos, Boylan and Croston 2005)."""
FEWEST_WEEKS: Final = 8
"""Weeks since the first sale below which a series is new."""
SEASON: Final = 0.5
"""Correlation of one year's thirteen four-week totals with the next year's from which a series is seasonal."""
SWING: Final = 0.2
"""Their coefficient of variation that a season has at least."""
_YEAR: Final = 52
_MONTHS: Final = 13


class Trait(StrEnum):
    """What matters more than class and variation; the first that fits counts, in this order."""

    ENDED = "end of life"
    NEW = "new"
    CONSTRAINED = "constrained"
    SEASONAL = "seasonal"
    INTERMITTENT = "intermittent"
    NONE = ""


class Policy(StrEnum):
    """How a level is set and an order sized."""

    BASE_STOCK = "base stock"
    """Order up to the level at each order day, as little at a time as can be bought."""
    MIN_MAX = "min-max"
    """(s, S): order at s, the economic quantity."""
    COMPOUND = "order up to, intermittent"
    """Base stock on the compound distribution: whether anyone comes, and how many they take."""
    WIDE = "order up to, wide"
    """Base stock on paths whose level is at least as uncertain as that of an item nobody knows yet."""
    SEASON = "base stock, dynamic"
    """Base stock whose level is set anew for each start day, so that it rises before the season and falls within it."""
    SHARE_OUT = "share out"
    """Base stock, while supply is short of demand: every unit that can be had, dealt by need."""
    RUN_DOWN = "run down"
    """Nothing is ordered any more."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """What a segment gets where no stock target says otherwise."""

    policy: Policy
    cycle_service: float = 0.0
    """Type 1 (α); 0 where the segment goes by fill rate."""
    fill_rate: float = 0.0
    """Type 2 (β)."""


LEAST_LEVEL_VARIANCE: Final = 0.3
"""Of the level of a new item's paths: half of all launches are off by 40 % or more."""

BY_CLASS: Final[Mapping[str, Treatment]] = {
    "AX": Treatment(Policy.BASE_STOCK, cycle_service=0.98),
    "AY": Treatment(Policy.BASE_STOCK, cycle_service=0.97),
    "AZ": Treatment(Policy.BASE_STOCK, fill_rate=0.97),
    "BX": Treatment(Policy.MIN_MAX, cycle_service=0.96),
    "BY": Treatment(Policy.MIN_MAX, cycle_service=0.95),
    "BZ": Treatment(Policy.MIN_MAX, fill_rate=0.95),
    "CX": Treatment(Policy.MIN_MAX, cycle_service=0.93),
    "CY": Treatment(Policy.MIN_MAX, cycle_service=0.90),
    "CZ": Treatment(Policy.MIN_MAX, fill_rate=0.85),
}
"""Steady sellers by the chance of no stock-out, which is then about the share served; uneven ones by the share served,
because a chance of no stock-out would hold a large peak's worth for a customer who seldom comes."""

BY_TRAIT: Final[Mapping[tuple[Trait, str], Treatment]] = {
    (Trait.INTERMITTENT, "A"): Treatment(Policy.COMPOUND, fill_rate=0.96),
    (Trait.INTERMITTENT, "B"): Treatment(Policy.COMPOUND, fill_rate=0.93),
    (Trait.INTERMITTENT, "C"): Treatment(Policy.COMPOUND, fill_rate=0.85),
    (Trait.SEASONAL, "A"): Treatment(Policy.SEASON, cycle_service=0.97),
    (Trait.SEASONAL, "B"): Treatment(Policy.SEASON, cycle_service=0.95),
    (Trait.SEASONAL, "C"): Treatment(Policy.SEASON, cycle_service=0.90),
    (Trait.CONSTRAINED, "A"): Treatment(Policy.SHARE_OUT, cycle_service=0.98),
    (Trait.CONSTRAINED, "B"): Treatment(Policy.SHARE_OUT, cycle_service=0.95),
    (Trait.CONSTRAINED, "C"): Treatment(Policy.SHARE_OUT, cycle_service=0.90),
    (Trait.NEW, "A"): Treatment(Policy.WIDE, cycle_service=0.95),
    (Trait.NEW, "B"): Treatment(Policy.WIDE, cycle_service=0.92),
    (Trait.NEW, "C"): Treatment(Policy.WIDE, cycle_service=0.90),
}


@dataclass(frozen=True, slots=True)
class Segment:
    """Class by margin, class by variation, and what matters more than both."""

    abc: str
    xyz: str
    trait: Trait = Trait.NONE

    def __str__(self) -> str:
        return f"{self.abc}{self.xyz} {self.trait}" if self.trait else f"{self.abc}{self.xyz}"

    @property
    def treatment(self) -> Treatment:
        """Policy and service of the segment.

        Examples
        --------
        >>> Segment("A", "X").treatment.policy.value, Segment("C", "Z", Trait.INTERMITTENT).treatment.fill_rate
        ('base stock', 0.85)
        """
        if self.trait is Trait.ENDED:
            return Treatment(Policy.RUN_DOWN)
        return BY_TRAIT[self.trait, self.abc] if self.trait else BY_CLASS[self.abc + self.xyz]


def by_margin(yearly: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """A, B or C of each item, ``(item,)``, by the share of margin that is made before it, the largest first.

    Parameters
    ----------
    yearly
        Margin (or revenue) of each item in a year, any money; below zero counts as zero.

    Examples
    --------
    60 of 100, then 25 (60 before it), 10 (85 before it), 5 (95 before it):

    >>> by_margin([25, 60, 5, 10]).tolist()
    ['A', 'A', 'C', 'B']
    """
    worth = np.maximum(np.asarray(yearly, np.float64), 0.0)
    order = np.argsort(-worth, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(worth[order])[:-1]]) if worth.size else worth
    place = np.searchsorted(np.array(SHARES) * worth.sum() * (1 - 1e-12), before, side="right")
    found = np.empty(worth.size, "<U1")
    # What brings nothing is C, also where nothing brings anything.
    found[order] = np.where(worth[order] > 0, np.array(list("ABC"))[place], "C")
    return found


def by_variation(weekly: Floats, seen: Mask) -> npt.NDArray[np.str_]:
    """X, Y or Z of each series, ``(series,)``, by the coefficient of variation of its weeks; Z without sales.

    Parameters
    ----------
    weekly
        Units, shape ``(series, week)``.
    seen
        Weeks that count, same shape.

    Examples
    --------
    4 and 6 (0.2); 1 and 9 (0.8); 0, 0, 0 and 12 (1.7).

    >>> weekly = np.array([[4.0, 6, 4, 6], [1, 9, 1, 9], [0, 0, 0, 12]])
    >>> by_variation(weekly, np.ones_like(weekly, bool)).tolist()
    ['X', 'Y', 'Z']
    """
    count = np.maximum(seen.sum(axis=1), 1)
    mean = np.where(seen, weekly, 0.0).sum(axis=1) / count
    spread = np.sqrt(np.where(seen, (weekly - mean[:, None]) ** 2, 0.0).sum(axis=1) / count)
    variation = np.divide(spread, mean, out=np.full(mean.size, np.inf), where=mean > 0)
    return np.asarray(np.array(list("XYZ"))[np.searchsorted(VARIATION, variation - 1e-12)], np.str_)


def intermittent(weekly: Floats, seen: Mask) -> Mask:
    """Whether sales come in fewer than one of 1.32 weeks, ``(series,)``; also where nothing sold.

    References
    ----------
    Syntetos, Boylan and Croston (2005), On the categorization of demand patterns, JORS 56; in weeks, as orders are.

    Examples
    --------
    Three of four weeks are 1.33 apart, seven of nine 1.29.

    >>> [bool(intermittent(np.array([w]), np.ones((1, len(w)), bool))[0]) for w in ([1.0, 0, 2, 1], [1.0] * 7 + [0, 0])]
    [True, False]
    """
    sales = (seen & (weekly > 0)).sum(axis=1)
    return np.asarray(seen.sum(axis=1) > LONGEST_INTERVAL * sales)


def seasonal(weekly: Floats, seen: Mask) -> Mask:
    """Whether the last two years rose and fell alike, ``(series,)``: thirteen four-week totals of each; never with less.

    Examples
    --------
    A summer in each of two years; the same units evenly.

    >>> summer = np.tile(np.where(np.arange(52) // 13 == 2, 20.0, 4.0), 2)
    >>> seasonal(np.array([summer, np.full(104, 8.0)]), np.ones((2, 104), bool)).tolist()
    [True, False]
    """
    if weekly.shape[1] < 2 * _YEAR:
        return np.zeros(weekly.shape[0], np.bool_)
    years = weekly[:, -2 * _YEAR :].reshape(-1, 2, _MONTHS, 4).sum(axis=3)
    known = seen[:, -2 * _YEAR :].mean(axis=1) > 0.9
    mean = years.mean(axis=2, keepdims=True)
    off = years - mean
    spread = np.sqrt((off**2).mean(axis=2))
    together = (off[:, 0] * off[:, 1]).mean(axis=1)
    scale = spread.prod(axis=1)
    alike = np.divide(together, scale, out=np.zeros_like(scale), where=scale > 1e-12)
    swings = (spread >= SWING * np.maximum(mean[:, :, 0], 1e-12)).all(axis=1)
    return np.asarray(known & swings & (alike >= SEASON))


def traits(*, ended: Mask, weeks_sold: npt.ArrayLike, constrained: Mask, weekly: Floats, seen: Mask) -> list[Trait]:
    """The first trait that fits each series.

    Parameters
    ----------
    ended
        Whether the item ends before another order could be sold, ``(series,)``.
    weeks_sold
        Weeks since its first sale, ``(series,)``.
    constrained
        Whether all that is there and coming is short of demand until more can come, ``(series,)``.
    weekly, seen
        As in `by_variation`.
    """
    new = np.asarray(weeks_sold) < FEWEST_WEEKS
    fits = np.stack([ended, new, constrained, seasonal(weekly, seen), intermittent(weekly, seen), np.ones_like(ended)])
    every = list(Trait)
    return [every[k] for k in fits.argmax(axis=0)]
