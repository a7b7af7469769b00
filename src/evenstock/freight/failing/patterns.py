"""How a service can fail: what each way makes of the days that are usual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.freight.failing.evidence import Floats, Ints
from evenstock.freight.failing.usual import LONGEST, NEVER

DAMAGED_SHARE: Final = 0.10
"""Share of parcels that a service which damages them damages."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way to fail."""

    name: str
    of: Callable[[Floats, Ints], Floats]
    """Shares by day as usual, shape ``(row, NEVER + 1)``, and the weekday of hand-over of each row, to shares as failing."""
    damages: bool = False


def slower(share: Floats, days: int) -> Floats:
    """Every parcel takes so many days more.

    Examples
    --------
    >>> share = np.zeros((1, NEVER + 1)); share[0, [1, 2]] = 0.8, 0.2
    >>> slower(share, 2)[0, :5].tolist()
    [0.0, 0.0, 0.0, 0.8, 0.2]
    """
    moved = np.zeros_like(share)
    moved[:, days:NEVER] = share[:, : NEVER - days]
    moved[:, LONGEST] += share[:, NEVER - days : NEVER].sum(axis=1)
    moved[:, NEVER] = share[:, NEVER]
    return moved


def losing(share: Floats, part: float) -> Floats:
    """So large a part never comes."""
    moved = (1.0 - part) * share
    moved[:, NEVER] += part
    return moved


def no_weekends(share: Floats, weekday: Ints) -> Floats:
    """What came on a Saturday or Sunday comes on Monday.

    Examples
    --------
    Handed over on a Thursday (3), two days on: a Saturday, so that it comes on day 4.

    >>> share = np.zeros((1, NEVER + 1)); share[0, [1, 2]] = 0.5, 0.5
    >>> no_weekends(share, np.array([3]))[0, :5].tolist()
    [0.0, 0.5, 0.0, 0.0, 0.5]
    """
    moved = share.copy()
    for day in range(LONGEST - 1):
        arrives = (weekday + day) % 7
        for rests, wait in ((5, 2), (6, 1)):
            row = arrives == rests
            moved[row, day + wait] += share[row, day]
            moved[row, day] -= share[row, day]
    return moved


def _half(share: Floats, days: int) -> Floats:
    return 0.5 * share + 0.5 * slower(share, days)


PATTERNS: Final = (
    Pattern("a day slower", lambda share, _: slower(share, 1)),
    Pattern("two days slower", lambda share, _: slower(share, 2)),
    Pattern("three days slower", lambda share, _: slower(share, 3)),
    Pattern("half of its parcels two days slower", lambda share, _: _half(share, 2)),
    Pattern("losing one parcel in twelve", lambda share, _: losing(share, 1 / 12)),
    Pattern("losing one parcel in five", lambda share, _: losing(share, 0.2)),
    Pattern("resting at weekends", no_weekends),
    Pattern("damaging one parcel in ten", lambda share, _: share.copy(), damages=True),
)
"""Few and coarse: what a service really does lies near one of them, or between two."""
INCIDENTS: Final = (
    Pattern("a day late", lambda share, _: slower(share, 1)),
    Pattern("two days late", lambda share, _: slower(share, 2)),
    Pattern("half of them a day late", lambda share, _: _half(share, 1)),
    Pattern("half of them two days late", lambda share, _: _half(share, 2)),
    Pattern("a pallet damaged", lambda share, _: share.copy(), damages=True),
)
"""What befalls all parcels of one day now and then though nobody fails: a storm, a trailer left behind."""
