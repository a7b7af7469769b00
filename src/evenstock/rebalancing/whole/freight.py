"""What a departure takes: whole cases of what is there, on pallets, in trucks."""

from __future__ import annotations

import numpy as np

from evenstock.optimisation import Program
from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.horizon.question import Horizon
from evenstock.rebalancing.whole.decisions import Decisions
from evenstock.rebalancing.whole.goods import Goods
from evenstock.rebalancing.whole.recourse import Recourse


def move_whole_cases(program: Program, horizon: Horizon, stocked: Goods, decided: Decisions) -> None:
    """Units moved, whenever they expire, make up whole cases."""
    case = horizon.problem.case_units.astype(np.float64)[:, None, None]
    rows = program.rows("whole cases", decided.cases.shape, lower=0, upper=0)
    program.put(rows, decided.cases, np.broadcast_to(case, decided.cases.shape))
    program.put(rows[stocked.item], decided.moved, -1.0)


def move_only_what_is_there(program: Program, horizon: Horizon, stocked: Goods, decided: Decisions) -> None:
    """Tonight's transfers leave from what is on hand, above the floor."""
    problem, lanes = horizon.problem, horizon.problem.lanes
    free = np.maximum(problem.on_hand - problem.floor, 0)
    above = program.rows("only what may leave", free.shape, upper=free)
    there = program.rows("only what is there", stocked.on_hand.shape, upper=stocked.on_hand)
    for a in range(len(lanes)):
        origin = int(lanes.origin[a])
        program.put(above[stocked.item, origin], decided.moved[:, a, 0])
        program.put(there[:, origin], decided.moved[:, a, 0])


def keep_the_floor_later(
    program: Program, horizon: Horizon, stocked: Goods, decided: Decisions, happens: Recourse
) -> None:
    """On later days a transfer leaves only if the floor remains on every path; demand alone may eat into it."""
    problem, lanes = horizon.problem, horizon.problem.lanes
    for t in range(1, horizon.transfer_days):
        for k, w in np.argwhere(problem.floor > 0):
            out = np.flatnonzero((lanes.origin == w) & (decided.most_cases[k, :, t] > 0))
            if out.size == 0:
                continue
            gives = program.columns((), upper=1, whole=True)
            some = program.rows("what leaves is decided", (len(out),), upper=0)
            program.put(some, decided.cases[k, out, t])
            program.put(some, gives, -decided.most_cases[k, out, t].astype(np.float64))
            remains = program.rows(f"floor of {problem.skus[k]} at {problem.nodes[w]}", (problem.path_count,), lower=0)
            for g in np.flatnonzero(stocked.item == k):
                program.put(remains, happens.stock[g, w, :, t])
                program.put(remains, happens.sold[g, w, :, t])
                if stocked.last_day[g] == t:
                    program.put(remains, happens.expired[g, w])
            program.put(remains, gives, -float(problem.floor[k, w]))


def pay_for_departures(program: Program, horizon: Horizon, decided: Decisions) -> None:
    """Nothing goes without a departure."""
    moves = decided.cases.shape
    rows = program.rows("a departure carries it", moves, upper=0)
    program.put(rows, decided.cases)
    program.put(rows, np.broadcast_to(decided.leaves, moves), -decided.most_cases.astype(np.float64))
    program.put(_pallet_rows(program, horizon, decided), decided.pallets, -1.0)


def _pallet_rows(program: Program, horizon: Horizon, decided: Decisions) -> Ints:
    """Rows in which loads are less than begun pallets, ``(A, D)``."""
    problem = horizon.problem
    rows = program.rows("on pallets", decided.pallets.shape, upper=0)
    load = (problem.pallet_share * problem.case_units)[:, None, None]
    program.put(np.broadcast_to(rows, decided.cases.shape), decided.cases, load)
    return rows


def load_trucks(program: Program, horizon: Horizon, decided: Decisions) -> Ints:
    """Pallets go in begun trucks, and there are only so many; numbers of the rows that say so, for a planner to change."""
    problem, lanes = horizon.problem, horizon.problem.lanes
    assert lanes.truck_pallets is not None
    assert lanes.trucks is not None
    counted = np.flatnonzero(lanes.truck_pallets > 0)
    shape = (len(counted), horizon.transfer_days)
    rows = program.rows("pallets in trucks", shape, upper=0)
    program.put(rows, decided.pallets[counted])
    program.put(rows, decided.trucks[counted], np.broadcast_to(-lanes.truck_pallets[counted][:, None], shape))
    limited = counted[lanes.trucks[counted] > 0]
    names = [f"trucks from {problem.nodes[lanes.origin[a]]} to {problem.nodes[lanes.destination[a]]}" for a in limited]
    names = [name for name in names for _ in range(horizon.transfer_days)]
    few = program.rows(names, (len(limited), horizon.transfer_days), upper=lanes.trucks[limited][:, None])
    program.put(few, decided.trucks[limited])
    return few
