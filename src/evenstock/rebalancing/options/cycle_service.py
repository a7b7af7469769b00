"""Cycle service (type 1): no stock-out until the next chance to be refilled, with a given probability."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evenstock.optimisation.program import Program
from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.bands import Bands
from evenstock.rebalancing.cover import position
from evenstock.rebalancing.departures.slope_scaling import full_departures
from evenstock.rebalancing.levelling.kernel import match
from evenstock.rebalancing.levelling.matching import acceptable_cases
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.options.service_kernel import paths_without_stock_out, units_needed
from evenstock.rebalancing.problem import Problem, whole


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """An item and node that cannot have the service asked for tonight."""

    sku: str
    node: str
    missing_units: int
    """In whole cases, rounded up."""
    because: str


@dataclass(frozen=True, slots=True, eq=False)
class CycleService:
    """What tonight's plan has to keep."""

    bands: Bands
    """To plan with: ``dataclasses.replace(problem, bands=service.bands)``."""
    need_units: Ints
    """Units that would do if they were there this morning, ``(K, W)``; 0 where nothing is asked."""
    out_of_reach: tuple[OutOfReach, ...]
    """In (sku, node) order of the problem; together the fewest units that have to be missing."""


def cycle_service(problem: Problem, alpha: Floats, until: Ints) -> CycleService:
    """Bands whose low end is what the service needs, at a penalty above any cost.

    What it guarantees: a plan that reaches the low end has, this evening, stock and goods under way that would serve all
    demand before day `until` on at least a share `alpha` of the paths, if the goods sent were there already. Demand that comes
    before they arrive may still be missed: `achieved` plays that. Where the stock that may lawfully move does not do, the
    item and node are named with what is missing, and the plan comes as near as it can.

    Parameters
    ----------
    alpha
        Probability of no stock-out, 0 to 1, ``(K, W)``; 0 asks nothing.
    until
        Days until the next chance to be refilled, 1 to T, ``(K, W)``.
    """
    shape = problem.on_hand.shape
    until = whole("until", until, shape, low=1)
    if np.shape(alpha) != shape or not ((alpha >= 0) & (alpha <= 1)).all():
        raise ValueError(f"alpha: probabilities of shape {shape} are wanted")
    if (until > problem.days).any():
        raise ValueError(f"until: {int(until.max())} days, but demand is foreseen for {problem.days} only")
    by_path = np.sort(units_needed(problem.paths, problem.arrivals, until), axis=2)
    rank = np.maximum(np.ceil(alpha * problem.path_count - 1e-9).astype(np.int64), 1) - 1
    asked = alpha > 0
    need = np.where(asked, np.take_along_axis(by_path, rank[:, :, None], axis=2)[:, :, 0], 0)
    under_way = problem.arrivals.sum(axis=2, dtype=np.int64)
    low = np.where(asked, need + under_way, 0)
    return CycleService(_bands(problem, low, asked), need, _out_of_reach(problem, low))


def achieved(problem: Problem, moves: Moves, until: Ints) -> Floats:
    """Share of paths without a stock-out before day `until` once these moves are made, ``(K, W)``."""
    after = problem.after(moves)
    until = whole("until", until, problem.on_hand.shape)
    share: Floats = paths_without_stock_out(after.paths, after.on_hand, after.arrivals, until) / problem.path_count
    return share


def penalty_cents(problem: Problem) -> Ints:
    """A price for a missing unit above anything that sending a case for it could cost, ``(K,)``."""
    lanes = problem.lanes
    assert lanes.truck_cents is not None
    departure = int((lanes.fixed_cents + lanes.pallet_cents + lanes.truck_cents).max(initial=0))
    linear = np.where(problem.usable, full_departures(problem), 0.0).max(axis=1, initial=0.0)
    stored = problem.holding_millicents.max(axis=1, initial=0) * problem.days / 1000
    each = (
        problem.shortage_cents.max(axis=1, initial=0) - np.minimum(problem.terminal.min(axis=1, initial=0), 0) + stored
    )
    cents: Ints = np.ceil(problem.case_units * (each + linear) + departure + 1).astype(np.int64)
    return cents


def _bands(problem: Problem, low: Ints, asked: Bools) -> Bands:
    """The problem's own bands, their low end raised where service asks for more."""
    own = problem.bands or Bands.none(*problem.on_hand.shape)
    low = np.minimum(low, own.most_units)
    dear = np.maximum(np.broadcast_to(penalty_cents(problem)[:, None], low.shape), own.low_cents)
    raised = np.maximum(low, own.low_units)
    return replace(
        own,
        low_units=raised,
        low_cents=np.where(asked & (low >= own.low_units) & (low > 0), dear, own.low_cents),
        high_units=np.maximum(own.high_units, raised),
    )


def _out_of_reach(problem: Problem, low: Ints) -> tuple[OutOfReach, ...]:
    units, case = position(problem), problem.case_units[:, None]
    ceiling = problem.bands.most_units if problem.bands is not None else low
    refused = np.maximum(low - np.maximum(ceiling, units), 0)
    short = -((units - np.minimum(low, np.maximum(ceiling, units))) // case)
    missing = _unfilled(problem, short, acceptable_cases(problem))
    rows = []
    for k, w in np.argwhere((missing > 0) | (refused > 0)).tolist():
        reasons = []
        if missing[k, w]:
            reasons.append("all stock that may lawfully leave elsewhere does not do")
        if refused[k, w]:
            reasons.append(f"{int(refused[k, w])} units more than it accepts are needed")
        lacking = int(missing[k, w] * problem.case_units[k] + refused[k, w])
        rows.append(OutOfReach(str(problem.skus[k]), str(problem.nodes[w]), lacking, "; ".join(reasons)))
    return tuple(rows)


def _unfilled(problem: Problem, short: Ints, room: Ints) -> Ints:
    """Cases that stay lacking whatever moves, the fewest in all, ``(K, W)``: greedily, and where that fails by a flow.

    `short` is below zero where a node has cases to spare beyond its own need.
    """
    lanes, lack = problem.lanes, np.maximum(short, 0)
    spare = np.minimum(problem.movable_cases, np.maximum(-short, 0))
    free = np.where(problem.usable, 0.0, np.inf)
    cases = match(spare, np.minimum(lack, room), free, lanes.origin, lanes.destination, False, False)
    left = lack.copy()
    for a in range(len(lanes)):
        left[:, lanes.destination[a]] -= cases[:, a]
    for k in np.flatnonzero(left.any(axis=1)).tolist():
        left[k] = _least_unfilled(problem, k, short[k], room[k])
    return left


def _least_unfilled(problem: Problem, item: int, short: Ints, room: Ints) -> Ints:
    """A node may pass on what it has and be refilled itself, so lanes are chosen together."""
    lanes, nodes = problem.lanes, len(problem.nodes)
    ways = np.flatnonzero(problem.usable[item])
    program = Program()
    sent = program.columns(len(ways))
    missing = program.columns(nodes, cost=1.0)
    leaves = program.rows("only what may leave", nodes, upper=problem.movable_cases[item].astype(np.float64))
    accepted = program.rows("no more than is accepted", nodes, upper=room.astype(np.float64))
    stands = program.rows("as much as service needs", nodes, lower=short.astype(np.float64))
    origin, destination = lanes.origin[ways], lanes.destination[ways]
    program.put(leaves[origin], sent)
    program.put(accepted[destination], sent)
    program.put(stands[destination], sent)
    program.put(stands[origin], sent, -1.0)
    program.put(stands, missing)
    # A network flow with limits at its nodes: every vertex is whole.
    unfilled: Ints = np.rint(program.solve().values[missing]).astype(np.int64)
    return unfilled
