r"""Up to which score a machine may decide alone, so that what it costs on average stays within a budget.

Each case has a score (the loss foretold) and, later, a loss. Let ``L_i(t)`` be the loss of case ``i`` where its score is at
most ``t``, and zero where it is above: then a person decides. The mean of ``L`` over ALL cases never falls as ``t`` grows.
We take the largest ``t`` for which "the true mean is above the budget" is refuted at a stated doubt.

The refutation is a bet. Let clusters (days, say) ``c`` have ``n_c`` cases and total loss ``L_c(t)``, of at most ``cap`` a
case. Whoever believes that the mean is at least ``m`` thinks ``1 - b (L_c - m n_c) / (n_max (cap - m))`` a fair stake at
worst, for any ``b`` in [0, 1]; so the product over clusters has an expectation of at most one, and reaches ``1 / doubt``
with a chance of at most ``doubt``. The product is averaged over ten fixed bets. As no bet depends on the data, the
evidence falls as ``t`` grows: the largest passing ``t`` is found by halving, ties of score stand or fall together, and the
guarantee holds for the ``t`` found, not only for one fixed before. It needs independent clusters with one mean, and no
shape of distribution; only the cap, which is why it must be stated.

References
----------
Bates, Angelopoulos, Lei, Malik and Jordan (2021), Distribution-free, risk-controlling prediction sets, J. ACM 68(6), for
thresholds of a monotone risk; Waudby-Smith and Ramdas (2024), Estimating means of bounded random variables by betting,
J. R. Stat. Soc. B 86(1), for the bound; Angelopoulos, Bates, Fisch, Lei and Schuster (2024), Conformal risk control, ICLR.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DOUBT: Final = 0.1
"""Chance, over calibrations, that the true mean is above the budget all the same."""
_BETS: Final = 0.999 * 2.0 ** -np.arange(10.0)
_WEIGHTS: Final = 2.0 ** -np.array([*range(1, 10), 9.0])


@dataclass(frozen=True, slots=True)
class RiskLimit:
    """The largest score that passes, and what was seen of it."""

    threshold: float | None
    """Cases up to it pass; None where nothing may."""
    mean: float
    """Mean loss over all cases, the escalated counting zero."""
    bound: float
    """The true mean is below this, unless the doubt came true; of no use (the cap) where nothing passes."""
    share: float
    """Share of cases that pass."""
    cases: int
    clusters: int
    capped: int
    """Clusters whose mean loss was above the cap and counted as the cap: the bound does not speak of the excess."""
    enough: bool
    """Whether there was enough to let anything pass; where not, that nothing does says nothing of the scores."""
    because: str
    """One sentence with the numbers."""


def risk_limit(
    score: npt.ArrayLike,
    loss: npt.ArrayLike,
    *,
    budget: float,
    cap: float,
    cluster: npt.ArrayLike | None = None,
    doubt: float = DOUBT,
) -> RiskLimit:
    """The largest threshold whose mean loss is below the budget, but for the doubt.

    Parameters
    ----------
    score, loss
        Foretold and true loss of each case, shape ``(case,)``; losses are zero or more. All three amounts of money (loss,
        budget, cap) have one unit; scores may have another.
    budget
        Most that the mean loss over all cases may be, above zero.
    cap
        Most that the mean loss of one cluster can be, with nothing escalated; above the budget. Where each case is a
        cluster of its own it is the most that one case can lose. It is a statement about the world: the data cannot show
        that worse never comes.
    cluster
        Code of the cluster of each case, any whole numbers. Cases that share what makes them go wrong belong together:
        the orders of one day share its prices. Without it each case is its own.
    doubt
        In (0, 1).

    Returns
    -------
    RiskLimit
        Its threshold is one of the scores seen: beyond the largest of them nothing is known.

    Examples
    --------
    A hundred clusters of one case each, and the ten of the highest scores lose 5: 0.5 a case. A hundred cases refute a mean
    above 1 with all of them in, and a mean above 0.5 only with the seven worst left out.

    >>> score = np.arange(100)
    >>> loss = np.where(score >= 90, 5.0, 0.0)
    >>> found = risk_limit(score, loss, budget=1.0, cap=10.0)
    >>> found.threshold, found.mean, round(found.bound, 2)
    (99.0, 0.5, 0.92)
    >>> risk_limit(score, loss, budget=0.5, cap=10.0).threshold
    92.0
    >>> risk_limit(score[:9], loss[:9], budget=1.0, cap=10.0).because
    '9 clusters are too few: with a cap of 10 even no loss at all refutes a mean above 1 only from 27 on'
    """
    scores, losses = np.asarray(score, np.float64), np.asarray(loss, np.float64)
    codes = np.arange(scores.size) if cluster is None else np.asarray(cluster)
    _refuse_nonsense(scores, losses, codes, budget, cap, doubt)
    if not scores.size:
        return RiskLimit(None, 0.0, cap, 0.0, 0, 0, 0, False, "nothing was seen yet: nothing passes")
    _, code, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    sums = _Sums(scores, losses, code, sizes.astype(np.float64), cap)
    tried = np.unique(scores)
    # Halving: `low` passes or is -1, `high` does not or is beyond the last.
    low, high = -1, tried.size
    while high - low > 1:
        middle = (low + high) // 2
        if evidence(sums.below(tried[middle]), sums.sizes, budget, cap) >= 1.0 / doubt:
            low = middle
        else:
            high = middle
    capped = sums.capped(tried[-1])
    if low < 0:
        enough = evidence(np.zeros(sizes.size), sums.sizes, budget, cap) >= 1.0 / doubt
        why = _nothing(sums, float(tried[0]), budget, cap, doubt, enough=enough)
        return RiskLimit(None, 0.0, cap, 0.0, scores.size, sizes.size, capped, enough, why)
    threshold = float(tried[low])
    passed = scores <= threshold
    mean, share = float(losses[passed].sum()) / scores.size, float(passed.mean())
    bound = upper_bound(sums.below(threshold), sums.sizes, cap, doubt)
    said = (
        f"up to {threshold:g}, {100 * share:.1f} % of {scores.size} cases in {sizes.size} clusters pass and lose"
        f" {mean:.4g} a case; the true mean is below {bound:.4g}, but for a chance of {doubt:g}, within {budget:g}"
    )
    return RiskLimit(threshold, mean, bound, share, scores.size, sizes.size, capped, True, said)


def evidence(lost: Floats, sizes: Floats, mean: float, cap: float) -> float:
    """Against a mean loss of `mean` or more: at least ``1 / doubt`` with a chance of at most ``doubt`` if it is true.

    Parameters
    ----------
    lost, sizes
        Total loss and number of cases of each cluster, shape ``(cluster,)``; ``lost <= cap * sizes``.

    Examples
    --------
    Two clusters that lost nothing, at a mean of 1 under a cap of 2: each doubles the largest bet.

    >>> round(evidence(np.zeros(2), np.ones(2), 1.0, 2.0), 2)
    2.9
    """
    stake = (lost - mean * sizes) / (sizes.max() * (cap - mean))
    logs = np.log1p(-_BETS[:, None] * stake).sum(axis=1)
    most = float(logs.max())
    # Past e^700 the exact figure means nothing more.
    return float(np.exp(min(most, 700.0)) * (_WEIGHTS @ np.exp(logs - most)))


def upper_bound(lost: Floats, sizes: Floats, cap: float, doubt: float = DOUBT) -> float:
    """The least mean that is refuted at this doubt, to a ten-thousandth of itself; the cap where none below it is."""
    low, high = float(lost.sum() / sizes.sum()), cap
    while high - low > 1e-4 * high:
        middle = (low + high) / 2.0
        if evidence(lost, sizes, middle, cap) >= 1.0 / doubt:
            high = middle
        else:
            low = middle
    return high


def clusters_needed(budget: float, cap: float, doubt: float = DOUBT) -> int:
    """Clusters of one size below which even no loss at all proves nothing.

    Examples
    --------
    >>> clusters_needed(1.0, 5.0), clusters_needed(1.0, 10.0)
    (13, 27)
    """
    count = 1
    while evidence(np.zeros(count), np.ones(count), budget, cap) < 1.0 / doubt:
        count = count + 1 if count < 100 else math.ceil(1.02 * count)
    return count


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Losses by cluster up to a threshold."""

    scores: Floats
    losses: Floats
    code: npt.NDArray[np.intp]
    sizes: Floats
    cap: float

    def below(self, threshold: float) -> Floats:
        return np.minimum(self._raw(threshold), self.cap * self.sizes)

    def capped(self, threshold: float) -> int:
        return int((self._raw(threshold) > self.cap * self.sizes).sum())

    def _raw(self, threshold: float) -> Floats:
        counted = np.where(self.scores <= threshold, self.losses, 0.0)
        return np.bincount(self.code, counted, minlength=self.sizes.size).astype(np.float64)


def _nothing(sums: _Sums, least: float, budget: float, cap: float, doubt: float, *, enough: bool) -> str:
    if not enough:
        need = clusters_needed(budget, cap, doubt)
        more = f"only from {need} on" if need > sums.sizes.size else "only where they are more alike in size"
        return (
            f"{sums.sizes.size} clusters are too few: with a cap of {cap:g} even no loss at all refutes a mean above"
            f" {budget:g} {more}"
        )
    alone = float(sums.below(least).sum() / sums.sizes.sum())
    return (
        f"nothing passes: the cases of the least score, {least:g}, alone lose {alone:.4g} a case, and a mean above"
        f" {budget:g} is not refuted"
    )


def _refuse_nonsense(
    scores: Floats, losses: Floats, codes: npt.NDArray[np.generic], budget: float, cap: float, doubt: float
) -> None:
    if scores.ndim != 1 or scores.shape != losses.shape or scores.shape != codes.shape:
        raise ValueError(f"each case has a score, a loss and a cluster: {scores.shape}, {losses.shape}, {codes.shape}")
    if not (np.isfinite(scores).all() and np.isfinite(losses).all()):
        raise ValueError("a score or a loss is not a number: leave such cases out, and say how many")
    if losses.size and losses.min() < 0:
        raise ValueError(f"a loss is zero or more, not {losses.min():g}")
    if not 0.0 < budget < cap or not math.isfinite(cap):
        raise ValueError(f"the budget lies between zero and the cap: {budget:g}, {cap:g}")
    if not 0.0 < doubt < 1.0:
        raise ValueError(f"the doubt is a chance between 0 and 1, not {doubt:g}")
