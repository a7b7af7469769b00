"""What moves would have brought on given demand, with unmet units served from elsewhere where orders can be re-routed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Demand, Floats, Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem, whole
from evenstock.rebalancing.worth.evaluate_kernel import play
from evenstock.rebalancing.worth.solution import cost_terms


@dataclass(frozen=True, slots=True, eq=False)
class Rerouting:
    """Where orders can be shipped from another node: which, in which order, and at what extra cost."""

    lost_cents: Ints
    """Lost margin and goodwill of a unit nobody can serve, ``(K, W)``."""
    spill_cents: Ints
    """Extra cost of serving a unit of this node's demand from the next node, ``(K, W)``."""
    next_nodes: Ints
    """Lawful nodes to ask, nearest first, -1 where there is no more, ``(W, R)``."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Means over the paths; money in whole cents, each part rounded once, the total their sum."""

    wanted_units: Floats
    """``(K, W)``, as all units here."""
    lost_units: Floats
    spilled_units: Floats
    left_units: Floats
    """Left after the last day, units still under way included."""
    shortage_cents: int
    """Lost sales, at the shortage cost or, where orders can be re-routed, lost margin and goodwill."""
    spill_cents: int
    storing_cents: int
    terminal_cents: int
    """Worth of what is left beyond its unit cost; a gain."""
    transfer_cents: Mapping[str, int]
    """By cost term."""
    path_cents: Floats
    """Everything but the transfers, by path ``(S,)``, to compare two plans path by path."""

    @property
    def total_cents(self) -> int:
        """All costs less the worth of what is left."""
        moved = sum(self.transfer_cents.values())
        return self.shortage_cents + self.spill_cents + self.storing_cents + moved - self.terminal_cents


def evaluate(
    problem: Problem, moves: Moves, *, demand: Demand | None = None, rerouting: Rerouting | None = None
) -> Outcome:
    """Play `demand` (the problem's own paths, or what really happened) against the stock as moved.

    Parameters
    ----------
    demand
        Whole units, ``(K, W, S, T)`` with the problem's K, W and T.
    rerouting
        Without it a unit short at a node is lost there, at the problem's shortage cost.
    """
    problem.refuse_unlawful(moves)
    items, nodes, days = len(problem.skus), len(problem.nodes), problem.days
    paths = problem.paths if demand is None else _checked(demand, (items, nodes, days))
    lost_cents, spill_cents, next_nodes = _penalties(problem, rerouting)
    lost, spilled, left, held, money = play(
        paths,
        problem.on_hand,
        problem.arrivals,
        problem.lanes.destination,
        np.minimum(problem.lanes.lead_days, days),
        problem.lanes.origin,
        np.searchsorted(moves.item, np.arange(items + 1)).astype(np.int64),
        moves.lane,
        moves.units,
        next_nodes,
        1000 * lost_cents,
        1000 * spill_cents,
        problem.holding_millicents,
        1000 * problem.terminal,
    )
    count = paths.shape[2]
    return Outcome(
        wanted_units=paths.sum(axis=(2, 3), dtype=np.int64) / count,
        lost_units=lost / count,
        spilled_units=spilled / count,
        left_units=left / count,
        shortage_cents=_mean(lost * lost_cents, count),
        spill_cents=_mean(spilled * spill_cents, count),
        storing_cents=_mean(held * problem.holding_millicents, 1000 * count),
        terminal_cents=_mean(left * problem.terminal, count),
        transfer_cents={name: int(cents.sum()) for name, cents in cost_terms(problem, moves).items()},
        path_cents=money / 1000,
    )


def _mean(values: Ints, count: int) -> int:
    return int(np.rint(int(values.sum()) / count))


def _checked(demand: Demand, shape: tuple[int, int, int]) -> Demand:
    items, nodes, days = shape
    if demand.ndim != 4 or (demand.shape[0], demand.shape[1], demand.shape[3]) != shape or demand.shape[2] == 0:
        raise ValueError(f"demand: shape {demand.shape}, but ({items}, {nodes}, paths, {days}) is wanted")
    if demand.dtype == np.uint16:
        return np.ascontiguousarray(demand)
    return whole("demand", demand, demand.shape).astype(np.int32)


def _penalties(problem: Problem, rerouting: Rerouting | None) -> tuple[Ints, Ints, Ints]:
    shape = problem.shortage_cents.shape
    if rerouting is None:
        return problem.shortage_cents, np.zeros(shape, np.int64), np.full((shape[1], 0), -1, np.int64)
    next_nodes = np.asarray(rerouting.next_nodes, dtype=np.int64)
    if next_nodes.ndim != 2 or len(next_nodes) != shape[1] or next_nodes.max(initial=-1) >= shape[1]:
        raise ValueError(f"next_nodes: ({shape[1]}, some) of node indices is wanted, -1 for none")
    if (next_nodes == np.arange(shape[1])[:, None]).any():
        raise ValueError("next_nodes: a node does not spill to itself")
    return (
        whole("lost_cents", rerouting.lost_cents, shape),
        whole("spill_cents", rerouting.spill_cents, shape),
        next_nodes,
    )
