"""A whole night as one scenario program, written to be read: stock and lost sales on every path, everything shared."""

from __future__ import annotations

import numpy as np

from evenstock.optimisation.program import Program
from evenstock.rebalancing.limits import NO_LIMIT


def best_cents(problem):
    """The most any plan can net, in cents; proven."""
    items, nodes, paths, days = problem.paths.shape
    lanes, limits = problem.lanes, problem.limits
    program = Program()
    free = np.where(problem.usable, problem.movable_cases[:, lanes.origin], 0)
    own = (lanes.unit_cents + problem.handling_out_cents[lanes.origin] + problem.handling_in_cents[lanes.destination])[
        None, :
    ] * np.ones((items, 1))
    interest = np.outer(problem.unit_cost_cents, lanes.lead_days) * problem.capital_rate / 365
    case = problem.case_units[:, None]
    cases = program.columns(free.shape, cost=case * (own + interest), upper=free, whole=True)
    most = np.minimum(lanes.most_pallets, 10**6)
    pallets = program.columns(len(lanes), cost=lanes.pallet_cents, upper=most, whole=True)
    trucks = program.columns(len(lanes), cost=lanes.truck_cents, whole=True)
    leaves = program.columns(len(lanes), cost=lanes.fixed_cents, upper=1, whole=True)
    share = np.array([1 / p if p else 0.0 for p in problem.pallet_units]) * problem.case_units
    for a in range(len(lanes)):
        row = program.rows("on pallets", 1, upper=0)
        program.put(row, cases[:, a], share)
        program.put(row, pallets[a], -1)
        row = program.rows("a departure carries it", 1, upper=0)
        program.put(row, cases[:, a])
        program.put(row, leaves[a], -max(int(free[:, a].sum()), 1))
        if lanes.truck_pallets[a] > 0:
            row = program.rows("on trucks", 1, upper=0)
            program.put(row, pallets[a])
            program.put(row, trucks[a], -lanes.truck_pallets[a])

    shape = (items, nodes, paths, days)
    stored = np.repeat(problem.holding_millicents[:, :, None], days, axis=2) / 1000
    stored[:, :, -1] -= problem.terminal_cents
    stock = program.columns(shape, cost=np.repeat(stored[:, :, None, :], paths, axis=2) / paths)
    short = np.broadcast_to(problem.shortage_cents[:, :, None, None] / paths, shape)
    lost = program.columns(shape, cost=short, upper=problem.paths)
    supply = np.repeat(problem.arrivals[:, :, None, :], paths, axis=2) - problem.paths.astype(float)
    supply[..., 0] += problem.on_hand[:, :, None]
    row = program.rows("what comes, goes or stays", shape, lower=supply, upper=supply)
    program.put(row, stock)
    program.put(row, lost, -1)
    program.put(row[..., 1:], stock[..., :-1], -1)
    for a in range(len(lanes)):
        i, j, t = int(lanes.origin[a]), int(lanes.destination[a]), int(lanes.lead_days[a])
        program.put(row[:, i, :, 0], cases[:, a, None], case)
        program.put(row[:, j, :, t], cases[:, a, None], -case)
    there = np.maximum(problem.on_hand - problem.floor, 0)
    for i in range(nodes):
        row = program.rows("only what may leave", items, upper=there[:, i])
        for a in np.flatnonzero(lanes.origin == i):
            program.put(row, cases[:, a], problem.case_units)

    def limit(name, columns, weights, upper):
        if upper < NO_LIMIT:
            program.put(program.rows(name, 1, upper=upper), np.ravel(columns), np.ravel(weights))

    if limits is not None:
        units = np.repeat(case, len(lanes), axis=1)
        for i in range(nodes):
            limit("dock out", cases[:, lanes.origin == i], units[:, lanes.origin == i], limits.out_units[i])
            for t in range(days):
                now = (lanes.destination == i) & (lanes.lead_days == t)
                limit("dock in", cases[:, now], units[:, now], limits.in_units[i, t])
                till = (lanes.destination == i) & (lanes.lead_days <= t)
                room = np.repeat(share[:, None], till.sum(), axis=1)
                limit("room", cases[:, till], room, limits.room_pallets[i, t])
        columns = np.concatenate([cases.ravel(), pallets, trucks, leaves])
        cost = [(case * own).ravel(), lanes.pallet_cents, lanes.truck_cents, lanes.fixed_cents]
        limit("budget", columns, np.concatenate(cost), limits.budget_cents)
    answer = program.solve(gap=1e-9)
    return _nothing(problem) - answer.objective


def _nothing(problem):
    """What doing nothing costs."""
    total = 0.0
    paths, days = problem.paths.shape[2:]
    for k, w in np.ndindex(problem.on_hand.shape):
        for s in range(paths):
            stock = int(problem.on_hand[k, w])
            for t in range(days):
                stock += int(problem.arrivals[k, w, t]) - int(problem.paths[k, w, s, t])
                total -= int(problem.shortage_cents[k, w]) * min(stock, 0)
                stock = max(stock, 0)
                total += int(problem.holding_millicents[k, w]) / 1000 * stock
            total -= int(problem.terminal_cents[k, w]) * stock
    return total / paths
