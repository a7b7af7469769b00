"""What all items share: docks, room, money. Every function gives the rows it adds, for a planner to change."""

from __future__ import annotations

import numpy as np

from evenstock.optimisation import Program
from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.horizon.question import Horizon
from evenstock.rebalancing.limits import NO_LIMIT, Limits
from evenstock.rebalancing.terms import handling, unit_freight
from evenstock.rebalancing.whole.decisions import Decisions

NO_ROWS = np.zeros(0, np.int64)


def pick_within_the_dock(program: Program, horizon: Horizon, limits: Limits, decided: Decisions) -> Ints:
    """A node picks only so many units for transfers on a day."""
    problem, lanes = horizon.problem, horizon.problem.lanes
    rows = []
    for w in np.flatnonzero(limits.out_units < NO_LIMIT).tolist():
        out = np.flatnonzero(lanes.origin == w)
        name = f"picking at {problem.nodes[w]}"
        row = program.rows(name, (horizon.transfer_days,), upper=float(limits.out_units[w]))
        units = problem.case_units.astype(np.float64)[:, None, None]
        program.put(row, decided.cases[:, out, :], units)
        rows.append(row)
    return _joined(rows)


def receive_within_the_dock(program: Program, horizon: Horizon, limits: Limits, decided: Decisions) -> Ints:
    """A node receives only so many units on a day, transferred or bought, beside what is on its way already."""
    problem = horizon.problem
    rows = []
    for w, t in np.argwhere(limits.in_units < NO_LIMIT):
        name = f"receiving at {problem.nodes[w]} on day {t}"
        row = program.rows(name, (1,), upper=float(limits.in_units[w, t]))
        _put_arrivals(program, horizon, decided, row, int(w), (int(t), int(t)), np.ones(len(problem.skus)))
        rows.append(row)
    return _joined(rows)


def stay_within_the_room(program: Program, horizon: Horizon, limits: Limits, decided: Decisions) -> Ints:
    """By the end of a day only so many pallets have come, bought or moved, beyond those that have been moved away."""
    problem, lanes = horizon.problem, horizon.problem.lanes
    share = problem.pallet_share
    rows = []
    for w, t in np.argwhere(np.isfinite(limits.room_pallets)):
        name = f"room at {problem.nodes[w]} on day {t}"
        row = program.rows(name, (1,), upper=float(limits.room_pallets[w, t]))
        _put_arrivals(program, horizon, decided, row, int(w), (0, int(t)), share)
        gone = decided.cases[:, lanes.origin == w, : t + 1]
        program.put(row, gone, -(share * problem.case_units)[:, None, None])
        rows.append(row)
    return _joined(rows)


def stay_within_the_budget(program: Program, horizon: Horizon, limits: Limits, decided: Decisions) -> Ints:
    """Freight and handling of all transfers cost only so much; interest is no part of it."""
    if limits.budget_cents >= NO_LIMIT:
        return NO_ROWS
    problem, lanes = horizon.problem, horizon.problem.lanes
    row = program.rows("budget for transfers", (1,), upper=float(limits.budget_cents))
    per_case = (unit_freight.slope(problem) + handling.slope(problem)) * problem.case_units[:, None]
    program.put(row, decided.cases, per_case[:, :, None])
    for columns, cents in (
        (decided.pallets, lanes.pallet_cents),
        (decided.trucks, lanes.truck_cents),
        (decided.leaves, lanes.fixed_cents),
    ):
        assert cents is not None
        program.put(row, columns, cents.astype(np.float64)[:, None])
    return row


def _put_arrivals(
    program: Program,
    horizon: Horizon,
    decided: Decisions,
    row: Ints,
    node: int,
    between: tuple[int, int],
    weight: Floats,
) -> None:
    """Add `weight` ``(K,)`` for each unit that reaches the node on these days."""
    problem, lanes, supplies = horizon.problem, horizon.problem.lanes, horizon.supplies
    first, last = between
    for a in np.flatnonzero(lanes.destination == node):
        leaves = np.arange(horizon.transfer_days)
        seen = leaves[(leaves + horizon.transit_days[a] >= first) & (leaves + horizon.transit_days[a] <= last)]
        program.put(row, decided.cases[:, a, seen], (weight * problem.case_units)[:, None])
    for v in np.flatnonzero(supplies.node == node):
        ordered = np.arange(problem.days)
        seen = ordered[(ordered + supplies.lead_days[v] >= first) & (ordered + supplies.lead_days[v] <= last)]
        program.put(row, decided.multiples[:, v, seen], (weight * supplies.multiple_units[:, v])[:, None])


def _joined(rows: list[Ints]) -> Ints:
    return np.concatenate(rows) if rows else NO_ROWS
