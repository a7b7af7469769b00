"""Tonight's transfers: what should move."""

from __future__ import annotations

from typing import Final

from evenstock.rebalancing.departures import METHOD, Night, departures
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.solution import Solution, settle
from evenstock.rebalancing.unit_values import Map

_MOST_PASSES: Final = 4


def solve(problem: Problem, *, seed: int = 0, map: Map = map) -> Solution:  # noqa: A002
    """The transfers worth more than they cost, priced with whole pallets and departures; never worse than doing nothing.

    Planning again on what a plan leaves moves nothing: the night is planned until that is so.

    Parameters
    ----------
    seed
        Kept with the solution; nothing is drawn at random.
    map
        Runs blocks of items; the answer does not depend on how.
    """
    total, notes, night = Moves.none(), dict[str, None](), Night.of(problem, map)
    for _ in range(_MOST_PASSES):
        more, said = departures(night)
        if len(more.moves) == 0 or more.net_cents <= 0:
            break
        notes |= dict.fromkeys(said)
        total += more.moves
        night = night.after(more.moves, total, problem, map)
    else:
        notes[f"after {_MOST_PASSES} passes planning again may still move something"] = None
    solution = settle(problem, total, method=METHOD, notes=tuple(notes), seed=seed)
    if solution.net_cents >= 0:
        return solution
    return settle(problem, Moves.none(), method=METHOD, notes=tuple(notes), seed=seed)
