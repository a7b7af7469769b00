"""Fill rate (type 2): a share of units served at once, reached by making shortages dearer where it is missed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.rebalancing.arrays import Bools, Floats
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.solve import solve as plan_tonight
from evenstock.rebalancing.worth.evaluate import evaluate
from evenstock.rebalancing.worth.solution import Solution, settle

ROUNDS: Final = 10
DEAREST: Final = 256.0
"""Times the shortage cost; if that does not do, stock does not do."""
_STEP: Final = 4.0
_NEAR: Final = 1.2
"""Bisection ends when a price that does is less than so many times one that does not."""


@dataclass(frozen=True, slots=True, eq=False)
class FillRatePlan:
    """A plan for service, priced at the true shortage costs."""

    solution: Solution
    before: Floats
    """Fill rate if nothing is done, ``(K, W)``, as all of these; 1 where nothing is wanted."""
    plain: Floats
    """With the plan of least cost, nothing asked."""
    achieved: Floats
    """With this plan, on its own paths."""
    times: Floats
    """Times the shortage cost at which it was planned: the price of service (a Lagrange multiplier plus one)."""
    missed: Bools
    """Where the rate asked for is not reached."""


def fill_rate(
    problem: Problem,
    beta: npt.ArrayLike,
    *,
    solve: Callable[[Problem], Solution] = plan_tonight,
    rounds: int = ROUNDS,
) -> FillRatePlan:
    """Plan so that each node serves a share `beta` of an item's demand, as far as lawful moves can.

    What it guarantees: every rate in `achieved` is what the plan's own paths say, shortages before goods can arrive included.
    Where a rate is missed, a shortage dearer by `times` still moved nothing more, or the rounds ended first; `missed` names
    it. Reached or not, nothing is sent beyond what is lawful.

    Prices are raised fourfold where a rate is missed and bisected where it is met, all items and nodes at once; every round is
    a whole plan. Of the plans met, the one that misses fewest units stands, and of those the one that nets most.

    Parameters
    ----------
    beta
        Shares from 0 to below 1, ``(K, W)`` or one for all; 0 asks nothing.
    """
    asked = np.broadcast_to(np.asarray(beta, np.float64), problem.on_hand.shape)
    if not ((asked >= 0) & (asked < 1)).all():
        raise ValueError("beta: shares from 0 to below 1 are wanted; 1 would need endless stock")
    before, dearest = _rates(problem, Moves.none()), _dearest(problem)
    times = np.ones(asked.shape)
    low, high = np.ones(asked.shape), np.full(asked.shape, np.inf)
    best: tuple[tuple[float, int], Solution, Floats, Floats] | None = None
    plain = before
    for turn in range(max(rounds, 1)):
        plan = solve(problem if turn == 0 else _dearer(problem, times))
        priced = settle(problem, plan.moves, method=plan.method, notes=plan.notes, seed=plan.seed)
        rates = _rates(problem, plan.moves)
        plain = rates if turn == 0 else plain
        key = (_missing(problem, asked, rates), -priced.net_cents)
        if best is None or key < best[0]:
            best = key, priced, rates, times
        short = rates < asked - 1e-12
        # A price that did before may no longer do, once others bid more.
        high = np.where(short & (times >= high), np.inf, np.where(short, high, np.where(times > 1, times, high)))
        low = np.where(short, times, np.where(times <= low, 1.0, low))
        # Where the two ends are near, the price that did before is taken again.
        known = np.where(np.isfinite(high), high, 1.0)
        between = np.where(high > _NEAR * low, np.sqrt(low * known), known)
        step = np.where(np.isfinite(high), between, low * _STEP)
        unsettled = np.where(short, times < dearest, (times > 1) & (high > _NEAR * low))
        if not unsettled.any():
            break
        times = np.where(unsettled, np.minimum(step, dearest), times)
    assert best is not None
    _, solution, rates, at = best
    return FillRatePlan(solution, before, plain, rates, at, rates < asked - 1e-12)


def _rates(problem: Problem, moves: Moves) -> Floats:
    outcome = evaluate(problem, moves)
    wanted = outcome.wanted_units
    rates: Floats = 1.0 - np.divide(outcome.lost_units, wanted, out=np.zeros(wanted.shape), where=wanted > 0)
    return rates


def _missing(problem: Problem, asked: Floats, rates: Floats) -> float:
    """Expected units short of the rates asked for; rounded, so that the last bit decides nothing."""
    wanted = problem.paths.sum(axis=(2, 3), dtype=np.int64) / problem.path_count
    return round(float((np.maximum(asked - rates, 0.0) * wanted).sum()), 6)


def _dearer(problem: Problem, times: Floats) -> Problem:
    return replace(problem, shortage_cents=np.rint(problem.shortage_cents * times).astype(np.int64))


def _dearest(problem: Problem) -> float:
    """As dear as the whole numbers of the kernels allow."""
    times = DEAREST
    while times > 1:
        try:
            _dearer(problem, np.full(problem.on_hand.shape, times))
        except ValueError:
            times /= 2
        else:
            break
    return max(times, 1.0)
