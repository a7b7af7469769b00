"""What is decided tonight, before anybody knows the demand: columns of transfers and purchases with what they cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.optimisation import Program
from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.horizon.question import Horizon
from evenstock.rebalancing.terms import capital, handling, unit_freight
from evenstock.rebalancing.whole.goods import Goods


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """Numbers of the columns, for D days of transfers."""

    cases: Ints
    """Whole cases moved, ``(K, A, D)``."""
    moved: Ints
    """Units moved, told apart by expiry, ``(G, A, D)``."""
    pallets: Ints
    """Begun pallets, ``(A, D)``."""
    trucks: Ints
    """Begun trucks, ``(A, D)``."""
    leaves: Ints
    """Whether a departure is used, ``(A, D)``."""
    multiples: Ints
    """Multiples bought, ``(K, V, T)``."""
    lines: Ints
    """Whether an item is on an order, ``(K, V, T)``."""
    orders: Ints
    """Whether an order is placed, ``(V, T)``."""
    most_cases: Ints
    """Cases that could go at most, ``(K, A, D)``; 0 where the lane does not leave or is barred."""
    most_bought: Ints
    """Units no order line exceeds, ``(K, V, T)``; 0 where none can be ordered."""


def decisions(program: Program, horizon: Horizon, stocked: Goods) -> Decisions:
    """All first-stage columns.

    Their costs are those that the terms of `rebalancing/terms` charge, one whole pallet, truck and departure at a time.
    """
    lanes, supplies = horizon.problem.lanes, horizon.supplies
    bought, most_bought = _most_bought(horizon)
    most = _most_cases(horizon, bought)
    days = horizon.transfer_days
    shape = (len(lanes), days)
    each_day = np.broadcast_to
    return Decisions(
        cases=program.columns(most.shape, upper=most, whole=True),
        moved=program.columns(
            (len(stocked), *shape),
            cost=_unit_cents(horizon)[stocked.item][:, :, None] - _left_beyond(horizon, stocked),
            upper=_keeps(horizon, stocked) * float(most.max(initial=0) * horizon.problem.case_units.max(initial=1)),
        ),
        pallets=program.columns(shape, cost=each_day(lanes.pallet_cents[:, None], shape), whole=True),
        trucks=program.columns(shape, cost=each_day(_truck_cents(horizon)[:, None], shape), whole=True),
        leaves=program.columns(shape, cost=each_day(lanes.fixed_cents[:, None], shape), upper=1, whole=True),
        multiples=program.columns(
            most_bought.shape,
            cost=_bought_cents(horizon),
            upper=most_bought // np.maximum(supplies.multiple_units, 1)[:, :, None],
            whole=True,
        ),
        lines=program.columns(most_bought.shape, upper=1, whole=True),
        orders=program.columns(
            supplies.order_days.shape,
            cost=np.broadcast_to(supplies.order_cents[:, None], supplies.order_days.shape),
            upper=1,
            whole=True,
        ),
        most_cases=most,
        most_bought=most_bought,
    )


def may_leave(horizon: Horizon) -> Bools:
    """Items, lanes and days on which a transfer may leave, ``(K, A, D)``; tonight's also asks `Lanes.leaves`."""
    problem = horizon.problem
    assert problem.barred is not None
    may = horizon.departs[None, :, : horizon.transfer_days] & ~problem.barred[:, :, None]
    may[:, :, 0] &= problem.lanes.leaves
    return may


def _most_bought(horizon: Horizon) -> tuple[Ints, Ints]:
    """Units worth buying, by item ``(K,)``, and by order line: in multiples, at least the minimum, ``(K, V, T)``.

    Nobody buys more than the hungriest path wants and the bands ask, nor what comes after the last day: that would be a
    bet on prices.
    """
    problem, supplies = horizon.problem, horizon.supplies
    wanted = problem.paths.sum(axis=(1, 3), dtype=np.int64).max(axis=1)
    if problem.bands is not None:
        wanted = wanted + problem.bands.low_units.sum(axis=1)
    multiple = np.maximum(supplies.multiple_units, 1)
    line = -(-np.maximum(wanted[:, None], supplies.minimum_units) // multiple) * multiple
    in_time = supplies.lead_days[:, None] + np.arange(problem.days) < problem.days
    open_for = supplies.sells[:, :, None] & (supplies.order_days & in_time)[None]
    return line.max(axis=1, initial=0), np.where(open_for, line[:, :, None], 0)


def _most_cases(horizon: Horizon, bought: Ints) -> Ints:
    problem, lanes = horizon.problem, horizon.problem.lanes
    everything = problem.on_hand.sum(axis=1) + problem.arrivals.sum(axis=(1, 2), dtype=np.int64) + bought
    shape = (len(problem.skus), len(lanes), horizon.transfer_days)
    most = np.broadcast_to((everything // problem.case_units)[:, None, None], shape).copy()
    most[:, :, 0] = problem.movable_cases[:, lanes.origin]
    return np.where(may_leave(horizon), most, 0)


def _keeps(horizon: Horizon, stocked: Goods) -> Bools:
    """Whether goods that leave on day t arrive with the shelf life asked for, ``(G, A, D)``."""
    arrives = horizon.transit_days[:, None] + np.arange(horizon.transfer_days)
    keeps: Bools = stocked.last_day[:, None, None] - arrives + 1 >= stocked.least_shelf[:, None, None]
    return keeps


def _unit_cents(horizon: Horizon) -> Floats:
    """Freight by the unit, handling at both ends and interest on the way, ``(K, A)``."""
    problem = horizon.problem
    cents: Floats = unit_freight.slope(problem) + handling.slope(problem) + capital.slope(problem)
    return cents


def _left_beyond(horizon: Horizon, stocked: Goods) -> Floats:
    """Terminal worth of what arrives after the last day, ``(G, A, D)``; 0 for what arrives before."""
    problem = horizon.problem
    arrives = horizon.transit_days[:, None] + np.arange(horizon.transfer_days)
    worth = problem.terminal[:, problem.lanes.destination][stocked.item]
    return np.where(arrives >= problem.days, worth[:, :, None], 0).astype(np.float64)


def _truck_cents(horizon: Horizon) -> Ints:
    lanes = horizon.problem.lanes
    assert lanes.truck_cents is not None
    return lanes.truck_cents


def _bought_cents(horizon: Horizon) -> Floats:
    """Cents of one multiple beyond its unit cost, interest on its way included, ``(K, V, T)``."""
    problem, supplies = horizon.problem, horizon.supplies
    interest = np.outer(problem.unit_cost_cents, supplies.lead_days) * np.float64(problem.capital_rate / 365)
    cents = (supplies.extra_cents + interest) * supplies.multiple_units
    return np.repeat(cents[:, :, None], problem.days, axis=2)
