"""Small networks with every number in sight, and random ones from a seed."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.problem import Lanes, Problem


def lanes(pairs, *, fixed=0, pallet=0, unit=0, lead=1, leaves=True):
    """Lanes for (origin, destination) pairs; every other argument one value or one per lane."""
    n = len(pairs)

    def each(value):
        return np.broadcast_to(np.asarray(value), (n,)).copy()

    return Lanes(
        origin=np.array([i for i, _ in pairs], np.int64).reshape(n),
        destination=np.array([j for _, j in pairs], np.int64).reshape(n),
        fixed_cents=each(fixed),
        pallet_cents=each(pallet),
        unit_cents=each(unit),
        lead_days=each(lead),
        leaves=each(leaves).astype(bool),
    )


def problem(paths, on_hand, **given):
    """Demand ``(K, W, S, T)`` and stock; whatever is not given is free, unpacked and stored for nothing."""
    paths = np.asarray(paths, np.int32)
    items, nodes = paths.shape[:2]
    standard = {
        "skus": [f"S{k}" for k in range(items)],
        "nodes": [f"N{w}" for w in range(nodes)],
        "shortage_cents": np.full((items, nodes), 1000),
        "unit_cost_cents": np.full(items, 2000),
        "lanes": lanes(everywhere(nodes)),
        "holding_millicents": np.zeros(items, np.int64),
        "capital_rate": 0.0,
        "handling_out_cents": np.zeros(nodes, np.int64),
        "handling_in_cents": np.zeros(nodes, np.int64),
        "case_units": np.ones(items, np.int64),
        "pallet_units": np.zeros(items, np.int64),
    }
    return Problem(paths=paths, on_hand=np.asarray(on_hand), **(standard | given))


def everywhere(nodes):
    return [(i, j) for i in range(nodes) for j in range(nodes) if i != j]


def metric_lanes(rng, nodes, *, lead=1, fixed=0, pallet_share=0):
    """Unit freight that grows with distance, rounded up, so that a detour never pays."""
    place = rng.uniform(0, 100, (nodes, 2))
    far = np.hypot(*(place[:, None] - place[None, :]).transpose(2, 0, 1))
    pairs = everywhere(nodes)
    km = np.array([far[i, j] for i, j in pairs])
    unit = np.ceil(km).astype(np.int64) + 60
    return lanes(pairs, unit=unit, lead=lead, fixed=fixed, pallet=np.rint(km * pallet_share).astype(np.int64))


def random_problem(seed, *, items=1, nodes=3, paths=4, days=5, lead=1, mean=2.0, most=9, case=1, **given):
    """A small random instance; money in whole cents, storage cheaper than capital in transit."""
    rng = np.random.default_rng(seed)
    cost = rng.integers(3000, 9000, items)
    standard = {
        "shortage_cents": rng.integers(200, 1500, (items, nodes)),
        "unit_cost_cents": cost,
        "lanes": metric_lanes(rng, nodes, lead=lead),
        "holding_millicents": rng.integers(0, 600, items),
        "capital_rate": 0.12,
        "handling_out_cents": rng.integers(0, 20, nodes),
        "handling_in_cents": rng.integers(0, 20, nodes),
        "case_units": np.full(items, case),
    }
    demand = rng.poisson(mean * rng.uniform(0.1, 2, (items, nodes, 1, 1)), (items, nodes, paths, days))
    return problem(demand, rng.integers(0, most + 1, (items, nodes)), **(standard | given))
