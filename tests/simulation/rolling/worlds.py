"""Small worlds to play: a few items and nodes, demand of a known kind at an unknown level."""

from __future__ import annotations

import numpy as np
from tests.rebalancing import instances

from evenstock.simulation.rolling.level_learner import true_demand
from evenstock.simulation.rolling.world import World


def world(demand, on_hand, **given):
    """A world with this demand ``(K, W, D)``; every lane leaves every night unless `departs` says otherwise."""
    demand = np.asarray(demand, np.int64)
    own = {name: given.pop(name) for name in ("departs", "receipts", "supply", "true_lead_days") if name in given}
    opening = instances.problem(demand[:, :, None, :], on_hand, **given)
    departs = np.ones((len(opening.lanes), demand.shape[2]), np.bool_)
    return World(opening=opening, demand=demand, **({"departs": departs} | own))


def told(paths):
    """A forecaster that says these days, one path, whatever happened."""
    days = np.asarray(paths, np.int32)

    def forecast(past):
        return days[:, :, None, past.night : past.night + past.days]

    return forecast


def unbalanced(seed, *, items=8, nodes=3, days=28, level_sd=0.3, shape=2.0, **given):
    """Stock of a month shared out without regard to demand; a departure costs 1500, a pallet of 40 units 2000."""
    rng = np.random.default_rng([seed, 5])
    mean = rng.lognormal(1.2, 0.6, items)[:, None] * rng.dirichlet(np.full(nodes, 4.0), items)
    share = rng.dirichlet(np.full(nodes, 2.0), items)
    stock = np.rint(days * mean.sum(axis=1, keepdims=True) * share).astype(np.int64)
    lanes = instances.lanes(instances.everywhere(nodes), fixed=1500, pallet=2000, unit=20, lead=2)
    demand = true_demand(mean, shape=shape, level_sd=level_sd, days=days, seed=seed)
    standard = {
        "lanes": lanes,
        "shortage_cents": np.full((items, nodes), 800),
        "unit_cost_cents": np.full(items, 1500),
        "holding_millicents": np.full(items, 400),
        "capital_rate": 0.12,
        "pallet_units": np.full(items, 40),
    }
    return mean, world(demand, stock, **(standard | given))
