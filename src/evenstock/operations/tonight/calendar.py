"""When lanes leave, and when goods arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Lane
from evenstock.rebalancing.problem import Lanes

_LONGEST_WAIT_DAYS: Final = 7
LATER: Final = (1, 2, 4, 7)
"""Which of a lane's later departures waiting is weighed against, by their turn: looking at the next one only finds a quarter."""


def next_departure(lane: Lane, on: date) -> date:
    """The first day from `on` on which the lane leaves."""
    days = (on + timedelta(days=wait) for wait in range(_LONGEST_WAIT_DAYS))
    return next(day for day in days if day.weekday() in lane.dispatch_days)


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """Lanes of tonight in arrays, with their days."""

    lanes: Lanes
    leaves_on: tuple[date, ...]
    """Next departure of each lane."""
    again_on: tuple[date, ...]
    """The departure after that."""
    later_days: NDArray[np.int64]
    """Days from today to the departures after the next one: the `LATER` of them, ``(A, N)``."""
    departs: NDArray[np.bool_]
    """Days of the horizon on which each leaves, ``(A, T)``."""
    transit_days: NDArray[np.int64]
    """From a departure until the goods can be sold, ``(A,)``."""


def _later(lane: Lane, leaves: date, on: date) -> list[int]:
    """Days from `on` to the departures after `leaves`, by their turn."""
    days, day = [], leaves
    for turn in range(1, LATER[-1] + 1):
        day = next_departure(lane, day + timedelta(days=1))
        if turn in LATER:
            days.append((day - on).days)
    return days


def calendar(
    lanes: Sequence[Lane], index: Mapping[str, int], on: date, days: int, nights_between_plans: int
) -> Calendar:
    """The lanes as of a day; one that leaves only after the next plan is left to that plan."""
    leaves_on = tuple(next_departure(lane, on) for lane in lanes)
    again_on = tuple(next_departure(lane, day + timedelta(days=1)) for lane, day in zip(lanes, leaves_on, strict=True))

    later = np.array([_later(lane, day, on) for lane, day in zip(lanes, leaves_on, strict=True)], np.int64)

    def column(values: Sequence[int]) -> NDArray[np.int64]:
        return np.array(values, np.int64)

    before_next = [(day - on).days < nights_between_plans for day in leaves_on]
    transit = column([lane.lead_days for lane in lanes])
    arrays = Lanes(
        origin=column([index[lane.origin] for lane in lanes]),
        destination=column([index[lane.destination] for lane in lanes]),
        fixed_cents=column([lane.fixed_cents for lane in lanes]),
        pallet_cents=column([lane.pallet_cents for lane in lanes]),
        unit_cents=column([lane.unit_cents for lane in lanes]),
        lead_days=column([(day - on).days for day in leaves_on]) + transit,
        leaves=np.array(before_next, np.bool_),
        truck_cents=column([lane.truck_cents for lane in lanes]),
        truck_pallets=column([lane.truck_pallets for lane in lanes]),
        trucks=column([lane.trucks for lane in lanes]),
    )
    weekday = np.array([(on + timedelta(days=t)).weekday() for t in range(days)])
    departs = np.array([np.isin(weekday, sorted(lane.dispatch_days)) for lane in lanes], np.bool_).reshape(-1, days)
    return Calendar(arrays, leaves_on, again_on, later.reshape(-1, len(LATER)), departs, transit)
