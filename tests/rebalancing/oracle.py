"""The same question, written to be read: a scenario program for HiGHS, and a plain simulation in Python.

Nothing here is shared with the package but the words of `Problem`.
"""

from __future__ import annotations

import itertools

import linopy
import numpy as np
import pandas as pd


def node_cents(problem, item, node, out, arriving):
    """Mean terminal worth less shortage and holding at one node, in cents; one day at a time.

    `arriving` is a tuple of (day, units); a day beyond the last counts as left over.
    """
    cache = _SEEN.setdefault(id(problem), (problem, {}))[1]
    key = (item, node, out, arriving)
    if key not in cache:
        cache[key] = _node_cents(problem, item, node, out, dict(arriving))
    return cache[key]


_SEEN = {}


def _node_cents(problem, k, w, out, arriving):
    total = 0.0
    paths, days = problem.paths.shape[2:]
    for s in range(paths):
        stock = int(problem.on_hand[k, w]) - out
        for t in range(days):
            stock += int(problem.arrivals[k, w, t]) + arriving.get(t, 0)
            wanted = int(problem.paths[k, w, s, t])
            sold = min(stock, wanted)
            stock -= sold
            total -= int(problem.shortage_cents[k, w]) * (wanted - sold)
            total -= int(problem.holding_millicents[k, w]) / 1000 * stock
        total += int(problem.terminal_cents[k, w]) * (stock + arriving.get(days, 0))
    return total / paths - band_cents(problem, k, w, sum(arriving.values()) - out)


def band_cents(problem, k, w, change):
    """Cost of standing below or above the band once the position has changed by so many units."""
    if problem.bands is None:
        return 0
    bands, position = problem.bands, int(problem.on_hand[k, w]) + int(problem.arrivals[k, w].sum()) + change
    below, above = int(bands.low_units[k, w]) - position, position - int(bands.high_units[k, w])
    return max(below, 0) * int(bands.low_cents[k, w]) + max(above, 0) * int(bands.high_cents[k, w])


def simulated_cents(problem, moves_units):
    """Mean terminal worth less shortage and holding of moving ``moves_units[k, a]``, in cents."""
    lanes, total = problem.lanes, 0.0
    for k, w in itertools.product(range(len(problem.skus)), range(len(problem.nodes))):
        out, arriving = 0, {}
        for a in np.flatnonzero(moves_units[k]):
            if lanes.origin[a] == w:
                out += int(moves_units[k, a])
            if lanes.destination[a] == w:
                day = min(int(lanes.lead_days[a]), problem.days)
                arriving[day] = arriving.get(day, 0) + int(moves_units[k, a])
        total += node_cents(problem, k, w, out, tuple(sorted(arriving.items())))
    return total


def true_cost_cents(problem, moves_units):
    """Freight with whole pallets and departures, handling, capital; in exact cents."""
    lanes, cost = problem.lanes, 0.0
    for a in range(len(lanes)):
        moved = moves_units[:, a]
        if not moved.any():
            continue
        share = sum(int(u) / int(p) for u, p in zip(moved, problem.pallet_units, strict=True) if p > 0)
        per_unit = (
            lanes.unit_cents[a]
            + problem.handling_out_cents[lanes.origin[a]]
            + problem.handling_in_cents[lanes.destination[a]]
        )
        cost += lanes.fixed_cents[a] + np.ceil(share - 1e-9) * lanes.pallet_cents[a] + per_unit * moved.sum()
        cost += (moved * problem.unit_cost_cents).sum() * problem.capital_rate / 365 * lanes.lead_days[a]
    return float(cost)


def best_plan(problem):
    """Every lawful plan of a one-item problem tried: the best gain in cents, doing nothing included."""
    return max(gain_cents(problem, table) for table in every_plan(problem))


def gain_cents(problem, moves_units):
    """What the moves bring against doing nothing, everything counted."""
    nothing = np.zeros_like(moves_units)
    return (
        simulated_cents(problem, moves_units)
        - simulated_cents(problem, nothing)
        - true_cost_cents(problem, moves_units)
    )


def every_plan(problem, item=0):
    """All lawful unit tables of one item (small cases only)."""
    lanes, case = problem.lanes, int(problem.case_units[item])
    movable = [(int(problem.on_hand[item, w]) - int(problem.floor[item, w])) // case for w in range(len(problem.nodes))]
    choices = [
        range(max(movable[int(i)], 0) + 1) if ok else range(1)
        for i, ok in zip(lanes.origin, problem.usable[item], strict=True)
    ]
    for cases in itertools.product(*choices):
        out = np.bincount(lanes.origin, weights=cases, minlength=len(movable))
        arriving = np.bincount(lanes.destination, weights=cases, minlength=len(movable))
        if (out <= np.maximum(movable, 0)).all() and accepted(problem, item, (arriving - out) * case, arriving):
            table = np.zeros((len(problem.skus), len(lanes)), np.int64)
            table[item] = np.array(cases) * case
            yield table


def accepted(problem, item, change, arriving):
    """Whether no node that receives ends above the most it may have."""
    if problem.bands is None:
        return True
    after = problem.on_hand[item] + problem.arrivals[item].sum(axis=1) + change
    return bool((after[arriving > 0] <= problem.bands.most_units[item][arriving > 0]).all())


def program(problem, *, whole=True, shared=True):
    """The scenario program: first stage moves, recourse sales, losses and stock; returns gain in cents and units moved.

    Parameters
    ----------
    whole
        Cases, pallets and departures as integers; without, the linear relaxation.
    shared
        Price whole pallets and departures; without, pallets by the unit and no fixed cost.
    """
    items, nodes, paths, days = problem.paths.shape
    lanes = problem.lanes
    k, w, a = (
        pd.RangeIndex(items, name="item"),
        pd.RangeIndex(nodes, name="node"),
        pd.RangeIndex(len(lanes), name="lane"),
    )
    s, t = pd.RangeIndex(paths, name="path"), pd.RangeIndex(days, name="day")
    m = linopy.Model()
    limit = np.where(problem.usable, problem.movable_cases[:, lanes.origin], 0).astype(float)
    cases = m.add_variables(lower=0, upper=pd.DataFrame(limit, k, a), integer=whole, name="cases")
    stock = m.add_variables(lower=0, coords=[k, w, s, t], name="stock")
    wanted = problem.paths.astype(float)
    lost = m.add_variables(lower=0, upper=_array(wanted, [k, w, s, t]), coords=[k, w, s, t], name="lost")
    units = _array(problem.case_units.astype(float), [k]) * cases

    leaving = _array((lanes.origin[:, None] == np.arange(nodes)).astype(float), [a, w])
    out = (units * leaving).sum("lane")
    there = _array(np.maximum(problem.on_hand - problem.floor, 0).astype(float), [k, w])
    m.add_constraints(out <= there, name="only what may leave")
    for day in t:
        arrive = _array(
            ((lanes.lead_days[:, None] == day) & (lanes.destination[:, None] == np.arange(nodes))).astype(float), [a, w]
        )
        before = stock.isel(day=day - 1, drop=True) if day else 0
        begin = problem.on_hand * (day == 0) + problem.arrivals[:, :, day]
        supply = _array(begin[:, :, None] - wanted[..., day], [k, w, s])
        change = stock.isel(day=day, drop=True) - lost.isel(day=day, drop=True) - (units * arrive).sum("lane")
        m.add_constraints(change - before + (out if day == 0 else 0) == supply, name=f"balance of day {day}")

    per_unit = (
        lanes.unit_cents + problem.handling_out_cents[lanes.origin] + problem.handling_in_cents[lanes.destination]
    )[None, :] + np.outer(problem.unit_cost_cents, lanes.lead_days) * problem.capital_rate / 365
    share = np.array([1 / p if p else 0.0 for p in problem.pallet_units])
    cost = (units * _array(per_unit if shared else per_unit + np.outer(share, lanes.pallet_cents), [k, a])).sum()
    if shared:
        full = (limit * problem.case_units[:, None]).sum(0)
        pallets = m.add_variables(lower=0, coords=[a], integer=whole, name="pallets")
        leaves = (
            m.add_variables(binary=True, coords=[a], name="leaves")
            if whole
            else m.add_variables(0, 1, coords=[a], name="leaves")
        )
        m.add_constraints((units * _array(share, [k])).sum("item") - pallets <= 0, name="on pallets")
        m.add_constraints(units.sum("item") - _array(full, [a]) * leaves <= 0, name="a departure carries it")
        cost = cost + (pallets * _array(lanes.pallet_cents.astype(float), [a])).sum()
        cost = cost + (leaves * _array(lanes.fixed_cents.astype(float), [a])).sum()

    short = (lost * _array(problem.shortage_cents / paths, [k, w])).sum()
    held = (stock * _array(problem.holding_millicents / 1000 / paths, [k, w])).sum()
    kept = (stock.isel(day=days - 1, drop=True) * _array(problem.terminal_cents / paths, [k, w])).sum()
    late = _array(((lanes.lead_days >= days) * problem.terminal_cents[:, lanes.destination]).astype(float), [k, a])
    m.add_objective(cost + short + held - kept - (units * late).sum())
    m.solve("highs", io_api="direct", output_flag=False, mip_rel_gap=1e-9, log_to_console=False)
    nothing = simulated_cents(problem, np.zeros((items, len(lanes)), np.int64))
    moved = m.solution["cases"].to_numpy() * problem.case_units[:, None]
    return -m.objective.value - nothing, np.rint(moved).astype(np.int64) if whole else moved


def _array(values, index):
    import xarray as xr

    return xr.DataArray(values, coords=index)
