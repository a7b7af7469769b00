"""Tonight's transfers: what should move."""

from __future__ import annotations

from math import ceil
from typing import Final

from evenstock.rebalancing.departures.ascent import Ascent, ascend
from evenstock.rebalancing.departures.departures import METHOD, Effort, departures
from evenstock.rebalancing.departures.night import Night
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.unit_values.tables import Map
from evenstock.rebalancing.worth.solution import Solution, settle

_MOST_PASSES: Final = 4


def solve(problem: Problem, *, seed: int = 0, map: Map = map, effort: Effort | None = None) -> Solution:  # noqa: A002
    """The transfers worth more than they cost, priced with whole pallets and departures; never worse than doing nothing.

    The plan carries a bound on what any plan of this night could net, and the prices that prove it. Planning again on
    what a plan leaves moves nothing: the night is planned until that is so.

    Parameters
    ----------
    seed
        Kept with the solution; nothing is drawn at random.
    map
        Runs blocks of items; the answer does not depend on how.
    effort
        How hard to look, and when to stop; by default as long as it takes.
    """
    effort = Effort() if effort is None else effort
    total, notes, night = Moves.none(), dict[str, None](), Night.of(problem, map)
    first = proof = ascend(night, sweeps=effort.sweeps, more=effort.more, map=map, proof=effort.proof)
    for n in range(_MOST_PASSES):
        if n > 0:
            proof = ascend(night, sweeps=effort.sweeps, more=effort.more, map=map, proof=0)
        more, said = departures(night, proof, effort, map)
        if len(more.moves) == 0 or more.net_cents <= 0:
            break
        notes |= dict.fromkeys(said)
        total += more.moves
        night = night.after(more.moves, total, problem, map)
    else:
        notes[f"after {_MOST_PASSES} passes planning again may still move something"] = None
    if settle(problem, total, method=METHOD).net_cents < 0:
        total = Moves.none()
    return _told(problem, total, tuple(notes), seed, first)


def _told(problem: Problem, moves: Moves, notes: tuple[str, ...], seed: int, proof: Ascent) -> Solution:
    """The plan with its bound, in words too."""
    plan = settle(problem, moves, method=METHOD, seed=seed)
    bound = max(ceil(proof.bound_cents), plan.net_cents, 0)
    share = (bound - plan.net_cents) / bound if bound else 0.0
    notes = (*notes, f"within {share:.1%} of the best possible: no plan nets more than {bound / 100:,.2f}")
    notes = (*notes, *proof.short_in_words(problem))
    prices = proof.shared_prices(problem)
    return settle(problem, moves, method=METHOD, notes=notes, seed=seed, bound_cents=bound, prices=prices)
