"""What a planner knows on one night: the past, what stands where, and a forecast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing import Moves, Problem
from evenstock.rebalancing.arrays import Bools, Demand, Ints
from evenstock.simulation.rolling.sent import Sent


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What a forecaster may use on the evening before day `night`."""

    night: int
    demand: Demand
    """Units wanted on the days that are over, ``(K, W, night)``."""
    days: int
    """Days to forecast."""


@dataclass(frozen=True, slots=True, eq=False)
class Night:
    number: int
    """The evening before day `number`."""
    problem: Problem
    """Tonight's question on the forecast's paths; its lanes leave or not."""
    next_departure_days: Ints
    """Days from tonight to each lane's next departures, ``(A, 14)``; the problem's days where there are no more."""
    sent: Sent
    """Transfers of all nights before."""


Forecaster = Callable[[Past], Demand]
"""Sample paths ``(K, W, S, days)`` of the days to come, from the past alone."""
Planner = Callable[[Night], Moves]


def next_departures(departs: Bools, night: int, days: int, count: int = 1) -> Ints:
    """Days from tonight to each lane's next `count` departures after tonight's, ``(A, count)``; `days` where there is none.

    Examples
    --------
    >>> next_departures(np.array([[True, False, True], [True, False, False]]), 0, 3).tolist()
    [[2], [3]]
    """
    later = departs[:, night + 1 : night + days]
    found = np.full((len(departs), count), days, np.int64)
    ordinal = np.cumsum(later, axis=1)
    lane, day = np.nonzero(later & (ordinal <= count))
    found[lane, ordinal[lane, day] - 1] = day + 1
    return found
