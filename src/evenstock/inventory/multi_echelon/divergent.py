"""One centre that passes on all it receives to several stores: a bound no policy can beat, and a policy that meets it.

Federgruen and Zipkin (1984) let stock flow back between stores for free ("balance"): then the best split of a total is one
price of stock for all stores, and the whole system orders like one store. Nothing real can cost less; and since real stores
are seldom out of balance, the policy read off this relaxation costs hardly more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from evenstock.inventory.multi_echelon.divergent_kernel import cost_on_paths, split

Floats = npt.NDArray[np.float64]

NODES: Final = 96
"""Points of the Gauss-Hermite rule over the demand until stock is split."""
PRICES: Final = 2048
"""Prices of stock at which store levels are laid down for the split."""
FAR: Final = 16.0
"""Scores (normal quantiles of a price) to which the table reaches: far beyond any demand, for stores far out of balance."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Stores behind one centre that cannot hold stock.

    Attributes
    ----------
    mean, sd
        Normal demand of a day, units, shape ``(store,)``.
    lead_days
        Days from the centre to each store, whole.
    holding, penalty
        Cost of a unit on hand, and of a unit owed, at the end of a day.
    centre_lead_days
        Days from the source, which never runs out, to the centre, whole.
    correlation
        Of the demand of two stores on one day, the same for all pairs.
    """

    mean: Floats
    sd: Floats
    lead_days: npt.NDArray[np.int64]
    holding: Floats
    penalty: Floats
    centre_lead_days: int
    correlation: float

    @property
    def protected(self) -> Floats:
        """Mean demand of each store from the split to the end of the first day it cannot reach any more."""
        return np.asarray(self.mean * (self.lead_days + 1))

    @property
    def spread(self) -> Floats:
        """Standard deviation of the same."""
        return np.asarray(self.sd * np.sqrt(self.lead_days + 1.0))

    @property
    def total_sd(self) -> float:
        """Standard deviation of all stores' demand of one day."""
        own = float(self.sd @ self.sd)
        return math.sqrt((1.0 - self.correlation) * own + self.correlation * float(self.sd.sum()) ** 2)


def stores(
    mean: Sequence[float] | Floats,
    sd: Sequence[float] | Floats,
    *,
    lead_days: int | Sequence[int],
    holding: float | Sequence[float],
    penalty: float | Sequence[float],
    centre_lead_days: int,
    correlation: float = 0.0,
) -> Stores:
    """`Stores` from plain numbers; one number stands for all stores.

    Raises
    ------
    ValueError
        If a number makes no sense, naming which.
    """
    mu = np.asarray(mean, np.float64)
    if mu.ndim != 1 or mu.size == 0:
        raise ValueError("mean wants one number a store")
    spread, h, p = (np.broadcast_to(np.asarray(v, np.float64), mu.shape).copy() for v in (sd, holding, penalty))
    days = np.broadcast_to(np.asarray(lead_days, np.int64), mu.shape).copy()
    for name, values, least in (("mean", mu, 0.0), ("sd", spread, 1e-12), ("holding", h, 1e-12), ("penalty", p, 1e-12)):
        if not np.isfinite(values).all() or (values < least).any():
            raise ValueError(f"{name} must be finite and {'above' if least else 'at or above'} zero at every store")
    if (days < 0).any() or centre_lead_days < 0:
        raise ValueError("lead days are zero or more")
    lowest = -1.0 / (mu.size - 1) if mu.size > 1 else 0.0
    if not lowest <= correlation <= 1.0:
        raise ValueError(f"{mu.size} stores cannot all be correlated by {correlation}: the least is {lowest:.3f}")
    return Stores(mu, spread, days, h, p, centre_lead_days, correlation)


@dataclass(frozen=True, slots=True)
class DivergentPolicy:
    """Order up to one total; split what arrives so that no store is better served than another needs.

    Attributes
    ----------
    stores
        The question.
    order_up_to
        Units on hand, under way and not owed, over the whole system, after each day's order.
    bound
        Cost a day, all stores together, below which no policy can stay in the long run.
    levels
        Position to which each store is filled at each of an ascending row of prices of stock, shape ``(price, store)``.
    """

    stores: Stores
    order_up_to: float
    bound: float
    levels: Floats

    @property
    def bound_per_store(self) -> float:
        return self.bound / self.stores.mean.size

    def allocate(self, positions: Sequence[float] | Floats, arrived: float) -> Floats:
        """Split what has just arrived at the centre.

        Parameters
        ----------
        positions
            Each store's units on hand and under way to it, less owed.
        arrived
            Units to split; all of it is sent.
        """
        before = np.asarray(positions, np.float64)
        if before.shape != self.stores.mean.shape or not arrived >= 0:
            raise ValueError("allocate wants one position a store and at least zero units to split")
        return np.asarray(split(before, float(arrived), self.levels))


def divergent_policy(system: Stores) -> DivergentPolicy:
    """The relaxed optimum: its cost bounds every policy from below, its order and split rules are a policy.

    References
    ----------
    Federgruen and Zipkin (1984), Management Science 30, sections 2-4; Eppen and Schrage (1981) for equal cost rates.

    Examples
    --------
    Two alike stores with a centre at no distance from its source wait for their own demand only, here one day's: each pays
    (h + p) sd phi(z) = 5 * 2 * 0.27996.

    >>> two = stores([10, 10], 2.0, lead_days=0, holding=1.0, penalty=4.0, centre_lead_days=0)
    >>> round(divergent_policy(two).bound_per_store, 4)
    2.7996
    """
    scores = np.linspace(-FAR, FAR, PRICES)
    levels = _levels(system, scores)
    until = math.sqrt(system.centre_lead_days) * system.total_sd
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()

    def slope(total: float) -> float:
        return float(weights @ _price(system, np.interp(total - until * nodes, levels.sum(axis=1), scores)))

    middle, width = float(system.protected.sum()), float(system.spread.sum()) + until
    low, high = middle - width, middle + width
    while slope(low) > 0:
        low -= width
    while slope(high) < 0:
        high += width
    for _ in range(60):
        half = 0.5 * (low + high)
        low, high = (low, half) if slope(half) > 0 else (half, high)
    best = 0.5 * (low + high)
    bound = float(weights @ _split_cost(system, best - until * nodes))
    passed = system.centre_lead_days * float(system.mean.sum())
    return DivergentPolicy(system, best + passed, bound, levels)


def simulated_cost(policy: DivergentPolicy, demand: Floats, *, skip: int) -> Floats:
    """Cost a day of the policy on each path, all stores together, the first `skip` days left out.

    Parameters
    ----------
    demand
        Units, shape ``(path, day, store)``.
    """
    system = policy.stores
    if demand.ndim != 3 or demand.shape[2] != system.mean.size or not 0 <= skip < demand.shape[1]:
        raise ValueError("demand wants the shape (path, day, store), with more days than are skipped")
    return np.asarray(
        cost_on_paths(
            np.ascontiguousarray(demand, np.float64),
            skip,
            policy.order_up_to,
            policy.levels,
            system.lead_days,
            system.centre_lead_days,
            system.holding,
            system.penalty,
        )
    )


def _price(system: Stores, score: Floats) -> Floats:
    """A price of stock for every real number: from "owed at the mildest store" to "held at the cheapest"."""
    least, most = -float(system.penalty.min()), float(system.holding.min())
    return np.asarray(least + (most - least) * special.ndtr(score))


def _levels(system: Stores, score: Floats) -> Floats:
    """Positions at which one unit more is worth the same at every store: newsvendors, shape ``(..., store)``.

    With equal rates they are straight lines in the score, so interpolation between scores costs no accuracy.
    """
    width = float(system.penalty.min() + system.holding.min())
    rates = system.penalty + system.holding
    served = (system.penalty - system.penalty.min() + width * special.ndtr(score)[..., None]) / rates
    unserved = (system.holding - system.holding.min() + width * special.ndtr(-score)[..., None]) / rates
    # Whichever chance is small is the one that is known to all its digits.
    z = np.where(served < 0.5, special.ndtri(np.minimum(served, 0.5)), -special.ndtri(np.minimum(unserved, 0.5)))
    return np.asarray(system.protected + system.spread * z)


def _split_cost(system: Stores, totals: Floats) -> Floats:
    """Expected cost of one day, all stores, when each total is split at one price."""
    low, high = np.full(totals.shape, -37.0), np.full(totals.shape, 37.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        over = _levels(system, middle).sum(axis=-1) > totals
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    z = (_levels(system, low) - system.protected) / system.spread
    short = system.spread * (np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) - z * special.ndtr(-z))
    return np.asarray((system.holding * (system.spread * z + short) + system.penalty * short).sum(axis=-1))
