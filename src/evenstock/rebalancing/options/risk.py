"""Fear of bad luck: a plan that also counts the mean of the worst paths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.horizon.question import Tail
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.solve import solve as plan_tonight
from evenstock.rebalancing.worth.evaluate import Rerouting, evaluate
from evenstock.rebalancing.worth.solution import Solution, settle

ROUNDS: Final = 8


@dataclass(frozen=True, slots=True)
class Luck:
    """Cents of shortage and storing, less the worth of what is left, for the whole night; transfers are counted apart."""

    mean_cents: float
    tail_cents: float
    """Mean of the worst paths (CVaR)."""
    transfer_cents: float

    def objective(self, tail: Tail) -> float:
        return self.mean_cents + self.transfer_cents + tail.weight * self.tail_cents


@dataclass(frozen=True, slots=True, eq=False)
class TailPlan:
    """The plan, and what it does to mean and tail."""

    solution: Solution
    """Priced on the paths as they are."""
    nothing: Luck
    plain: Luck
    """With the plan of least expected cost."""
    averse: Luck
    """With this plan."""
    worst: Ints
    """Paths in the tail of this plan, the worst first."""


def tail_averse(
    problem: Problem,
    tail: Tail,
    *,
    solve: Callable[[Problem], Solution] = plan_tonight,
    rerouting: Rerouting | None = None,
    rounds: int = ROUNDS,
) -> TailPlan:
    """Least expected cost plus `tail.weight` times the mean of the worst ``1 - tail.level`` of the paths.

    A path is one world: path s of every item happens together, so the paths must be drawn jointly for a tail of the whole
    network to mean anything. CVaR is the largest mean over all weightings that give no path more than ``1 / (1 - level)``
    times its share (its dual form). So the plan is a game: the planner answers a weighting with ``solve``, bad luck answers
    the plan by weighting its worst paths, and each answers the average of what the other did before (fictitious play).
    Weights are paths repeated. Of all plans met the best by its true objective stands.

    What it guarantees: never worse by this objective than the plan of least expected cost, and exact means and tails on the
    plan's own paths. The tail is of shortage and storing less what is left is worth; whole cases leave a gap to the optimum
    that is small where many items share the tail, and is not bounded here. Bands are planned with, but not counted in it.

    References
    ----------
    Rockafellar and Uryasev (2000), Journal of Risk 2(3); Robinson (1951), An iterative method of solving a game.
    """
    if not 0 <= tail.level < 1 or tail.weight < 0:
        raise ValueError(f"tail: a level from 0 to below 1 and a weight from 0 on are wanted, not {tail}")
    nothing, _ = _luck(problem, Moves.none(), 0, tail, rerouting)
    plain = solve(problem)
    plain_luck, paths = _luck(problem, plain.moves, plain.total_cost_cents, tail, rerouting)
    best, best_luck, best_paths = plain, plain_luck, paths
    fear = _tail_share(paths, tail.level)
    for turn in range(2, rounds + 1 if tail.weight > 0 else 2):
        found = solve(_reweighted(problem, fear, tail))
        priced = settle(problem, found.moves, method=found.method, notes=found.notes, seed=found.seed)
        luck, paths = _luck(problem, priced.moves, priced.total_cost_cents, tail, rerouting)
        if luck.objective(tail) < best_luck.objective(tail) - 1e-6:
            best, best_luck, best_paths = priced, luck, paths
        fear = fear + (_tail_share(paths, tail.level) - fear) / turn
    share = _tail_share(best_paths, tail.level)
    order = np.argsort(-best_paths, kind="stable")
    return TailPlan(best, nothing, plain_luck, best_luck, order[share[order] > 0].astype(np.int64))


def tail_mean(path_cents: Floats, level: float) -> float:
    """Mean of the worst ``1 - level`` of the paths, the last of them in part (CVaR).

    Examples
    --------
    >>> tail_mean(np.array([1.0, 4.0, 2.0, 3.0]), 0.5), tail_mean(np.array([1.0, 4.0, 2.0, 3.0]), 0.7)
    (3.5, 3.8333)
    """
    share = _tail_share(path_cents, level)
    return round(float(share @ path_cents / share.sum()), 4)


def _tail_share(path_cents: Floats, level: float) -> Floats:
    """How much of each path is in the tail, 0 to 1, ``(S,)``; the sum is ``(1 - level) S``."""
    order = np.argsort(-path_cents, kind="stable")
    share = np.zeros(len(path_cents))
    share[order] = np.clip((1 - level) * len(path_cents) - np.arange(len(path_cents)), 0.0, 1.0)
    return share


def _luck(
    problem: Problem, moves: Moves, transfer_cents: int, tail: Tail, rerouting: Rerouting | None
) -> tuple[Luck, Floats]:
    paths = evaluate(problem, moves, rerouting=rerouting).path_cents
    return Luck(float(paths.mean()), tail_mean(paths, tail.level), float(transfer_cents)), paths


def _reweighted(problem: Problem, fear: Floats, tail: Tail) -> Problem:
    """Paths repeated by weight; money in proportion, so that transfers keep theirs."""
    extra = tail.weight / (1 - tail.level) * fear
    # Each path often enough that the lightest fear is seen as a path of its own.
    often = max(1, int(np.ceil(1 / extra[extra > 0].min()))) if (extra > 0).any() else 1
    often = min(often, 4)
    upto = np.rint(np.cumsum(often * (1 + extra))).astype(np.int64)
    index = np.repeat(np.arange(len(fear)), np.diff(upto, prepend=0))
    by = 1 + tail.weight

    def scaled(cents: Ints) -> Ints:
        money: Ints = np.rint(cents * by).astype(np.int64)
        return money

    return replace(
        problem,
        paths=np.ascontiguousarray(problem.paths[:, :, index]),
        shortage_cents=scaled(problem.shortage_cents),
        holding_millicents=scaled(problem.holding_millicents),
        terminal_cents=scaled(problem.terminal),
    )
