"""One item's scenario program, for the few items whose flow may miss the optimum, and as what the flow is tested against.

First stage: cases on lanes tonight. Recourse on every path: what is sold, lost and left. No condition on lanes or days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.optimisation.program import Program, Status
from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.flow.kernel import FAR
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.unit_values.standing import stands

TIME_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    cases: Floats
    """By lane, ``(A,)``."""
    cents: float
    """Mean cost of shortage, storing, moving and standing outside a band, less the terminal worth."""


def best_cases(problem: Problem, item: int, case_cost: Ints, *, whole: bool = True) -> Optimum | None:
    """The best cases of one item at linear lane costs; None if HiGHS did not end at an optimum.

    Parameters
    ----------
    case_cost
        Of this item by lane ``(A,)``, in millicents times the number of paths; FAR where closed.
    whole
        Whole cases; without, the linear relaxation.
    """
    program, used, columns = _program(problem, item, case_cost, whole)
    found = program.solve(time_limit_s=TIME_LIMIT_S, absolute_gap=0.0)
    if found.status is not Status.OPTIMAL:
        return None
    cases = np.zeros(len(problem.lanes))
    cases[used] = found.values[columns]
    return Optimum(np.rint(cases) if whole else cases, found.objective)


def _program(problem: Problem, item: int, case_cost: Ints, whole: bool) -> tuple[Program, Ints, Ints]:
    """The program, the lanes that are open, and their columns; costs in cents."""
    lanes, nodes, paths, days = problem.lanes, len(problem.nodes), problem.path_count, problem.days
    used = np.flatnonzero(case_cost < FAR)
    origin, destination, lead = lanes.origin[used], lanes.destination[used], lanes.lead_days[used]
    movable, case, scale = problem.movable_cases[item], int(problem.case_units[item]), 1.0 / (1000.0 * paths)
    wanted = problem.paths[item].astype(np.float64)
    terminal = 1000.0 * problem.terminal[item]
    storing = np.repeat(problem.holding_millicents[item].astype(np.float64)[:, None], days, axis=1)
    storing[:, -1] -= terminal
    beyond = np.where(lead >= days, terminal[destination] * case * paths, 0.0)

    program = Program()
    moved = program.columns(len(used), cost=scale * (case_cost[used] - beyond), upper=movable[origin], whole=whole)
    left = program.columns((nodes, paths, days), cost=scale * storing[:, None, :])
    short = scale * 1000.0 * problem.shortage_cents[item][:, None, None]
    lost = program.columns((nodes, paths, days), cost=short, upper=wanted)

    out = program.rows("only what may leave", nodes, upper=movable)
    program.put(out[origin], moved)
    supply = problem.arrivals[item].astype(np.float64)[:, None, :] - wanted
    supply[:, :, 0] += problem.on_hand[item][:, None]
    balance = program.rows("what is left is what came less what was sold", supply.shape, lower=supply, upper=supply)
    program.put(balance, left)
    program.put(balance[..., 1:], left[..., :-1], -1.0)
    program.put(balance, lost, -1.0)
    seen = lead < days
    program.put(balance[origin, :, 0], moved[:, None], case)
    program.put(balance[destination[seen], :, lead[seen]], moved[seen][:, None], -case)
    if problem.bands is not None:
        _keep_bands(program, problem, item, origin, destination, moved)
    return program, used, moved


def _keep_bands(program: Program, problem: Problem, item: int, origin: Ints, destination: Ints, moved: Ints) -> None:
    """Cost of units below and above each node's band, and nothing arrives above its ceiling."""
    position, low, low_cost, high, high_cost, most = stands(problem, np.array([item]))[0].T
    nodes, case = len(position), int(problem.case_units[item])
    below = program.columns(nodes, cost=low_cost / 1000.0)
    above = program.columns(nodes, cost=high_cost / 1000.0)
    for name, column, sign, lower, upper in (
        ("units below the band", below, 1.0, low - position, np.inf),
        ("units above the band", above, -1.0, -np.inf, high - position),
        ("nothing arrives above the ceiling", None, 0.0, -np.inf, np.maximum(most - position, 0)),
    ):
        row = program.rows(name, nodes, lower=lower, upper=upper)
        program.put(row[destination], moved, case)
        program.put(row[origin], moved, -case)
        if column is not None:
            program.put(row, column, sign)
