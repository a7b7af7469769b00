"""Shared pallets and departures by slope scaling: spread what a lane really cost over what it carried, and ask again.

References
----------
Kim and Pardalos (1999), Operations Research Letters 24, a solution approach to the fixed charge network flow problem.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.solution import cost_members, cost_terms

ROUNDS = 3


def full_departures(problem: Problem) -> Floats:
    """Cents per unit by item and lane if every departure left full, ``(K, A)``: the least a unit can cost."""
    members = cost_members().values()
    total: Floats = np.sum([member.slope(problem) for member in members], axis=0)
    return total


@dataclass(frozen=True, slots=True)
class Scaled:
    """The best plan met, and the lane surcharges that led to it."""

    cases: Ints
    """``(K, A)``."""
    surcharge: Floats
    """Cents per load on each lane above a full departure's, ``(A,)``; infinite where the lane was closed."""


def surcharges(problem: Problem, linear: Floats, cases: Ints, before: Floats) -> Floats:
    """Per load, what each lane cost beyond the linear cost; lanes that carried nothing keep what they had."""
    moves = Moves.from_table(cases * problem.case_units[:, None])
    true = np.sum(list(cost_terms(problem, moves).values()), axis=0)
    assumed = moves.units * linear[moves.item, moves.lane]
    lanes = len(problem.lanes)
    beyond = np.bincount(moves.lane, weights=true - assumed, minlength=lanes)
    load = np.bincount(moves.lane, weights=moves.units * problem.load[moves.item], minlength=lanes)
    return np.where(load > 0, np.maximum(beyond, 0.0) / np.where(load > 0, load, 1.0), before)


def slope_scaling(
    problem: Problem, linear: Floats, ask: Callable[[Floats], tuple[Ints, Floats]], *, rounds: int = ROUNDS
) -> Scaled:
    """Ask for plans at ever truer lane costs and keep the one worth most at its true cost.

    Parameters
    ----------
    ask
        From cents per unit by item and lane to cases by item and lane, and the value before cost of each item's moves in
        cents.
    """
    surcharge = np.zeros(len(problem.lanes))
    best, best_net = Scaled(np.zeros(linear.shape, np.int64), surcharge), 0.0
    for _ in range(rounds):
        cases, gain = ask(linear + np.outer(problem.load, surcharge))
        moves = Moves.from_table(cases * problem.case_units[:, None])
        true = sum(int(cents.sum()) for cents in cost_terms(problem, moves).values())
        if gain.sum() - true > best_net:
            best, best_net = Scaled(cases, surcharge), float(gain.sum()) - true
        truer = surcharges(problem, linear, cases, surcharge)
        if np.allclose(truer, surcharge, rtol=1e-3):
            break
        surcharge = truer
    return best
