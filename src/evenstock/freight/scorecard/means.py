"""Means in cells that lie within one another, each drawn to the cells it is part of as far as its own are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from evenstock.freight.scorecard.nesting import parents, totals

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

ROUNDS: Final = 8
NOWHERE: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Means:
    """Posterior of each cell's mean, a normal distribution, shape ``(cell,)``."""

    mean: Floats
    sd: Floats
    spread: Floats
    """Standard deviation of each level's cells within their parent, broad to narrow, shape ``(level,)``."""

    def interval(self, level: float = 0.9) -> tuple[Floats, Floats]:
        """Ends of the central credible interval."""
        reach = float(ndtri(0.5 + level / 2)) * self.sd
        return self.mean - reach, self.mean + reach


def nested_means(mean: Floats, cases: Floats, variance: Floats, path: Sequence[Codes]) -> Means:
    """Posterior mean of each cell under a hierarchy of normal distributions.

    Parameters
    ----------
    mean
        Mean of each cell's own cases, shape ``(cell,)``; any number where it has none.
    cases
        How many they are.
    variance
        Of one case within its cell, above zero; the same for all cells of a service, say.
    path
        As in `shares.nested_shares`.

    Notes
    -----
    Variances between the children of a level by moments, pooled over parents; what a cell is drawn to is its parent
    without the cell itself. A cell without cases gets what the others say, with their doubt.

    References
    ----------
    DerSimonian and Laird (1986), Controlled Clinical Trials 7, 177-188, eq. 8; Morris (1983), JASA 78, sec. 2.

    Examples
    --------
    Three lanes of one service cost 10.00, 12.00 and 14.00 over 100 parcels each that vary by 3.00 around their lane's
    mean; they keep their own. A fourth with one parcel at 20.00 is drawn most of the way to the others.

    >>> lanes = np.array([1000.0, 1200.0, 1400.0, 2000.0])
    >>> said = nested_means(lanes, np.array([100.0, 100, 100, 1]), np.full(4, 300.0**2), [np.zeros(4, np.int64)])
    >>> said.mean.round().tolist()
    [1003.0, 1201.0, 1399.0, 1665.0]
    """
    above = parents(mean.size, path)
    own, sure = np.where(cases > 0, mean, 0.0), np.where(cases > 0, cases / np.maximum(variance, NOWHERE), 0.0)
    up: list[tuple[Floats, Floats]] = []
    sums: list[tuple[Floats, Floats]] = []
    between = np.zeros(len(above))
    y, precise = own, sure
    for j in range(len(above) - 1, -1, -1):
        between[j] = _between(y, precise, above[j])
        told = precise / (1.0 + precise * between[j])
        up.insert(0, (told * y, told))
        total, weighted = totals(told, above[j]), totals(told * y, above[j])
        sums.insert(0, (weighted, total))
        y, precise = np.divide(weighted, total, out=np.zeros_like(total), where=total > 0), total
    # Nothing is known above all cells: a prior of no weight at their mean.
    centre, worth = y.copy(), np.full(1, NOWHERE)
    for j, parent in enumerate(above):
        (weighted, total), (said, told) = sums[j], up[j]
        others = np.maximum(worth[parent] + total[parent] - told, NOWHERE)
        centre = ((worth * centre)[parent] + weighted[parent] - said) / others
        worth = 1.0 / (1.0 / others + between[j])
    precision = worth + sure
    return Means((worth * centre + sure * own) / precision, 1.0 / np.sqrt(precision), np.sqrt(between))


def _between(y: Floats, precise: Floats, parent: Codes) -> float:
    """Variance of children about their parent's mean beyond their own error, pooled over parents."""
    seen = precise > 0
    y, precise, parent = y[seen], precise[seen], parent[seen]
    found = 0.0
    for _ in range(ROUNDS):
        w = precise / (1.0 + precise * found)
        total = totals(w, parent)
        mean = np.divide(totals(w * y, parent), total, out=np.zeros_like(total), where=total > 0)[parent]
        left = w * w * (1.0 - w / total[parent])
        size = float(left.sum())
        if size <= NOWHERE * float((w * w).sum()):
            return found
        found = max(0.0, (float((w * w * (y - mean) ** 2).sum()) - float((left / precise).sum())) / size)
    return found
