"""Shares of yes in cells that lie within one another, each drawn to the cells it is part of as far as it has few cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, log_ndtr

from evenstock.freight.scorecard.nesting import parents, totals

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

ROUNDS: Final = 6
USUAL_SPREAD: Final = 0.02
"""Overdispersion of cells within their parent where there are too few to tell: shares of 10 % then spread by 4 points,"""
USUAL_DIFFERENCE: Final = 0.8
"""but those of rarer things by no more than four fifths of themselves."""
FAR: Final = -30.0
SPREADS: Final = (1e-6, 0.95)
HAIR: Final = 1e-9
ALONE: Final = 1.5
"""Cases of a parent up to which its children say nothing of how they differ."""
STEPS: Final = 50.0


@dataclass(frozen=True, slots=True)
class Shares:
    """Posterior of each cell's share, a Beta distribution, shape ``(cell,)``."""

    a: Floats
    b: Floats
    prior_mean: Floats
    """What the other cells say of it."""
    prior_cases: Floats
    """How many cases of its own that is worth."""
    spread: Floats
    """Overdispersion of each level's cells within their parent, 0 to 1, broad to narrow, shape ``(level,)``."""

    @property
    def mean(self) -> Floats:
        mean: Floats = self.a / (self.a + self.b)
        return mean

    def interval(self, level: float = 0.9) -> tuple[Floats, Floats]:
        """Ends of the central credible interval."""
        # Many cells are all but alike: each quantile is found once for what differs by a hundredth of its own doubt.
        alike = _step(self.a) * 2**31 + _step(self.b)
        _, first, place = np.unique(alike, return_index=True, return_inverse=True)
        a, b = np.maximum(self.a[first], HAIR), np.maximum(self.b[first], HAIR)
        ends = [betaincinv(a, b, p)[place] for p in ((1 - level) / 2, (1 + level) / 2)]
        return ends[0], ends[1]


def _step(cases: Floats) -> Codes:
    """Number of a parameter on a ladder whose steps are a fiftieth of its root, or of itself below one."""
    scale = np.where(cases > 1.0, 2.0 * np.sqrt(np.maximum(cases, 1.0)) - 2.0, np.log(np.clip(cases, HAIR, 1.0)))
    return np.round(scale * STEPS).astype(np.int64) + 2**20


def nested_shares(yes: Floats, cases: Floats, path: Sequence[Codes]) -> Shares:
    """Posterior share of each cell under a hierarchy of Beta distributions.

    Parameters
    ----------
    yes, cases
        Counts of each cell, shape ``(cell,)``, yes at most cases; may be effective numbers of a weighted sample.
    path
        For each level from broad to narrow, the group of each cell, numbers from 0; a group of a narrower level lies
        within one of the broader. The cells themselves are the last level and are not named.

    Notes
    -----
    A group's children speak for it with n / (1 + (n - 1) rho) cases each, where rho is how far children of that level
    differ beyond chance (Kleinman's moments). What a cell is drawn to is its parent without the cell itself, and the
    variance of that is the parent's own doubt plus rho: so a lane of few parcels leans on its zone, that on its service,
    and a zone of one lane is doubted.

    References
    ----------
    Kleinman (1973), Proportions with extraneous variance: single and independent samples, JASA 68, 46-54, eq. 2.10;
    Morris (1983), Parametric empirical Bayes inference, JASA 78, sec. 5.

    Examples
    --------
    Two lanes of one service, 1,000 parcels each, 5 % and 15 % late, and a third with one parcel, late. It is held to be
    somewhat worse than the mean of the two.

    >>> said = nested_shares(np.array([50.0, 150.0, 1.0]), np.array([1000.0, 1000.0, 1.0]), [np.zeros(3, np.int64)])
    >>> said.mean.round(3).tolist()
    [0.053, 0.149, 0.135]
    """
    above = parents(yes.size, path)
    k, n = yes.astype(np.float64), cases.astype(np.float64)
    up: list[tuple[Floats, Floats]] = []
    sums: list[tuple[Floats, Floats]] = [(k, n)]
    spread = np.zeros(len(above))
    for j in range(len(above) - 1, -1, -1):
        spread[j] = _spread(k, n, above[j])
        told = _told(n, float(spread[j]))
        said = told * np.divide(k, n, out=np.zeros_like(k), where=n > 0)
        up.insert(0, (said, told))
        k, n = totals(said, above[j]), totals(told, above[j])
        sums.insert(0, (k, n))
    # Jeffreys' prior at the root: one case, half of it yes.
    mean, worth = np.full(1, 0.5), np.full(1, 1.0)
    for j, parent in enumerate(above):
        (of_parent, in_parent), (own, told) = sums[j], up[j]
        others = np.maximum(worth[parent] + in_parent[parent] - told, HAIR)
        mean = ((worth * mean)[parent] + of_parent[parent] - own) / others
        mean = np.clip(mean, HAIR, 1.0 - HAIR)
        doubt = 1.0 / (others + 1.0)
        worth = 1.0 / (doubt + (1.0 - doubt) * spread[j]) - 1.0
    return Shares(worth * mean + yes, worth * (1.0 - mean) + cases - yes, mean, worth, spread)


def _told(n: Floats, spread: float) -> Floats:
    """Cases of the parent that a child's own are worth."""
    told: Floats = n / (1.0 + np.maximum(n - 1.0, 0.0) * spread)
    return told


def _spread(k: Floats, n: Floats, parent: Codes) -> float:
    """Intraclass correlation of children about their parent's share, pooled over parents."""
    seen = n > 0
    k, n, parent = k[seen], n[seen], parent[seen]
    share = np.divide(k, n)
    often = float(k.sum() / n.sum()) if n.size else 0.0
    usual = max(min(USUAL_SPREAD, USUAL_DIFFERENCE**2 * often / max(1.0 - often, HAIR)), SPREADS[0])
    rho = usual
    for _ in range(ROUNDS if n.size else 0):
        w = _told(n, rho)
        total = totals(w, parent)
        mean = np.divide(totals(w * share, parent), total, out=np.zeros_like(total), where=total > 0)[parent]
        # A mean of few cases lies too near to all or nothing: unbiased, as a variance over its number less one.
        few = np.divide(total, total - 1.0, out=np.zeros_like(total), where=total > ALONE)
        chance = mean * (1.0 - mean) * few[parent]
        # Where chance is all there can be, as with one case, a child says nothing of rho: weights as in scoring.
        left = w * w * (1.0 - w / total[parent]) * chance
        size = float((left * (1.0 - 1.0 / n).clip(0.0)).sum())
        if size <= 0.0:
            return usual
        seen = few[parent] > 0
        found = (float((w * w * (share - mean) ** 2)[seen].sum()) - float((left / n).sum())) / size
        # Variance of a squared deviation: the normal's two, and what rare things add.
        rare = np.divide(1.0, n * chance, out=np.zeros_like(n), where=chance > 0)
        error = float(np.sqrt((w * w * chance * chance * (2.0 + rare)).sum())) / size
        rho = float(np.clip(_believed(found, error, usual), *SPREADS))
    return rho


def _believed(found: float, error: float, usual: float) -> float:
    """Mean of a spread that is not below zero, exponential about what is usual, measured with this normal error."""
    if error <= 0.0:
        return max(found, 0.0)
    middle = found - error * error / usual
    z = middle / error
    if z < FAR:
        # What was measured says nothing: the mean of the prior, in the limit.
        return error / -z
    return middle + error * float(np.exp(-z * z / 2.0 - log_ndtr(z))) / sqrt(2.0 * pi)
