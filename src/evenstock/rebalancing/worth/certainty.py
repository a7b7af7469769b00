"""How sure a line's gain is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.certainty_kernel import line_paths
from evenstock.rebalancing.worth.solution import Solution


@dataclass(frozen=True, slots=True, eq=False)
class Certainty:
    """By line, ``(lines,)``."""

    error_cents: Ints
    """Standard error of the worth: another draw of as many paths would change it by about this."""
    chance_ppm: Ints
    """Share of paths on which it brings more than it costs, in millionths."""


def certainty(problem: Problem, solution: Solution) -> Certainty:
    """From what each line brings on each path; what bands add is the same on all."""
    by_path = worth_by_path(problem, solution) - solution.line_cost_cents[:, None]
    count = by_path.shape[1]
    spread = by_path.std(axis=1, ddof=1) if count > 1 else np.zeros(len(by_path))
    return Certainty(
        np.rint(spread / np.sqrt(count)).astype(np.int64),
        np.rint(1e6 * (by_path > 0).mean(axis=1)).astype(np.int64) if len(by_path) else np.zeros(0, np.int64),
    )


def worth_by_path(problem: Problem, solution: Solution) -> Floats:
    """Cents before cost by line and path, ``(lines, S)``; their mean is the solution's worth."""
    moves = solution.moves
    millicents = line_paths(
        problem.paths,
        problem.on_hand,
        problem.arrivals,
        1000 * problem.shortage_cents,
        problem.holding_millicents,
        1000 * problem.terminal,
        problem.lanes.origin,
        problem.lanes.destination,
        np.minimum(problem.lanes.lead_days, problem.days),
        np.searchsorted(moves.item, np.arange(len(problem.skus) + 1)).astype(np.int64),
        moves.lane,
        moves.units,
    )
    cents: Floats = millicents / 1000
    same = solution.worth_cents - (cents.mean(axis=1) if len(cents) else 0.0)
    return cents + same[:, None]
