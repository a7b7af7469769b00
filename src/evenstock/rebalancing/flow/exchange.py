"""Improves the flow where arrivals of several days meet or one node may lend to another: every change simulated.

The flow counts cases in the order they arrive, which may understate them. From there single cases are added, dropped,
sent elsewhere, taken from elsewhere, sent by a slower or faster lane, or lent (a near node sends at once and a far one
refills it), always the change that gains most on all paths, until none gains. The result is never worth less than the
flow; it is a local optimum, not a proof.
"""

from __future__ import annotations

from evenstock.rebalancing.arrays import Bools, Ints
from evenstock.rebalancing.flow.exchange_kernel import exchange
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.unit_values.standing import stands
from evenstock.rebalancing.unit_values.tables import UnitValues

MOST_STEPS = 2_000
"""Changes of one case for one item; in practice a few."""


def improved(problem: Problem, values: UnitValues, case_cost: Ints, cases: Ints, wanted: Bools) -> tuple[Ints, Ints]:
    """Better cases ``(K, A)`` for the `wanted` items, and the number of changes by item."""
    better = cases.copy()
    steps = exchange(
        problem.paths,
        problem.on_hand,
        problem.arrivals,
        problem.movable_cases,
        problem.case_units,
        1000 * problem.shortage_cents,
        problem.holding_millicents,
        1000 * problem.terminal,
        stands(problem),
        values.sinks.node,
        values.sinks.lead,
        values.sinks.first,
        problem.lanes.origin,
        values.sinks.of_lane,
        case_cost,
        values.gain_at,
        wanted,
        better,
        MOST_STEPS,
    )
    return better, steps
