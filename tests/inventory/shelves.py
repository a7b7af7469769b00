"""A made-up network of shelves whose records went wrong in known ways; tests and benchmarks count it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.inventory import Evidence
from evenstock.inventory.velocity import velocity_class

DAYS = 56
NODES = ("TX", "NJ", "CA", "PA")
NEVER_COUNTED = 0.1
HAZARD = np.array([0.001, 0.002, 0.003, 0.006])
"""Empty shelves a day, by node."""
LOSS = np.array([0.005, 0.01, 0.01, 0.03])
VARIANCE = np.array([0.02, 0.05, 0.1, 0.4])
"""Units lost and units squared for each unit of exposure, by node: the last one is careless."""
STANDING = 0.1
"""Exposure of a day without sales, in units."""
MISPLACED = 0.03
"""Share of shelves with some units put away in a wrong place."""


@dataclass(frozen=True)
class Shelves:
    """What anyone could see, and what is true."""

    evidence: Evidence
    counts: pl.DataFrame
    """Earlier counts against the record of their moment, as `learn_accuracy` reads them."""
    truth: npt.NDArray[np.int64]
    """Units really on each shelf."""
    empty: npt.NDArray[np.bool_]
    """Shelves that the record calls stocked and that are empty by a fault."""
    missing_cents: npt.NDArray[np.float64]
    unit_cost_cents: npt.NDArray[np.float64]


def shelves(seed: int, n: int = 4000, *, noticed_after_units: float = np.inf) -> Shelves:
    """SKU-nodes with last counts 1 to 180 days old, a tenth of them never counted in the year the books are open.

    An empty shelf stays so until it is counted, or, where `noticed_after_units` is given, until three days and so many
    units wanted in vain have passed: it was put right then.
    """
    rng = np.random.default_rng(seed)
    node = rng.integers(0, len(NODES), n)
    rate = np.clip(rng.lognormal(-0.7, 1.4, n), 0.01, 60.0)
    path_variance = np.interp(rate, [0.1, 0.5, 2.0, 10.0], [0.8, 0.25, 0.11, 0.07])
    alpha = path_variance + np.clip(rng.lognormal(-1.2, 0.5, n), 0.05, 1.0)
    price = np.round(rng.lognormal(7.6, 0.7, n))
    cost = np.round(price * rng.uniform(0.3, 0.6, n))
    age = np.where(rng.random(n) < NEVER_COUNTED, np.inf, np.ceil(rng.uniform(0, 180, n)))
    known = 365.0

    went_wrong = np.ceil(rng.exponential(1 / HAZARD[node]))
    lasted = np.minimum(age, known)
    empty_days = np.where(went_wrong <= lasted, lasted - went_wrong + 1, 0)
    until_noticed = 3 + np.ceil(noticed_after_units / rate)
    noticed = empty_days > until_noticed
    age = np.where(noticed, empty_days - np.where(noticed, until_noticed, 0), age)
    lasted, empty_days = np.minimum(age, known), np.where(noticed, 0, empty_days)
    record = np.ceil(rate * rng.uniform(5, 30, n) + rng.poisson(2, n) + 1).astype(np.int64)
    sold = _sales(rng, rate, alpha, path_variance)
    sold[np.arange(DAYS)[None, :] >= DAYS - empty_days[:, None]] = 0
    moved = rate * np.maximum(lasted - empty_days, 0)
    error = _errors(rng, node, moved + STANDING * lasted)
    truth = np.where(empty_days > 0, 0, np.maximum(record + error, 0))
    restored = np.full((n, DAYS), np.nan)
    inside = np.flatnonzero(age < DAYS)
    restored[inside, (DAYS - 1 - age[inside]).astype(np.int64)] = 0.995
    told = Evidence(
        keys=pl.DataFrame({"sku": [f"SKU-{k:06}" for k in range(n)], "node": [NODES[k] for k in node]}),
        first_day=date(2026, 10, 1),
        sold=sold,
        mean=np.repeat(rate[:, None], DAYS, axis=1),
        alpha=alpha,
        path_variance=path_variance,
        path_drift=np.zeros(n),
        looked=np.ones((n, DAYS), bool),
        pick_log_ratio=np.zeros((n, DAYS)),
        restored=restored,
        record=record,
        rate=rate,
        days_since_count=age,
        moved_since_count=moved,
        known_days=np.full(n, known),
        feed_days=np.full(n, np.nan),
        stated=np.full(n, np.nan),
        short_picks=np.zeros(n, np.int64),
        cancelled=np.zeros(n, np.int64),
    )
    return Shelves(told, earlier_counts(rng, rate, node), truth, empty_days > 0, price - cost, cost)


def _sales(rng, rate, alpha, path_variance):
    """Days of a path: one Gamma level a series, a negative binomial around it each day."""
    level = rng.gamma(1 / path_variance, path_variance)
    spread = (alpha - path_variance) / (1 + path_variance)
    daily = rng.gamma(1 / spread[:, None], spread[:, None], (rate.size, DAYS))
    return rng.poisson(rate[:, None] * level[:, None] * daily).astype(np.int64)


def _errors(rng, node, exposed):
    walk = rng.normal(-LOSS[node] * exposed, np.sqrt(VARIANCE[node] * exposed))
    wrong = (rng.random(node.size) < MISPLACED) * rng.integers(-6, 7, node.size)
    return np.rint(walk + wrong).astype(np.int64)


def earlier_counts(rng, rate, node, share: float = 0.3) -> pl.DataFrame:
    """Counts of a share of the shelves at some time past, each after 20 to 180 days."""
    some = np.flatnonzero(rng.random(rate.size) < share)
    days = np.ceil(rng.uniform(20, 180, some.size))
    moved = rate[some] * days
    booked = np.ceil(rate[some] * rng.uniform(5, 30, some.size) + 3).astype(np.int64)
    phantom = rng.random(some.size) < -np.expm1(-HAZARD[node[some]] * days)
    error = _errors(rng, node[some], moved + STANDING * days)
    return pl.DataFrame(
        {
            "node": [NODES[k] for k in node[some]],
            "velocity": velocity_class(rate[some]),
            "found": np.where(phantom, 0, np.maximum(booked + error, 0)),
            "booked": booked,
            "days": days,
            "moved": moved,
        }
    )
