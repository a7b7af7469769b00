"""What is left of a prediction, as a distribution: recent cases count most, a group with few leans on all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.distributions.censoring import Survival, product_limit

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

HALF_LIVES: Final = (7.0, 10.0, 14.0, 20.0, 28.0, 40.0, 56.0, 80.0, 112.0, 160.0, 224.0, 320.0, 640.0, 1280.0)
"""Days; the shortest that still leaves enough cases is taken."""
ENOUGH: Final = 120.0
"""Weighted cases that a distribution with its 1 % tail is to rest on."""
LEAN: Final = 60.0
"""Cases of others that a group's own are mixed with: ten of its own then weigh a seventh of its distribution."""


def recent_half_life(age_days: Floats, ended: Flags, count: Floats) -> float:
    """The shortest half-life, in days, under which the cases that ended still weigh `ENOUGH`; else the longest.

    Examples
    --------
    Fourteen a day weigh 14 / ln 2 = 20 times the half-life: ten days are not needed, seven leave 141. One a day weighs
    1.44 times the half-life: 112 days leave 162, and 80 leave 115.

    >>> days = np.arange(1000.0)
    >>> one = np.ones(1000)
    >>> recent_half_life(days, one > 0, 14 * one), recent_half_life(days, one > 0, one)
    (7.0, 112.0)
    """
    for half_life in HALF_LIVES:
        if 0.5 ** (age_days[ended] / half_life) @ count[ended] >= ENOUGH:
            return half_life
    return HALF_LIVES[-1]


@dataclass(frozen=True, slots=True)
class Residuals:
    """Distribution of residuals of each group, and of all."""

    groups: Mapping[int, Survival]
    everyone: Survival

    def share_up_to(self, value: Floats, group: Codes) -> Floats:
        """Share of residuals not above each value, by row's group; shape of `value`, ``(row, value)``."""
        share = np.empty_like(value)
        for code in np.unique(group):
            rows = group == code
            share[rows] = 1.0 - self.groups.get(int(code), self.everyone).after(value[rows])
        return share


def residuals(value: Floats, ended: Flags, weight: Floats, group: Codes) -> Residuals:
    """Learn them: a group's own residuals, mixed with everyone's up to a weight of `LEAN`.

    Parameters
    ----------
    value, ended, weight, group
        Shape ``(case,)``; one not `ended` has a residual larger than its value. Groups are numbers from 0.

    Raises
    ------
    ValueError
        If no case has ended.

    Notes
    -----
    The doubt of one case is the case that comes next: quantiles then cover it with at least their level if it comes
    from the same distribution (split conformal prediction), whatever that distribution is.
    """
    everyone = product_limit(value, ended, weight, doubt=1.0)
    groups = {}
    codes = np.unique(group)
    for code in codes if codes.size > 1 else codes[:0]:
        own = group == code
        others = float(weight[~own & ended].sum())
        mixed = np.where(own, weight, weight * min(1.0, LEAN / max(others, 1e-12)))
        groups[int(code)] = product_limit(value, ended, mixed, doubt=1.0)
    return Residuals(groups, everyone)
