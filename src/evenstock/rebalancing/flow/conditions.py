"""When the flow is the optimum, and what to do where it may not be.

One concave function of what a node gives or gets, and lanes on which no detour pays, make successive shortest paths exact.
Concavity is checked value by value. A detour through a third node can pay because the direct lane costs more or is
missing (the lane costs are not metric), or because the third node is nearer in days and can be refilled. Several days of
arrival at one node make its value a joint function of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Bools, Ints
from evenstock.rebalancing.flow.conditions_kernel import find_detours
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.unit_values.tables import UnitValues


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """By item."""

    concave: Bools
    mixed: Bools
    """Arrivals of several days compete at a node."""
    faster: Bools
    """Refilling a near node may pay because it is nearer in days."""
    cheaper: Ints
    """What a detour cheaper than the direct lane (or without one) could at most bring for one case, in the tables' money."""

    @property
    def exact(self) -> Bools:
        """Where the flow is the optimum at the given lane costs."""
        exact: Bools = self.concave & ~self.mixed & ~self.faster & (self.cheaper == 0)
        return exact

    def broken(self, item: int) -> tuple[str, ...]:
        """What keeps the flow of an item from being the optimum for sure, in words; empty where it is."""
        said = (
            (not self.concave[item], "a next case is worth more than the one before it"),
            (self.mixed[item], "arrivals of several days compete at a node"),
            (self.faster[item], "a node nearer in days may be worth refilling"),
            (self.cheaper[item] > 0, "a detour may cost less than going straight"),
        )
        return tuple(words for holds, words in said if holds)


def conditions(problem: Problem, values: UnitValues, case_cost: Ints) -> Conditions:
    """Check every condition of every item at these lane costs, ``(K, A)``, in the tables' money; FAR where closed."""
    items, nodes, lanes = len(problem.skus), len(problem.nodes), problem.lanes
    pair = lanes.origin * nodes + lanes.destination
    into, between = np.argsort(lanes.destination, kind="stable"), np.argsort(pair, kind="stable")
    cheaper, faster, mixed = np.zeros(items, np.int64), np.zeros(items, np.bool_), np.zeros(items, np.bool_)
    find_detours(
        values.gain_at,
        values.gains,
        values.loss_at,
        values.losses,
        problem.movable_cases,
        problem.holding_millicents * (problem.case_units * problem.path_count)[:, None],
        values.sinks.node,
        values.sinks.lead,
        problem.lanes.origin,
        values.sinks.of_lane,
        into,
        np.searchsorted(lanes.destination[into], np.arange(nodes + 1)),
        between,
        np.searchsorted(pair[between], np.arange(nodes * nodes + 1)),
        case_cost,
        cheaper,
        faster,
        mixed,
    )
    return Conditions(values.concave, mixed, faster, cheaper)
