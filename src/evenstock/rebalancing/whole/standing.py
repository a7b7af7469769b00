"""Where tonight's decisions leave each position, against the bands a company keeps."""

from __future__ import annotations

import numpy as np

from evenstock.optimisation import Program
from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.bands import NO_CEILING, Bands
from evenstock.rebalancing.horizon.question import Horizon
from evenstock.rebalancing.whole.decisions import Decisions


def pay_for_leaving_the_band(program: Program, horizon: Horizon, bands: Bands, decided: Decisions) -> None:
    """Position below the low end or above the high end costs by the unit."""
    position = _position_now(horizon)
    below = program.columns(position.shape, cost=bands.low_cents)
    above = program.columns(position.shape, cost=bands.high_cents)
    low = program.rows("low end of the band", position.shape, lower=bands.low_units - position)
    high = program.rows("high end of the band", position.shape, upper=bands.high_units - position)
    program.put(low, below)
    program.put(high, above, -1.0)
    _put_change(program, horizon, decided, low)
    _put_change(program, horizon, decided, high)


def accept_no_more_than(program: Program, horizon: Horizon, bands: Bands, decided: Decisions) -> Ints:
    """Nothing arrives above the acceptance limit; the rows that say so, for a planner to change."""
    problem, lanes, supplies = horizon.problem, horizon.problem.lanes, horizon.supplies
    position = _position_now(horizon)
    rows = []
    for k, w in np.argwhere(bands.most_units < NO_CEILING):
        room = int(bands.most_units[k, w]) - int(position[k, w])
        name = f"acceptance limit of {problem.skus[k]} at {problem.nodes[w]}"
        row = program.rows(name, (1,), upper=max(room, 0))
        comes = np.flatnonzero(lanes.destination == w)
        program.put(row, decided.cases[k, comes, 0], float(problem.case_units[k]))
        bought = np.flatnonzero(supplies.node == w)
        program.put(row, decided.multiples[k, bought, 0], supplies.multiple_units[k, bought].astype(np.float64))
        if room >= 0:
            leaves = np.flatnonzero(lanes.origin == w)
            program.put(row, decided.cases[k, leaves, 0], -float(problem.case_units[k]))
        rows.append(row)
    return np.concatenate(rows) if rows else np.zeros(0, np.int64)


def _position_now(horizon: Horizon) -> Ints:
    """Stock and what is under way, ``(K, W)``."""
    position: Ints = horizon.problem.on_hand + horizon.problem.arrivals.sum(axis=2, dtype=np.int64)
    return position


def _put_change(program: Program, horizon: Horizon, decided: Decisions, rows: Ints) -> None:
    """Tonight's transfers and purchases by what they change of each position, into rows ``(K, W)``."""
    problem, lanes, supplies = horizon.problem, horizon.problem.lanes, horizon.supplies
    case = problem.case_units.astype(np.float64)[:, None]
    program.put(rows[:, lanes.destination], decided.cases[:, :, 0], case)
    program.put(rows[:, lanes.origin], decided.cases[:, :, 0], -case)
    program.put(rows[:, supplies.node], decided.multiples[:, :, 0], supplies.multiple_units.astype(np.float64))
