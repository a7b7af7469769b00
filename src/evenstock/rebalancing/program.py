"""One item's scenario program in HiGHS, for the few items whose flow may miss the optimum.

First stage: cases on lanes tonight. Recourse on every path: what is sold, lost and left. No condition on lanes or days.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.flow_kernel import FAR
from evenstock.rebalancing.problem import Problem

TIME_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    cases: Floats
    """By lane, ``(A,)``."""
    cents: float
    """Mean cost of shortage, storing and moving less the terminal worth."""


def best_cases(problem: Problem, item: int, case_cost: Ints, *, whole: bool = True) -> Optimum | None:
    """The best cases of one item at linear lane costs; None if HiGHS did not end at an optimum.

    Parameters
    ----------
    case_cost
        Of this item by lane ``(A,)``, in millicents times the number of paths; FAR where closed.
    whole
        Whole cases; without, the linear relaxation.
    """
    lp = _program(problem, item, case_cost, whole)
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("time_limit", TIME_LIMIT_S)
    solver.setOptionValue("mip_rel_gap", 1e-6)
    solver.passModel(lp)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    cases = np.zeros(len(problem.lanes))
    open_lanes = np.flatnonzero(case_cost < FAR)
    cases[open_lanes] = np.asarray(solver.getSolution().col_value)[: len(open_lanes)]
    return Optimum(np.rint(cases) if whole else cases, float(solver.getObjectiveValue()))


def _program(problem: Problem, item: int, case_cost: Ints, whole: bool) -> highspy.HighsLp:
    """Columns: cases by open lane, then stock and lost by (node, path, day). Rows: what may leave, then balances."""
    lanes, nodes, paths, days = problem.lanes, len(problem.nodes), problem.path_count, problem.days
    used = np.flatnonzero(case_cost < FAR)
    origin, destination, lead = lanes.origin[used], lanes.destination[used], lanes.lead_days[used]
    cells, moves = nodes * paths * days, len(used)
    case = float(problem.case_units[item])
    cell = np.arange(cells).reshape(nodes, paths, days)

    rows, columns, entries = [origin], [np.arange(moves)], [np.ones(moves)]

    def put(row: Ints, column: Ints, value: float) -> None:
        rows.append(nodes + row.ravel())
        columns.append(column.ravel())
        entries.append(np.full(row.size, value))

    put(cell, moves + cell, 1.0)
    put(cell[..., 1:], moves + cell[..., :-1], -1.0)
    put(cell, moves + cells + cell, -1.0)
    put(cell[origin, :, 0], np.repeat(np.arange(moves), paths), case)
    seen = np.flatnonzero(lead < days)
    put(cell[destination[seen], :, lead[seen]], np.repeat(seen, paths), -case)

    demand = problem.paths[item].astype(np.float64)
    supply = problem.arrivals[item].astype(np.float64)[:, None, :] - demand
    supply[:, :, 0] += problem.on_hand[item][:, None]
    millicents = 1000.0 * problem.shortage_cents[item]
    terminal = 1000.0 * problem.terminal[item]
    stored = np.full((nodes, paths, days), float(problem.holding_millicents[item]))
    stored[:, :, -1] -= terminal[:, None]
    beyond = np.where(lead >= days, terminal[destination] * case * paths, 0.0)

    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = moves + 2 * cells, nodes + cells
    scale = 1.0 / (1000.0 * paths)
    lp.col_cost_ = scale * np.concatenate(
        [case_cost[used] - beyond, stored.ravel(), np.broadcast_to(millicents[:, None, None], stored.shape).ravel()]
    )
    lp.col_lower_ = np.zeros(lp.num_col_)
    most = problem.movable_cases[item].astype(np.float64)
    lp.col_upper_ = np.concatenate([most[origin], np.full(cells, np.inf), demand.ravel()])
    lp.row_lower_ = np.concatenate([np.full(nodes, -np.inf), supply.ravel()])
    lp.row_upper_ = np.concatenate([most, supply.ravel()])
    _set_matrix(lp, np.concatenate(rows), np.concatenate(columns), np.concatenate(entries))
    if whole:
        lp.integrality_ = [highspy.HighsVarType.kInteger] * moves + [highspy.HighsVarType.kContinuous] * (2 * cells)
    return lp


def _set_matrix(lp: highspy.HighsLp, rows: Ints, columns: Ints, entries: Floats) -> None:
    order = np.lexsort((rows, columns))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.searchsorted(columns[order], np.arange(lp.num_col_ + 1)).astype(np.int32)
    lp.a_matrix_.index_ = rows[order].astype(np.int32)
    lp.a_matrix_.value_ = entries[order]
