"""Service to keep whatever it costs: by cycle, and by units served at once."""

from __future__ import annotations

import numpy as np

from evenstock.optimisation import Program
from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.horizon.question import Horizon
from evenstock.rebalancing.whole.decisions import Decisions
from evenstock.rebalancing.whole.recourse import Recourse


def cover_the_cycle(program: Program, horizon: Horizon, target: Floats, decided: Decisions) -> Ints:
    r"""Net supply up to each day is at least the :math:`\alpha`-quantile of the demand up to it (Type 1).

    Before goods can arrive, and where none can, it only forbids giving away what it needs. Each day's chance is kept by
    itself, and what may expire counts as supply.

    Parameters
    ----------
    target
        :math:`\alpha` by item and node, ``(K, W)``; 0 where nothing is asked.

    Returns
    -------
    Numbers of the rows, for a planner to change.
    """
    problem = horizon.problem
    asked = np.argwhere(target > 0)
    supply = _supply_now(horizon)
    arrives = _can_arrive(horizon, decided)
    rows = []
    for k, w in asked:
        wanted = np.sort(np.cumsum(problem.paths[k, w], axis=1, dtype=np.int64), axis=0)
        least = wanted[int(np.ceil(target[k, w] * problem.path_count - 1e-9)) - 1]
        can = np.logical_or.accumulate(arrives[k, w])
        least = np.where(can, least, np.minimum(least, supply[k, w]))
        days = np.arange(problem.days)
        name = f"cycle service of {problem.skus[k]} at {problem.nodes[w]}"
        row = program.rows(name, (len(days),), lower=least - supply[k, w])
        _put_net_supply(program, horizon, decided, row, (int(k), int(w)), days)
        rows.append(row)
    return np.concatenate(rows) if rows else np.zeros(0, np.int64)


def serve_the_share(program: Program, horizon: Horizon, target: Floats, happens: Recourse) -> Ints:
    r"""Expected units not served at once are at most :math:`1-\beta` of those wanted (Type 2); rows as above."""
    problem = horizon.problem
    rows = []
    for k, w in np.argwhere(target > 0):
        wanted = float(problem.paths[k, w].sum(dtype=np.int64))
        name = f"fill rate of {problem.skus[k]} at {problem.nodes[w]}"
        row = program.rows(name, (1,), upper=(1 - float(target[k, w])) * wanted)
        late = happens.short[k, w]
        if horizon.backorder_millicents is not None:
            late = _served_late(program, horizon, happens, int(k), int(w))
        program.put(row, late)
        rows.append(row)
    return np.concatenate(rows) if rows else np.zeros(0, np.int64)


def _served_late(program: Program, horizon: Horizon, happens: Recourse, k: int, w: int) -> Ints:
    """Units of each day's demand that wait, ``(S, T)``: the smaller of that demand and of all that waits in the evening."""
    wanted = horizon.problem.paths[k, w].astype(np.float64)
    most = np.cumsum(wanted, axis=1)
    late = program.columns(wanted.shape, upper=wanted)
    all_late = program.columns(wanted.shape, upper=1, whole=True)
    demand = program.rows("all of the day waits", wanted.shape, lower=0)
    program.put(demand, late)
    program.put(demand, all_late, -wanted)
    backlog = program.rows("all that waits is of the day", wanted.shape, lower=0)
    program.put(backlog, late)
    program.put(backlog, happens.short[k, w], -1.0)
    program.put(backlog, all_late, most)
    return late


def _supply_now(horizon: Horizon) -> Ints:
    """Stock and arrivals up to each day if nothing is moved or bought, ``(K, W, T)``."""
    problem = horizon.problem
    supply: Ints = problem.on_hand[:, :, None] + np.cumsum(problem.arrivals, axis=2, dtype=np.int64)
    return supply


def _can_arrive(horizon: Horizon, decided: Decisions) -> Bools:
    """Days on which something moved or bought may arrive, ``(K, W, T)``."""
    problem, lanes, supplies = horizon.problem, horizon.problem.lanes, horizon.supplies
    can = np.zeros(problem.arrivals.shape, np.bool_)
    for a in range(len(lanes)):
        for t in range(horizon.transfer_days):
            day = t + int(horizon.transit_days[a])
            if day < problem.days:
                can[:, lanes.destination[a], day] |= decided.most_cases[:, a, t] > 0
    for v in range(len(supplies)):
        for t in range(problem.days - int(supplies.lead_days[v])):
            day = t + int(supplies.lead_days[v])
            can[:, supplies.node[v], day] |= decided.most_bought[:, v, t] > 0
    return can


def _put_net_supply(
    program: Program, horizon: Horizon, decided: Decisions, rows: Ints, place: tuple[int, int], days: Ints
) -> None:
    """What decisions add to the supply of an item and node up to each of these days."""
    problem, lanes, supplies = horizon.problem, horizon.problem.lanes, horizon.supplies
    k, w = place
    case = float(problem.case_units[k])
    for t in range(horizon.transfer_days):
        gone = decided.cases[k, lanes.origin == w, t]
        program.put(rows[days >= t][:, None], gone, -case)
        for a in np.flatnonzero(lanes.destination == w):
            program.put(rows[days >= t + horizon.transit_days[a]], decided.cases[k, a, t], case)
    for v in np.flatnonzero(supplies.node == w):
        for t in range(problem.days):
            bought = decided.multiples[k, v, t]
            program.put(rows[days >= t + supplies.lead_days[v]], bought, float(supplies.multiple_units[k, v]))
