"""Bars moves that last nights' moves or tomorrow's forecast would undo.

Inside one plan nothing goes back and forth. From night to night it may, because forecasts change: a unit sent yesterday can
look better where it came from. Sending it back pays only if the price difference beats the round trip, clearly; and any move
should beat its cost by more than prices are likely to change by tomorrow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.cover import daily_demand
from evenstock.rebalancing.departures.slope_scaling import full_departures
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.steadiness.kernel import next_units

LEAST_COOLING_DAYS: Final = 7
ROUND_TRIPS: Final = 2.0
"""Times the cost of there and back that sending back must bring."""

NEVER: Final = 2**40
"""Cents that no unit brings."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RecentMoves:
    """Moves of nights before, under way or arrived; each array ``(line,)``."""

    item: Ints
    origin: Ints
    destination: Ints
    units: Ints
    days_ago: Ints
    """Nights since, 1 for last night's; 0 for earlier tonight."""

    def __post_init__(self) -> None:
        parts = (self.item, self.origin, self.destination, self.units, self.days_ago)
        if len({len(part) for part in parts}) != 1:
            raise ValueError("recent moves: item, origin, destination, units and days_ago are of one length")
        if len(self.days_ago) and min(int(part.min()) for part in parts) < 0:
            raise ValueError("recent moves: nothing in them can be below 0")

    @classmethod
    def none(cls) -> RecentMoves:
        empty = np.zeros(0, np.int64)
        return cls(item=empty, origin=empty, destination=empty, units=empty, days_ago=empty)


@dataclass(frozen=True, slots=True)
class Barred:
    """An item-lane that tonight's plan may not use."""

    item: int
    lane: int
    reason: Literal["cooling off", "within forecast noise"]
    gain_cents: int
    """What the first unit would bring there beyond what it brings here, before cost."""
    wanted_cents: int
    """What it would have to bring; `NEVER` where nothing would do."""

    @property
    def because(self) -> str:
        gain, wanted = self.gain_cents / 100, self.wanted_cents / 100
        if self.wanted_cents == NEVER:
            return f"it came that way a few nights ago; a unit would bring {gain:,.2f}, and it is not sent back so soon"
        if self.reason == "cooling off":
            return (
                f"it came that way a few nights ago: a unit would bring {gain:,.2f}, sending back wants {wanted:,.2f}"
            )
        return f"a unit would bring {gain:,.2f}; cost and what prices may change by tomorrow are {wanted:,.2f}"


@dataclass(frozen=True, slots=True, eq=False)
class Steadied:
    """The problem without the item-lanes that are barred, and why each is."""

    problem: Problem
    barred: tuple[Barred, ...]
    least_gain_cents: Floats
    """What the first unit must bring on each item-lane, ``(K, A)``."""


def steadied(
    problem: Problem,
    recent: RecentMoves,
    *,
    revision_sd_cents: Floats | None = None,
    kappa: float = 1.0,
    cooling_days: Ints | None = None,
    round_trips: float = ROUND_TRIPS,
) -> Steadied:
    """Tonight's problem with the moves barred that would only answer noise.

    Parameters
    ----------
    revision_sd_cents
        Standard deviation of the change of a unit's price by tomorrow, ``(K, W)``; none means it does not change.
    kappa
        How many of them a move must beat beyond its cost, at least 0.
    cooling_days
        Days within which each recent move may not be undone cheaply, ``(line,)``. None: the days of cover it brought to
        its destination, at least 7.
    round_trips
        Times the cost of there and back, with full departures, that undoing a recent move must bring; infinite: it is
        never undone.

    Raises
    ------
    ValueError
        If a recent move names an item or node the problem does not have, or `kappa` is below 0.
    """
    if kappa < 0 or not round_trips >= 0:
        raise ValueError(f"kappa {kappa} and round_trips {round_trips}: cannot be below 0")
    shape = problem.on_hand.shape
    if len(recent.item) and (
        int(recent.item.max()) >= shape[0] or int(max(recent.origin.max(), recent.destination.max())) >= shape[1]
    ):
        raise ValueError("recent moves: an item or a node that this problem does not have")
    cost = full_departures(problem)
    wanted = cost + kappa * _between(problem, revision_sd_cents)
    back = _sent_back(problem, recent, cooling_days)
    round_trip = cost + _cheapest_back(problem, cost)
    # Where nothing leads back a return is no ping-pong: it wants twice its own cost.
    undoing = np.inf if np.isinf(round_trips) else round_trips * round_trip
    wanted = np.where(back, np.maximum(wanted, undoing), wanted)
    asked = problem.usable & (back | (wanted > cost))
    gain = _first_unit_gain(problem, asked)
    barred = asked & (gain <= wanted)
    assert problem.barred is not None
    return Steadied(
        problem=replace(problem, barred=problem.barred | barred) if barred.any() else problem,
        barred=tuple(
            Barred(
                item=k,
                lane=a,
                reason="cooling off" if back[k, a] else "within forecast noise",
                gain_cents=round(float(gain[k, a])),
                wanted_cents=round(min(float(wanted[k, a]), NEVER)),
            )
            for k, a in np.argwhere(barred & (gain > cost)).tolist()
        ),
        least_gain_cents=wanted,
    )


def _between(problem: Problem, sd_cents: Floats | None) -> Floats:
    """Spread of the change of the price difference along each lane, ``(K, A)``: both ends, taken as independent."""
    if sd_cents is None:
        return np.zeros((len(problem.skus), len(problem.lanes)))
    sd = np.asarray(sd_cents, np.float64)
    if sd.shape != problem.on_hand.shape or not (sd >= 0).all():
        raise ValueError(f"revision_sd_cents: {problem.on_hand.shape} of cents, none below 0, is wanted")
    return np.hypot(sd[:, problem.lanes.origin], sd[:, problem.lanes.destination])


def _sent_back(problem: Problem, recent: RecentMoves, cooling_days: Ints | None) -> Bools:
    """Item-lanes that would undo a recent move, ``(K, A)``."""
    if cooling_days is None:
        daily = daily_demand(problem)[recent.item, recent.destination]
        endless = np.full(len(recent.item), float(problem.days))
        cover = np.divide(recent.units, daily, out=endless, where=daily > 0)
        cooling_days = np.maximum(np.ceil(cover), LEAST_COOLING_DAYS).astype(np.int64)
    warm = recent.days_ago <= cooling_days
    came = np.zeros((len(problem.skus), len(problem.nodes), len(problem.nodes)), np.bool_)
    came[recent.item[warm], recent.destination[warm], recent.origin[warm]] = True
    undone: Bools = came[:, problem.lanes.origin, problem.lanes.destination]
    return undone


def _cheapest_back(problem: Problem, cost: Floats) -> Floats:
    """Cents per unit of the cheapest lane that leads the other way, ``(K, A)``; the lane's own cost where none does."""
    lanes, nodes = problem.lanes, len(problem.nodes)
    cheapest = np.full((len(problem.skus), nodes * nodes), np.inf)
    for a in range(len(lanes)):
        pair = int(lanes.origin[a]) * nodes + int(lanes.destination[a])
        cheapest[:, pair] = np.minimum(cheapest[:, pair], cost[:, a])
    back = cheapest[:, lanes.destination * nodes + lanes.origin]
    return np.where(np.isfinite(back), back, cost)


def _first_unit_gain(problem: Problem, asked: Bools) -> Floats:
    """Cents that a first unit brings at the lane's end, on the day it arrives, beyond the last one here, ``(K, A)``."""
    gain = np.zeros(asked.shape)
    item, lane = (index.astype(np.int64) for index in np.nonzero(asked))
    lanes = problem.lanes
    money = (1000 * problem.shortage_cents, problem.holding_millicents, 1000 * problem.terminal)
    there = next_units(
        problem.paths,
        problem.arrivals,
        problem.on_hand,
        *money,
        item,
        lanes.destination[lane],
        lanes.lead_days[lane],
    )
    # The unit here is the last of those there are, so it is priced as the next one of a node with one unit less.
    one_less = np.maximum(problem.on_hand - 1, 0)
    here = next_units(problem.paths, problem.arrivals, one_less, *money, item, lanes.origin[lane], np.zeros_like(lane))
    gain[item, lane] = (there - here).mean(axis=1) / 1000
    return gain
