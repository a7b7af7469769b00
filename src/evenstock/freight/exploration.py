"""A small budget for trying what we do not usually choose, and what the tries say of it.

Scores are of lanes that we used: a service never chosen is never seen to have become good. Where policy permits it, a
share of orders ships by another lawful plan that is nearly as cheap. Which orders is settled by their id and a seed, so
that a decision replayed explores again as it did, and the probability of what was done is kept beside it: with it, what
another service would have done is estimated without the bias of what we like to choose.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MILLION: Final = 1_000_000
FEWEST: Final = 20.0
"""Fewer orders than this, as weighted orders count, say nothing: neither mean nor interval can be trusted."""
Z90: Final = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class Exploration:
    """What policy permits. The default explores nothing."""

    share_millionths: int = 0
    """Share of orders that may ship by another plan."""
    budget_cents: int = 0
    """Most that a week's tries may cost beyond the best plans, together."""
    within_cents: int = 0
    """Most that one try may cost beyond the best plan."""
    seed: str = ""
    """Another seed tries other orders."""

    def __post_init__(self) -> None:
        if not 0 <= self.share_millionths <= MILLION // 2:
            raise ValueError(
                f"exploration: share_millionths is {self.share_millionths}; at most half of all orders are tried otherwise"
            )
        if self.budget_cents < 0 or self.within_cents < 0:
            raise ValueError("exploration: budget_cents and within_cents cannot be below zero")


OFF: Final = Exploration()


@dataclass(frozen=True, slots=True)
class Explored:
    """Which plan ships, and how probable that was."""

    choice: int
    """Place in the list of plans; 0 is the best."""
    propensity_millionths: int
    """Of this choice, given what was known; to be kept with the decision."""
    extra_cents: int
    """Beyond the best plan: taken from the week's budget."""
    near: tuple[int, ...] = ()
    """Places of the plans that might have been tried, each as probable."""


def explore(order: str, cents: Sequence[int], policy: Exploration, *, spent_cents: int = 0) -> Explored:
    """Mostly the best plan; for some orders one of the others that are nearly as cheap, each as probable as the next.

    Parameters
    ----------
    order
        Id of the order: with the seed it settles what is done.
    cents
        Expected total of each lawful plan, the best first. Rules, stock and promises have already been asked.
    spent_cents
        What this week's tries have cost so far. A plan that the rest of the budget does not cover is not tried, which
        depends on the orders before, never on this one: so the probability stays what it says.

    Examples
    --------
    Half of the orders may be tried, up to 1.00 dearer: of four plans, two are near enough, a quarter of the orders each.

    >>> half = Exploration(share_millionths=500_000, budget_cents=10_000, within_cents=100)
    >>> tried = [explore(f"O{k}", [900, 950, 1000, 1001], half) for k in range(4_000)]
    >>> [round(sum(one.choice == k for one in tried) / 400) for k in range(4)]
    [5, 3, 3, 0]
    >>> sorted({(one.choice, one.propensity_millionths, one.extra_cents) for one in tried})
    [(0, 500000, 0), (1, 250000, 50), (2, 250000, 100)]

    Raises
    ------
    ValueError
        If there is no plan, or the first is not the cheapest.
    """
    if not cents:
        raise ValueError(f"order {order}: there is no plan to choose from")
    if min(cents) < cents[0]:
        raise ValueError(f"order {order}: the first plan costs {cents[0]}, another {min(cents)}; the best comes first")
    left = min(policy.within_cents, policy.budget_cents - spent_cents)
    near = [k for k in range(1, len(cents)) if cents[k] - cents[0] <= left]
    if not policy.share_millionths or not near:
        return Explored(0, MILLION, 0)
    each = policy.share_millionths // len(near)
    if not each:
        return Explored(0, MILLION, 0)
    drawn = _drawn(order, policy.seed)
    if drawn < each * len(near):
        choice = near[drawn // each]
        return Explored(choice, each, cents[choice] - cents[0], tuple(near))
    return Explored(0, MILLION - each * len(near), 0, tuple(near))


def _drawn(order: str, seed: str) -> int:
    """Below a million, each number as probable, by the digest of order and seed."""
    digest = hashlib.sha256(f"explore\x1f{seed}\x1f{order}".encode()).digest()
    return int.from_bytes(digest[:16], "big") % MILLION


@dataclass(frozen=True, slots=True)
class Estimate:
    """What would have happened had a service carried all orders that were asked about."""

    mean: float
    """Self-normalised, or doubly robust where a model was given; nan where too little is known."""
    low: float
    """90 % interval."""
    high: float
    orders: int
    """Orders asked about."""
    used: int
    """Of them, those that the service did carry."""
    effective: float
    """As many orders of equal weight would say as much (Kish)."""
    because: str = ""
    """Why there is no estimate; empty where there is."""


def what_if(
    outcome: Floats,
    service: Ints,
    propensity_millionths: Ints,
    target: int,
    *,
    model: Floats | None = None,
    model_of_target: Floats | None = None,
) -> Estimate:
    """The mean outcome had `target` carried every order, from those it did carry weighted by one over their propensity.

    Parameters
    ----------
    outcome
        Such as 1.0 for late, or cents, shape ``(order,)``.
    service
        Number of the service that carried each.
    propensity_millionths
        Probability, when it was decided, of the plan that was chosen. Orders that could not have gone by `target` at all
        must be left out: nothing can be said of them.
    model
        What was expected of each order by the service that carried it, and `model_of_target` by `target`. With both the
        estimate is doubly robust: right if either the propensities or the model are.

    References
    ----------
    Horvitz and Thompson (1952); Hájek (1971) for the self-normalised mean; Dudík, Langford and Li (2011), Doubly robust
    policy evaluation and learning, ICML; the variance by linearisation as in Owen (2013), Monte Carlo theory, ch. 9.

    Examples
    --------
    Two orders carried by service 1 with probability a quarter and a half, late and in time: weights 4 and 2, so 4/6.

    >>> late, carried, chance = np.array([1.0, 0.0, 1.0]), np.array([1, 1, 0]), np.array([250_000, 500_000, 750_000])
    >>> round(what_if(np.tile(late, 20), np.tile(carried, 20), np.tile(chance, 20), 1).mean, 4)
    0.6667

    Raises
    ------
    ValueError
        If lengths differ, a propensity is not 1 to a million, or only one of the two models is given.
    """
    n = outcome.size
    if service.size != n or propensity_millionths.size != n:
        raise ValueError(
            f"{n} outcomes, {service.size} services and {propensity_millionths.size} propensities do not agree"
        )
    if n and not (propensity_millionths.min() >= 1 and propensity_millionths.max() <= MILLION):
        raise ValueError(f"a propensity is 1 to {MILLION:,} millionths; what was chosen had some chance")
    if (model is None) != (model_of_target is None):
        raise ValueError("a doubly robust estimate needs what was expected of both services")
    took = service == target
    weight = np.where(took, MILLION / propensity_millionths, 0.0)
    total = float(weight.sum())
    effective = total**2 / float((weight**2).sum()) if total else 0.0
    used = int(took.sum())
    if effective < FEWEST:
        why = f"it carried {used} of {n} orders, which count as {effective:.1f}; {FEWEST:.0f} are needed"
        return Estimate(math.nan, math.nan, math.nan, n, used, effective, why)
    if model is None or model_of_target is None:
        mean = float((weight * outcome).sum()) / total
        error = math.sqrt(float(((weight * (outcome - mean)) ** 2).sum())) / total
    else:
        # The correction is normalised as well, so that one order of small propensity does not carry the whole.
        residual = outcome - model
        correction = float((weight * residual).sum()) / total
        mean = float(model_of_target.mean()) + correction
        spread = float(((weight * (residual - correction)) ** 2).sum()) / total**2
        error = math.sqrt(spread + float(model_of_target.var()) / n)
    return Estimate(mean, mean - Z90 * error, mean + Z90 * error, n, used, effective)
