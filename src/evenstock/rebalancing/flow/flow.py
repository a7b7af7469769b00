"""Which cases go where at given lane costs: an integer min-cost flow for each item.

Exact where each node's arrivals fall on one day and a detour through a third node never pays (`conditions`): then every
node has one concave function of what it gives or gets, and successive shortest paths reach the optimum. Where several
days of arrival meet at one node, cases are counted in the order they arrive, which never overstates their value; what
that leaves is found by `exchange`, which simulates.
"""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.flow.kernel import FAR, ship, table_worth
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.unit_values.standing import stands
from evenstock.rebalancing.unit_values.tables import UnitValues


def scaled(problem: Problem, cents_per_unit: Floats) -> Ints:
    """Cost of a case by item and lane in the tables' money: millicents times the number of paths; FAR where closed."""
    cost = np.rint(cents_per_unit * (1000.0 * problem.path_count * problem.case_units)[:, None])
    return np.where(problem.usable & np.isfinite(cost), np.nan_to_num(cost, posinf=0.0), float(FAR)).astype(np.int64)


def unsold(problem: Problem, values: UnitValues) -> Ints:
    """Worth of a case that nobody buys, by item and sink, in the tables' money; outside a band, of the worst case."""
    kinds = values.sinks
    days = problem.days - kinds.lead
    each = 1000 * problem.terminal[:, kinds.node] - problem.holding_millicents[:, kinds.node] * days[None, :]
    each *= problem.case_units[:, None]
    if problem.bands is not None:
        each += _farthest(problem)[:, kinds.node]
    return problem.path_count * each


def _farthest(problem: Problem) -> Ints:
    """What the last case a node could be sent changes of the cost of its band, in millicents, ``(K, W)``."""
    position, low, low_cost, high, high_cost, _ = np.moveaxis(stands(problem), 2, 0)
    far = position + (problem.movable_cases.sum(axis=1) * problem.case_units)[:, None]

    def worth(units: Ints) -> Ints:
        outside: Ints = -low_cost * np.maximum(low - units, 0) - high_cost * np.maximum(units - high, 0)
        return outside

    last: Ints = worth(far) - worth(far - problem.case_units[:, None])
    return last


def flow(problem: Problem, values: UnitValues, case_cost: Ints) -> tuple[Ints, Ints]:
    """Cases by item and lane ``(K, A)``, and by item the gain less cost ``(K,)`` in the tables' money."""
    cases, net = ship(
        values.gain_at,
        values.gains,
        values.loss_at,
        values.losses,
        unsold(problem, values),
        values.sinks.node,
        values.sinks.first,
        problem.lanes.origin,
        values.sinks.of_lane,
        case_cost,
        len(problem.nodes),
    )
    return cases, net


def estimated(problem: Problem, values: UnitValues, cases: Ints) -> Floats:
    """What the flow thinks cases are worth before cost, in cents by item and lane ``(K, A)``: never more than they are."""
    worth = table_worth(
        values.gain_at,
        values.gains,
        values.loss_at,
        values.losses,
        unsold(problem, values),
        values.sinks.node,
        values.sinks.first,
        problem.lanes.origin,
        values.sinks.of_lane,
        cases,
    )
    return worth / (1000.0 * problem.path_count)
