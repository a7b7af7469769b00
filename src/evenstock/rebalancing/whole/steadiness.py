"""No ping-pong: what goes one way does not come back within the cooling-off days."""

from __future__ import annotations

import numpy as np

from evenstock.optimisation import Program
from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.horizon.question import Horizon
from evenstock.rebalancing.whole.decisions import Decisions


def do_not_send_back(program: Program, horizon: Horizon, decided: Decisions, cooling_off_days: int) -> None:
    """An item that leaves i for j on day t does not leave j for i from t less to t plus the cooling-off days."""
    lanes = horizon.problem.lanes
    pairs = {(int(i), int(j)) for i, j in zip(lanes.origin, lanes.destination, strict=True)}
    for i, j in sorted(pair for pair in pairs if pair[0] < pair[1] and pair[::-1] in pairs):
        there = _goes(program, horizon, decided, i, j)
        back = _goes(program, horizon, decided, j, i)
        for t in range(horizon.transfer_days):
            first, last = max(t - cooling_off_days, 0), min(t + cooling_off_days + 1, horizon.transfer_days)
            rows = program.rows("no ping-pong", (len(there), last - first), upper=1)
            program.put(rows, there[:, t][:, None])
            program.put(rows, back[:, first:last])


def _goes(program: Program, horizon: Horizon, decided: Decisions, i: int, j: int) -> Ints:
    """Whether each item leaves i for j on each day, ``(K, D)``."""
    lanes = horizon.problem.lanes
    ways = np.flatnonzero((lanes.origin == i) & (lanes.destination == j))
    goes = program.columns((len(decided.cases), horizon.transfer_days), upper=1, whole=True)
    shape = (len(decided.cases), len(ways), horizon.transfer_days)
    rows = program.rows("whether it goes", shape, upper=0)
    program.put(rows, decided.cases[:, ways, :])
    program.put(rows, goes[:, None, :], -decided.most_cases[:, ways, :].astype(np.float64))
    return goes
