"""Planners to compare over many nights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from evenstock.rebalancing import Moves, Problem, Solution, solve
from evenstock.rebalancing.arrays import Demand
from evenstock.rebalancing.heuristics import equalise, twenty_percent
from evenstock.rebalancing.steadiness.revision import revision_sd
from evenstock.rebalancing.steadiness.steady import RecentMoves, steadied
from evenstock.rebalancing.waiting.hold_back import Waiting, hold_back
from evenstock.rebalancing.waiting.settled import until_nothing_goes
from evenstock.simulation.rolling.night import Night, Planner

NEXT: Final = (0, 1, 3, 6)
"""Next departures at which waiting is weighed: tomorrow's, two, four and seven days away where a lane leaves daily."""
COOLING_DAYS: Final = 14
"""Days within which nothing is sent back."""


def nothing(night: Night) -> Moves:  # noqa: ARG001
    return Moves.none()


def every_night(solver: Callable[[Problem], Solution]) -> Planner:
    """Tonight's transfers by a method that sees tonight only."""

    def plan(night: Night) -> Moves:
        return solver(night.problem).moves

    return plan


def rule20(night: Night) -> Moves:
    return twenty_percent.solve(night.problem).moves


def equal_cover(night: Night) -> Moves:
    return equalise.solve(night.problem).moves


def ship_now(night: Night) -> Moves:
    """Ours, as if there were no tomorrow."""
    return solve(night.problem).moves


def ship_or_wait(
    *,
    margin: float = 1.0,
    departures: Sequence[int] = NEXT,
    round_trips: float | None = np.inf,
    kappa: float = 0.0,
    cooling_days: int = COOLING_DAYS,
) -> Planner:
    """Ours, holding back what is worth more later, and undoing no move of the last nights.

    Parameters
    ----------
    margin
        What waiting is multiplied by before it is compared.
    departures
        Which of each lane's next departures waiting is weighed at, counted from 0.
    round_trips
        Times the cost of there and back that undoing a move of the last `cooling_days` must bring; infinite: it is not
        undone. None: nothing is asked of a move but its cost.
    kappa
        Standard deviations of what prices change by in a day that any move must beat.
    """

    def plan(night: Night) -> Moves:
        problem = night.problem if round_trips is None else _steadied(night, round_trips, kappa, cooling_days)
        ahead = night.next_departure_days[:, list(departures)]

        def cut(asked: Problem, found: Solution) -> tuple[Solution, tuple[Waiting, ...]]:
            return hold_back(asked, found, next_departure_days=ahead, margin=margin)

        goes, _ = until_nothing_goes(problem, solve(problem), cut=cut, again=solve)
        return goes.moves

    return plan


def _steadied(night: Night, round_trips: float, kappa: float, cooling_days: int) -> Problem:
    lanes, sent = night.problem.lanes, night.sent
    recent = RecentMoves(
        item=sent.item,
        origin=lanes.origin[sent.lane],
        destination=lanes.destination[sent.lane],
        units=sent.units,
        days_ago=night.number - sent.night,
    )
    noise = revision_sd(night.problem) if kappa > 0 and night.problem.days > 1 else None
    return steadied(
        night.problem,
        recent,
        revision_sd_cents=noise,
        kappa=kappa,
        cooling_days=np.full(len(sent.item), cooling_days),
        round_trips=round_trips,
    ).problem


def clairvoyant(demand: Demand) -> Planner:
    """Ours with what really comes as the only path: near what could be had, not a strict bound."""

    def plan(night: Night) -> Moves:
        days = night.problem.days
        told = demand[:, :, None, night.number : night.number + days].astype(np.int32)
        return solve(replace(night.problem, paths=told)).moves

    return plan
