"""From tonight's question to what goes, what waits, what is bought, and what others would have done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evenstock import registry
from evenstock.domain import Costs, LotId, Supply
from evenstock.operations.tonight.question import Tonight
from evenstock.operations.tonight.steady import steady
from evenstock.operations.tonight.weeks import Weeks, learned_days, lots_of, plan_the_weeks, together
from evenstock.operations.tonight.wishes import least_benefit, wished
from evenstock.rebalancing.arrays import Demand
from evenstock.rebalancing.departures.departures import Effort
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.solve import solve
from evenstock.rebalancing.waiting.hold_back import Waiting, hold_back
from evenstock.rebalancing.waiting.settled import Cut, until_nothing_goes
from evenstock.rebalancing.worth.solution import Solution, settle
from evenstock.rebalancing.worth_doing.compare import Comparison, compare
from evenstock.rebalancing.worth_doing.curve import Curve, do_nothing_curve
from evenstock.rebalancing.worth_doing.minimum import above_minimum

OURS: Final = "evenstock"
"""The optimiser, beside the rules people use."""
_NAMED: Final = 5
OFTEN: Final = Effort(sweeps=40, rounds=5, programs=0)
"""Where fill rates or fear of the tail make one night many plans, each is looked for less hard."""


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """Tonight's answer."""

    problem: Problem
    """As it was asked in the end: with service, steadiness and what else was added to the question."""
    solution: Solution
    """What goes tonight."""
    solved: Solution
    """What the solver found, before lines were left to wait or left out."""
    held: tuple[Waiting, ...]
    weeks: Weeks | None
    """The coming weeks of items that are bought or spoil; None where there are none."""
    lots: tuple[LotId, ...]
    """Names of the lots in the order of the weeks' question."""
    comparison: Comparison
    curve: Curve
    notes: tuple[str, ...]


def methods() -> list[str]:
    """Ours, and the rules people use."""
    return [OURS, *registry.members("evenstock.rebalancing.heuristics")]


def decide(
    question: Tonight,
    costs: Costs,
    supplies: Sequence[Supply] = (),
    *,
    method: str,
    seed: int,
    effort: Effort | None = None,
    fresh: Demand | None = None,
) -> Decided:
    """Tonight's answer by any method; a rule that people use is taken as it is.

    Parameters
    ----------
    fresh : demand that no plan has seen, ``(K, W, S, T)``: ours and the rules are played on it with orders routed around
        empty nodes.

    Raises
    ------
    ValueError
        If there is no such method.
    """
    if method not in methods():
        raise ValueError(f"there is no method {method!r}; choose one of {', '.join(methods())}")
    if method != OURS:
        rule = registry.members("evenstock.rebalancing.heuristics")[method]
        said: Solution = rule.solve(question.problem)
        return _told(question, question.problem, said, said, (), (), None, fresh)
    often = costs.tail_weight_bp > 0 or bool((question.targets.fill_rate > 0).any())
    spent = effort or (OFTEN if often else Effort())
    wishes = wished(question, costs, lambda problem: solve(problem, seed=seed, effort=spent))
    problem, calmed = steady(wishes.problem, question.transfers, question.on, costs)
    solved, reached = wishes.solve(problem)
    spoiling = lots_of(question)
    learned = learned_days(question.happened.lead_times, "q50")
    weeks = plan_the_weeks(question, problem, supplies, spoiling[0] if spoiling else None, solved, learned)
    notes = wishes.notes + calmed + reached
    goes = solved
    if weeks is not None:
        goes = settle(problem, together(solved, weeks), method=OURS, notes=solved.notes, seed=seed)
        notes += (
            f"{len(weeks.items)} items that are bought or spoil: transfers and purchases planned together over {problem.days} days",
            *weeks.schedule.notes[:_NAMED],
        )
    goes, held = until_nothing_goes(
        problem,
        goes,
        cut=_worth_sending(question, costs),
        again=lambda left: _without(wishes.solve(left)[0], left, weeks),
    )
    goes = replace(goes, bound_cents=solved.bound_cents, prices=solved.prices)
    return _told(question, problem, goes, solved, held, notes, weeks, fresh, spoiling[1] if spoiling else ())


def _worth_sending(question: Tonight, costs: Costs) -> Cut:
    """What of a plan goes: neither worth more later, nor worth too little for anybody's time."""
    minimum = least_benefit(costs)

    def cut(problem: Problem, found: Solution) -> tuple[Solution, tuple[Waiting, ...]]:
        goes, held = hold_back(problem, found, next_departure_days=question.calendar.later_days)
        return above_minimum(problem, goes, minimum), held

    return cut


def _without(found: Solution, problem: Problem, weeks: Weeks | None) -> Solution:
    """The plan without the items whose coming weeks have been decided."""
    if weeks is None or not np.isin(found.moves.item, weeks.items).any():
        return found
    rest = found.moves.only(~np.isin(found.moves.item, weeks.items))
    return settle(problem, rest, method=found.method, notes=found.notes, seed=found.seed)


def _told(
    question: Tonight,
    problem: Problem,
    goes: Solution,
    solved: Solution,
    held: Sequence[Waiting],
    notes: tuple[str, ...],
    weeks: Weeks | None,
    fresh: Demand | None,
    lots: tuple[LotId, ...] = (),
) -> Decided:
    return Decided(
        problem=problem,
        solution=goes,
        solved=solved,
        held=tuple(held),
        weeks=weeks,
        lots=lots,
        comparison=compare(problem, goes, fresh=fresh, rerouting=question.routes),
        curve=do_nothing_curve(problem, goes if len(goes.moves) else Moves.none()),
        notes=notes + goes.notes,
    )
