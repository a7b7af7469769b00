"""Lays what a company wants over tonight's question: service to keep, and how to plan for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Costs
from evenstock.operations.tonight.question import Tonight
from evenstock.rebalancing.horizon.question import Tail
from evenstock.rebalancing.options.cycle_service import cycle_service
from evenstock.rebalancing.options.fill_rate import fill_rate
from evenstock.rebalancing.options.risk import tail_averse
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.solution import Solution
from evenstock.rebalancing.worth_doing.minimum import Minimum

TAIL_LEVEL = 0.9
"""The worst tenth of all futures is what a company may fear."""
_NAMED = 5
Solve = Callable[[Problem], Solution]


@dataclass(frozen=True, slots=True, eq=False)
class Wished:
    """The question with service in it, and how it is to be solved."""

    problem: Problem
    solve: Callable[[Problem], tuple[Solution, tuple[str, ...]]]
    """The plan, and what was reached."""
    notes: tuple[str, ...]


def wished(question: Tonight, costs: Costs, solve: Solve) -> Wished:
    """Cycle service as bands of position, fill rates and fear of bad luck as ways to solve.

    A service that cannot be had tonight is not given up: the plan comes as near as it can, and the notes name who lacks what.
    """
    problem = question.problem
    notes: list[str] = []
    alpha = question.targets.cycle_service
    if (alpha > 0).any():
        asked = cycle_service(problem, alpha, refill_days(question))
        problem = replace(problem, bands=asked.bands)
        lacking = asked.out_of_reach
        notes += [
            f"{each.sku} at {each.node} lacks {each.missing_units} units for its service: {each.because}"
            for each in lacking[:_NAMED]
        ]
        if len(lacking) > _NAMED:
            notes.append(f"{len(lacking) - _NAMED} more item-nodes cannot have the service asked for tonight")
    return Wished(problem, _ways(question, costs, solve), tuple(notes))


def _ways(question: Tonight, costs: Costs, solve: Solve) -> Callable[[Problem], tuple[Solution, tuple[str, ...]]]:
    tail = Tail(TAIL_LEVEL, costs.tail_weight_bp / 10_000)
    beta = question.targets.fill_rate

    def calmly(problem: Problem) -> Solution:
        return tail_averse(problem, tail, solve=solve).solution if tail.weight else solve(problem)

    def served(problem: Problem) -> tuple[Solution, tuple[str, ...]]:
        if not (beta > 0).any():
            return calmly(problem), ()
        found = fill_rate(problem, beta, solve=calmly)
        asked, missed = int((beta > 0).sum()), int(found.missed.sum())
        said = f"fill rates: {asked - missed} of {asked} item-nodes reach theirs"
        if missed:
            k, w = (int(i) for i in np.argwhere(found.missed)[0])
            said += f"; {problem.skus[k]} at {problem.nodes[w]} comes to {found.achieved[k, w]:.1%} of {beta[k, w]:.1%} asked"
        return found.solution, (said,)

    return served


def least_benefit(costs: Costs) -> Minimum:
    """What a line and a departure must bring to be worth anybody's time, as the company says."""
    return Minimum(
        line_cents=costs.line_benefit_cents,
        line_share=costs.line_benefit_bp / 10_000,
        departure_cents=costs.departure_benefit_cents,
    )


def refill_days(question: Tonight) -> NDArray[np.int64]:
    """Days until the next chance to refill an item at a node, after tonight's departures, ``(K, W)``; the horizon where none is known."""
    problem, calendar = question.problem, question.calendar
    until = np.full(problem.on_hand.shape, problem.days)
    for a, again in enumerate(calendar.again_on):
        node = int(problem.lanes.destination[a])
        days = (again - question.on).days + int(calendar.transit_days[a])
        until[:, node] = np.minimum(until[:, node], max(days, 1))
    return until
