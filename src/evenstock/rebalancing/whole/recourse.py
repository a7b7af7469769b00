"""What happens on each path once everything is decided: goods are sold, left, lost or written off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.optimisation import Program
from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.horizon.question import Horizon
from evenstock.rebalancing.whole.decisions import Decisions
from evenstock.rebalancing.whole.goods import Goods, untouched


@dataclass(frozen=True, slots=True, eq=False)
class Recourse:
    """Numbers of the columns."""

    stock: Ints
    """Units at the end of the day, ``(G, W, S, T)``."""
    sold: Ints
    """``(G, W, S, T)``."""
    expired: Ints
    """Units written off at the end of their last day, ``(G, W, S)``; bounded to 0 where they keep longer."""
    short: Ints
    """Units lost that day, or waiting at its end, ``(K, W, S, T)``."""


def recourse(program: Program, horizon: Horizon, stocked: Goods) -> Recourse:
    """Columns with their expected cost: storing, write-off, shortage, less the terminal worth."""
    problem = horizon.problem
    items, nodes, paths, days = problem.paths.shape
    shape = (len(stocked), nodes, paths, days)
    after = stocked.last_day[:, None] <= np.arange(days)
    ends = stocked.last_day < days
    return Recourse(
        stock=program.columns(
            shape,
            cost=_left_cents(horizon, stocked)[:, :, None, :] / paths,
            upper=np.where(after, 0.0, np.inf)[:, None, None, :],
        ),
        sold=program.columns(shape),
        expired=program.columns(
            (len(stocked), nodes, paths),
            cost=_write_off(horizon, stocked)[:, :, None] / paths,
            upper=np.where(ends, np.inf, 0.0)[:, None, None],
        ),
        short=program.columns(
            (items, nodes, paths, days),
            cost=short_cents(horizon)[:, :, None, None] / paths,
            upper=problem.paths if horizon.backorder_millicents is None else np.inf,
        ),
    )


def short_cents(horizon: Horizon) -> Floats:
    """What a unit short costs, ``(K, W)``: once where it is lost, each day where it waits."""
    if horizon.backorder_millicents is None:
        return horizon.problem.shortage_cents.astype(np.float64)
    return np.asarray(horizon.backorder_millicents / 1000.0, np.float64)


def _left_cents(horizon: Horizon, stocked: Goods) -> Floats:
    """Cents of a unit at the end of a day, ``(G, W, T)``: storing, on the last day less what it is then worth."""
    problem = horizon.problem
    stored = problem.holding_millicents / 1000.0
    cents = np.repeat(stored[stocked.item][:, :, None], problem.days, axis=2)
    cents[:, :, -1] -= problem.terminal[stocked.item]
    return cents


def _write_off(horizon: Horizon, stocked: Goods) -> Floats:
    """Cents of an expired unit, ``(G, W)``: it is stored one more evening, then thrown away."""
    stored: Floats = horizon.problem.holding_millicents[stocked.item] / 1000.0
    if horizon.lots is None:
        return stored
    return stored + horizon.lots.write_off_cents[stocked.item][:, None]


def keep_the_balance(program: Program, horizon: Horizon, stocked: Goods, decided: Decisions, happens: Recourse) -> None:
    """Yesterday's stock and what arrives is today's stock, sold, moved away or written off: on every path.

    Since nothing is below zero, what leaves must be there on every path: plans do not know the demand.
    """
    problem, lanes, supplies = horizon.problem, horizon.problem.lanes, horizon.supplies
    paths, days = problem.path_count, problem.days
    comes = stocked.inbound.astype(np.float64)
    comes[:, :, 0] += stocked.on_hand
    shape = happens.stock.shape
    balance = program.rows("balance", shape, lower=comes[:, :, None, :], upper=comes[:, :, None, :])
    program.put(balance, happens.stock)
    program.put(balance[..., 1:], happens.stock[..., :-1], -1.0)
    program.put(balance, happens.sold)
    ends = np.flatnonzero(stocked.last_day < days)
    program.put(balance[ends, :, :, stocked.last_day[ends]], happens.expired[ends])
    for a in range(len(lanes)):
        origin, destination, transit = int(lanes.origin[a]), int(lanes.destination[a]), int(horizon.transit_days[a])
        for t in range(horizon.transfer_days):
            program.put(balance[:, origin, :, t], decided.moved[:, a, t][:, None])
            if t + transit < days:
                program.put(balance[:, destination, :, t + transit], decided.moved[:, a, t][:, None], -1.0)
    items = np.arange(len(problem.skus))
    for v in range(len(supplies)):
        for t in range(days - int(supplies.lead_days[v])):
            arrives = t + int(supplies.lead_days[v])
            rows = balance[stocked.received_as[items, arrives], supplies.node[v], :, arrives]
            units = supplies.multiple_units[:, v][:, None].astype(np.float64)
            program.put(rows, decided.multiples[:, v, t][:, None], np.broadcast_to(-units, (len(items), paths)))


def serve_or_miss(program: Program, horizon: Horizon, stocked: Goods, happens: Recourse) -> None:
    """What is wanted is sold or lost that day; or waits, and is wanted tomorrow as well."""
    wanted = horizon.problem.paths
    served = program.rows("what is wanted is sold or short", wanted.shape, lower=wanted, upper=wanted)
    program.put(served[stocked.item], happens.sold)
    program.put(served, happens.short)
    if horizon.backorder_millicents is not None:
        program.put(served[..., 1:], happens.short[..., :-1], -1.0)


def sell_while_there_is(
    program: Program, horizon: Horizon, stocked: Goods, decided: Decisions, happens: Recourse
) -> None:
    """No customer is refused so that goods remain for a transfer of a later day.

    Only days before the last transfer matter: afterwards keeping goods back brings nothing.
    """
    days = horizon.transfer_days - 1
    if days == 0:
        return
    wanted = horizon.problem.paths
    cumulative = np.cumsum(wanted, axis=3, dtype=np.int64)[..., :days]
    most_short = cumulative if horizon.backorder_millicents is not None else wanted[..., :days]
    bought = decided.most_bought.sum(axis=(1, 2))
    everything = horizon.problem.on_hand.sum(axis=1) + horizon.problem.arrivals.sum(axis=(1, 2)) + bought
    shape = most_short.shape
    empty = program.columns(shape, upper=1, whole=True)
    short = program.rows("short only where nothing is left", shape, upper=0)
    program.put(short, happens.short[..., :days])
    program.put(short, empty, -most_short.astype(np.float64))
    left = everything.astype(np.float64)[:, None, None, None]
    full = program.rows("nothing is left where goods are short", shape, upper=np.broadcast_to(left, shape))
    program.put(full[stocked.item], happens.stock[..., :days])
    program.put(full, empty, np.broadcast_to(left, shape))


def pay_interest_on_bought_stock(
    program: Program, horizon: Horizon, stocked: Goods, decided: Decisions, happens: Recourse
) -> None:
    """Interest runs on what the network holds beyond what it would hold untouched, from the day it is received.

    Moved units that do not sell were there before: they count as untouched.
    """
    problem, supplies = horizon.problem, horizon.supplies
    daily = problem.unit_cost_cents * (problem.capital_rate / 365)
    buys = np.flatnonzero(supplies.sells.any(axis=1) & (daily > 0))
    if buys.size == 0:
        return
    there = untouched(horizon, stocked)[buys]
    paths, days = problem.path_count, problem.days
    bought = program.columns(there.shape, cost=daily[buys][:, None, None] / paths)
    rows = program.rows("bought stock", there.shape, upper=there)
    place = np.full(len(problem.skus), -1)
    place[buys] = np.arange(len(buys))
    mine = np.flatnonzero(place[stocked.item] >= 0)
    at = place[stocked.item[mine]]
    program.put(rows[at][:, None], happens.stock[mine])
    program.put(rows, bought, -1.0)
    for a in range(len(problem.lanes)):
        for t in range(horizon.transfer_days):
            arrives = t + int(horizon.transit_days[a])
            if arrives < days:
                program.put(rows[at][..., arrives:], decided.moved[mine, a, t][:, None, None], -1.0)
