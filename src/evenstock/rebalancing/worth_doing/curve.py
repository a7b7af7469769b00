"""What doing nothing costs by date, and what each day of delay takes from the plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Floats
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.solution import Solution
from evenstock.rebalancing.worth_doing.curve_kernel import nothing_by_day, worth_by_departure


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Expected cents over the paths, for K items and T days; day 0 is today."""

    nothing_by_item: Floats
    """Shortage and storing from today to the end of each day if nothing is done, ``(K, T)``."""
    worth_by_item: Floats
    """What the moves bring before cost if they leave on the morning of each day, ``(K, T)``."""
    sent_by_item: Floats
    """Units they still find at their origins then, ``(K, T)``."""

    @property
    def nothing_cents(self) -> Floats:
        """Of all items, ``(T,)``; rises."""
        total: Floats = self.nothing_by_item.sum(axis=0)
        return total

    @property
    def worth_cents(self) -> Floats:
        total: Floats = self.worth_by_item.sum(axis=0)
        return total

    @property
    def lost_by_waiting(self) -> Floats:
        """Worth lost if the plan leaves on each day instead of today, ``(T,)``; 0 for today."""
        lost: Floats = self.worth_cents[0] - self.worth_cents
        return lost

    @property
    def day_costs(self) -> Floats:
        """Worth that each further day of delay takes, ``(T - 1,)``."""
        return np.diff(self.lost_by_waiting)


def do_nothing_curve(problem: Problem, moves: Moves | Solution) -> Curve:
    """Exact on the problem's paths: every path is played with the same moves leaving on every day.

    Moves that leave later find what the path has left above the floor, in whole cases, lines in their order; nothing is planned
    anew. Days after the last one planned are not seen, so late departures lose the sales that they would have made then. What
    a position costs outside its band (`Bands`) is no matter of days and is not counted.
    """
    lines = moves.moves if isinstance(moves, Solution) else moves
    problem.refuse_unlawful(lines)
    shortage, terminal = 1000 * problem.shortage_cents, 1000 * problem.terminal
    nothing = nothing_by_day(problem.paths, problem.on_hand, problem.arrivals, shortage, problem.holding_millicents)
    worth, sent = worth_by_departure(
        problem.paths,
        problem.on_hand,
        problem.arrivals,
        problem.floor,
        problem.case_units,
        shortage,
        problem.holding_millicents,
        terminal,
        np.searchsorted(lines.item, np.arange(len(problem.skus) + 1)).astype(np.int64),
        problem.lanes.origin[lines.lane],
        problem.lanes.destination[lines.lane],
        problem.lanes.lead_days[lines.lane],
        lines.units,
    )
    millicents = 1000.0 * problem.path_count
    return Curve(np.cumsum(nothing, axis=1) / millicents, worth / millicents, sent / problem.path_count)
