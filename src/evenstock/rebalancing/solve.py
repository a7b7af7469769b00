"""Tonight's transfers: what should move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.conditions import conditions
from evenstock.rebalancing.exchange import improved
from evenstock.rebalancing.flow import flow, scaled
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.program import best_cases
from evenstock.rebalancing.slope_scaling import full_departures, slope_scaling
from evenstock.rebalancing.solution import Solution, settle
from evenstock.rebalancing.terms import pallets
from evenstock.rebalancing.trim import trimmed
from evenstock.rebalancing.unit_values import Map, UnitValues, unit_values

METHOD: Final = "evenstock"
PROGRAMS: Final = 8
"""Items a night that may go to the scenario program, a second or so each: those a detour could gain most for."""
_MOST_PASSES: Final = 4
_MOST_CLOSINGS: Final = 3
_MOST_TRIMS: Final = 5
_FILLING: Final = (0.0, 0.4, 0.7, 0.9)
"""Shares of the pallet freight asked when departures are filled up."""


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
    total, notes, now = Moves.none(), dict[str, None](), problem
    for _ in range(_MOST_PASSES):
        more, said = _one_pass(now, map)
        notes |= dict.fromkeys(said)
        if len(more) == 0:
            break
        total += more
        now = problem.after(total)
    else:
        notes[f"after {_MOST_PASSES} passes planning again would still move something"] = None
    solution = settle(problem, total, method=METHOD, notes=tuple(notes), seed=seed)
    if solution.net_cents > 0 or len(total) == 0:
        return solution
    return settle(problem, Moves.none(), method=METHOD, notes=tuple(notes), seed=seed)


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    cases: Ints
    net_cents: float
    lane_net_cents: Floats


def _priced(problem: Problem, cases: Ints) -> _Plan:
    solution = settle(problem, Moves.from_table(cases * problem.case_units[:, None]), method=METHOD)
    by_lane = np.bincount(solution.moves.lane, weights=solution.line_net_cents, minlength=len(problem.lanes))
    return _Plan(cases, solution.net_cents, by_lane.astype(np.float64))


def _one_pass(problem: Problem, map: Map) -> tuple[Moves, list[str]]:  # noqa: A002
    """Slope scaling over lanes, exact improvement by item, then close lanes that do not pay."""
    linear = full_departures(problem)
    values = unit_values(problem, scaled(problem, linear), map)
    if values.gains.size == 0:
        return Moves.none(), []
    millicents = 1000.0 * problem.path_count

    def ask(cents_per_unit: Floats) -> tuple[Ints, Floats]:
        cost = scaled(problem, cents_per_unit)
        cases, net = flow(problem, values, cost)
        return cases, (net + (cases * np.where(cases > 0, cost, 0)).sum(axis=1)) / millicents

    start = slope_scaling(problem, linear, ask)
    surcharge = start.surcharge
    best = _priced(problem, np.zeros_like(start.cases))
    notes: list[str] = []
    for closing in range(1 + _MOST_CLOSINGS):
        cost = scaled(problem, linear + np.outer(problem.load, surcharge))
        cases = start.cases if closing == 0 else flow(problem, values, cost)[0]
        better, said = _improved(problem, values, cost, cases)
        found = max(_priced(problem, cases), _priced(problem, better), key=_net)
        if found.net_cents > best.net_cents:
            best, notes = found, said
        loses = found.lane_net_cents < 0
        if not loses.any():
            break
        surcharge = np.where(loses, np.inf, surcharge)
    best, said = _programs(problem, values, linear, surcharge, best)
    plan = _trimmed(problem, Moves.from_table(best.cases * problem.case_units[:, None]))
    free = _trimmed(problem, Moves.from_table(ask(linear)[0] * problem.case_units[:, None]))
    plan = max(plan, free, key=_solution_net)
    return _filled(problem, values, linear, plan).moves, notes + said


def _filled(problem: Problem, values: UnitValues, linear: Floats, plan: Solution) -> Solution:
    """What the plan's departures carry if only a share of the pallet freight is asked of each unit, where that is better.

    A pallet that is paid for anyway carries the next case for nothing; what begins a pallet too many is trimmed after.
    """
    used = np.bincount(plan.moves.lane, minlength=len(problem.lanes)) > 0
    if not used.any():
        return plan
    best, flat = plan, pallets.slope(problem)
    best_cost, best_cases = None, None
    for share in _FILLING:
        cost = scaled(problem, np.where(used, linear - (1 - share) * flat, np.inf))
        cases, _ = flow(problem, values, cost)
        fuller = _trimmed(problem, Moves.from_table(cases * problem.case_units[:, None]))
        if best_cost is None or fuller.net_cents > best.net_cents:
            best, best_cost, best_cases = max(best, fuller, key=_solution_net), cost, cases
    if best_cost is not None and best_cases is not None:
        cases, _ = _improved(problem, values, best_cost, best_cases)
        best = max(best, _trimmed(problem, Moves.from_table(cases * problem.case_units[:, None])), key=_solution_net)
    return best


def _solution_net(solution: Solution) -> int:
    return solution.net_cents


def _trimmed(problem: Problem, moves: Moves) -> Solution:
    best = settle(problem, moves, method=METHOD)
    for _ in range(_MOST_TRIMS):
        less = settle(problem, trimmed(problem, best), method=METHOD)
        if less.net_cents <= best.net_cents:
            break
        best = less
    return best


def _net(plan: _Plan) -> float:
    return plan.net_cents


def _improved(problem: Problem, values: UnitValues, cost: Ints, cases: Ints) -> tuple[Ints, list[str]]:
    """The flow improved where its conditions do not hold, and how many items that was."""
    active = np.diff(values.gain_at[:: len(values.sinks)]) > 0
    wanted = active & ~conditions(problem, values, cost).exact
    better = improved(problem, values, cost, cases, wanted)[0] if wanted.any() else cases
    note = (
        f"{int((active & ~wanted).sum())} of {int(active.sum())} items with a gainful move are at the optimum for their lane "
        f"costs; {int(wanted.sum())} were improved case by case, because arrivals of several days or a refilled node compete"
    )
    return better, [note]


def _programs(
    problem: Problem, values: UnitValues, linear: Floats, surcharge: Floats, plan: _Plan
) -> tuple[_Plan, list[str]]:
    """Items whose lanes make a detour cheaper than going straight: the scenario program, kept where it is worth more."""
    held = conditions(problem, values, scaled(problem, linear))
    detours = np.flatnonzero((held.cheaper > 0) | ~held.concave)
    if len(detours) == 0:
        return plan, []
    taken = detours[np.argsort(-held.cheaper[detours], kind="stable")][:PROGRAMS]
    cost = scaled(problem, linear + np.outer(problem.load, surcharge))
    cases, unfinished = plan.cases.copy(), []
    for k in taken:
        found = best_cases(problem, int(k), cost[k])
        if found is None:
            unfinished.append(str(problem.skus[int(k)]))
        else:
            cases[k] = found.astype(np.int64)
    notes = [f"a detour may cost less than going straight; solved as a scenario program: {_names(problem, taken)}"]
    if unfinished:
        notes.append(f"the scenario program did not end in time for {', '.join(unfinished)}; their flow stands")
    if len(detours) > len(taken):
        notes.append(f"{len(detours) - len(taken)} more items may gain by a detour and were improved case by case only")
    return max(plan, _priced(problem, cases), key=_net), notes


def _names(problem: Problem, items: Ints) -> str:
    return ", ".join(str(problem.skus[int(k)]) for k in items)
