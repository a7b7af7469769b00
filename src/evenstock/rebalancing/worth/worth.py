"""What each line of a plan is worth, exactly, on the plan's own paths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.unit_values.standing import stands
from evenstock.rebalancing.worth.kernel import line_worth


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """By line; means over the paths."""

    cents: Ints
    """Expected gain at the destination less the expected loss at the origin, before cost; rounded once."""
    sold_more: Floats
    """Units served at the destination that would have been short there."""
    sold_less: Floats
    """Units short at the origin that would have been served."""


def worth(problem: Problem, moves: Moves) -> Worth:
    """Simulate every touched node with and without the moves; the lines of a node share its change and re-add to it."""
    start = np.searchsorted(moves.item, np.arange(len(problem.skus) + 1)).astype(np.int64)
    gain, loss, sold, missed = line_worth(
        problem.paths,
        problem.on_hand,
        problem.arrivals,
        1000 * problem.shortage_cents,
        problem.holding_millicents,
        1000 * problem.terminal,
        stands(problem),
        problem.lanes.origin,
        problem.lanes.destination,
        np.minimum(problem.lanes.lead_days, problem.days),
        start,
        moves.lane,
        moves.units,
    )
    paths = problem.path_count
    return Worth(np.rint((gain - loss) / (1000 * paths)).astype(np.int64), sold / paths, missed / paths)
