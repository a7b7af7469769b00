"""Problems with every kind of bound, and the list of bounds that given moves break."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.rebalancing import instances

from evenstock.rebalancing.bands import Bands
from evenstock.rebalancing.cover import position
from evenstock.rebalancing.limits import Limits
from evenstock.rebalancing.terms import pallets
from evenstock.rebalancing.worth.solution import cost_terms


def bounded(seed, *, items=6, nodes=4, days=5):
    """A random problem with floors, shut and forbidden lanes, cases, acceptance limits, docks, room, trucks and a budget."""
    rng = np.random.default_rng(seed)
    free = instances.random_problem(
        seed,
        items=items,
        nodes=nodes,
        days=days,
        most=30,
        mean=3.0,
        source_floor=rng.integers(0, 6, (items, nodes)),
        case_units=rng.integers(1, 5, items),
        pallet_units=rng.choice([0, 4, 10], items),
    )
    ways = free.lanes
    trucks = rng.integers(0, 3, len(ways))
    lanes = replace(
        ways,
        lead_days=rng.integers(0, days + 2, len(ways)),
        leaves=rng.random(len(ways)) < 0.8,
        pallet_cents=rng.integers(0, 500, len(ways)),
        fixed_cents=rng.integers(0, 500, len(ways)),
        truck_pallets=rng.integers(1, 4, len(ways)),
        trucks=trucks,
    )
    none = Bands.none(items, nodes)
    limits = Limits(
        out_units=rng.integers(0, 40, nodes),
        in_units=rng.integers(0, 25, (nodes, days)),
        room_pallets=np.where(rng.random((nodes, days)) < 0.5, np.inf, rng.uniform(0, 4, (nodes, days))),
        budget_cents=int(rng.integers(0, 20_000)),
    )
    return replace(
        free,
        lanes=lanes,
        barred=rng.random((items, len(ways))) < 0.1,
        bands=replace(none, most_units=rng.integers(0, 40, (items, nodes))),
        limits=limits,
    )


def broken(problem, moves):
    """Names of the bounds that these moves break."""
    lanes, found = problem.lanes, []
    problem.refuse_unlawful(moves)
    origin, destination = lanes.origin[moves.lane], lanes.destination[moves.lane]
    arrives = np.zeros(problem.on_hand.shape, np.int64)
    np.add.at(arrives, (moves.item, destination), moves.units)
    if problem.bands is not None and ((arrives > 0) & (position(problem) + arrives > problem.bands.most_units)).any():
        found.append("acceptance")
    if (pallets.pallets(problem, moves) > lanes.most_pallets).any():
        found.append("trucks")
    limits = problem.limits
    if limits is None:
        return found
    out = np.bincount(origin, weights=moves.units, minlength=len(problem.nodes))
    if (out > limits.out_units).any():
        found.append("out")
    day = lanes.lead_days[moves.lane]
    share = moves.units * problem.pallet_share[moves.item]
    for t in range(problem.days):
        there = np.bincount(destination, weights=moves.units * (day == t), minlength=len(problem.nodes))
        if (there > limits.in_units[:, t]).any():
            found.append("in")
        added = np.bincount(destination, weights=share * (day <= t), minlength=len(problem.nodes))
        if (added > limits.room_pallets[:, t] + 1e-6).any():
            found.append("room")
    terms = cost_terms(problem, moves)
    if sum(int(cents.sum()) for name, cents in terms.items() if name != "capital") > limits.budget_cents:
        found.append("budget")
    return found
