"""The distribution of durations of which some are not over yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

TAIL_SHARE: Final = 0.1
"""Upper share of the distribution from which the tail beyond the last value seen to end is continued."""


@dataclass(frozen=True, slots=True)
class Survival:
    """Share still going after each value: a step function, continued by an exponential tail beyond the last step."""

    at: Floats
    """Values at which something ended, rising, shape ``(step,)``."""
    share: Floats
    """Share that outlasts each of them, falling, shape ``(step,)``."""
    tail: float
    """Mean by which those that outlast the last value exceed it; in the unit of the values, above zero."""

    def after(self, value: npt.ArrayLike) -> Floats:
        """Share that outlasts each value; shape of `value`."""
        v = np.asarray(value, dtype=np.float64)
        found: Floats = np.concatenate([[1.0], self.share])[np.searchsorted(self.at, v, side="right")]
        beyond: Floats = np.exp(-np.maximum(v - self.at[-1], 0.0) / self.tail)
        return found * beyond

    def mean_beyond(self, value: npt.ArrayLike) -> Floats:
        """Mean of those that outlast each value, E[T | T > value]; shape of `value`. Never below `value`."""
        v = np.asarray(value, dtype=np.float64)
        mass = -np.diff(np.concatenate([[1.0], self.share]))
        left = np.append(np.cumsum((mass * self.at)[::-1])[::-1], 0.0) + self.share[-1] * (self.at[-1] + self.tail)
        alive = np.concatenate([[1.0], self.share])
        k = np.searchsorted(self.at, v, side="right")
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = left[k] / alive[k]
        beyond = v >= self.at[-1]
        return np.where(beyond | ~np.isfinite(mean), v + self.tail, np.maximum(mean, v))


def product_limit(value: Floats, ended: Flags, weight: Floats, *, doubt: float = 0.0) -> Survival:
    """Kaplan-Meier estimate from weighted values, of which those not `ended` are only known to be larger.

    One that is not over counts among those that might still have ended, up to its value: leaving it out instead would
    let everything look shorter than it is. At equal values what ended comes before what did not.

    Parameters
    ----------
    value, ended, weight
        Shape ``(observation,)``; values finite, weights not below zero.
    doubt
        Weight of one more observation, larger than all: the conformal margin for the next one, who may be that. With n
        equal weights and ``doubt=1`` the share up to the k-th of n values is ``k / (n + 1)``. Where it lies the tail says.

    Raises
    ------
    ValueError
        If nothing with a weight has ended.

    References
    ----------
    Kaplan and Meier (1958), JASA 53, eq. 2b; the exponential tail follows Brown, Hollander and Korwar (1974); the extra
    weight is the point at infinity of Tibshirani, Barber, Candès and Ramdas (2019), Conformal prediction under
    covariate shift, eq. 8.

    Examples
    --------
    Of four parcels one arrives after 1 day, one is still under way after 2, two arrive after 3 and 4. One in four has
    arrived after a day; of the two left that can arrive, one does on day 3: 3/4 x 1/2.

    >>> s = product_limit(np.array([1.0, 2, 3, 4]), np.array([True, False, True, True]), np.ones(4))
    >>> s.after([0, 1, 2, 3, 4]).tolist()
    [1.0, 0.75, 0.75, 0.375, 0.0]
    """
    counts = ended & (weight > 0)
    if not counts.any():
        raise ValueError("nothing has ended yet: no distribution can be learned; wait, or start from a prior")
    order = np.lexsort((~ended, value))
    v, e, w = value[order], ended[order], weight[order]
    at_risk = np.cumsum(w[::-1])[::-1]
    # Rounding in the running sum must not leave a hair alive where the last one has ended.
    hazard = np.where(e & (w > 0), w / np.maximum(at_risk, w), 0.0)
    hazard[hazard > 1.0 - 1e-12] = 1.0
    alive = np.cumprod(1.0 - hazard)
    kept = e & (w > 0)
    last = np.append(v[kept][1:] != v[kept][:-1], True)
    at, share = v[kept][last], (alive[kept][last] * at_risk[0] + doubt) / (at_risk[0] + doubt)
    return Survival(at, share, _tail(v[kept], w[kept]))


def _tail(value: Floats, weight: Floats) -> float:
    """Mean excess over the value that the upper tenth lies above, never below a hundredth of the spread."""
    total = np.cumsum(weight)
    start = min(int(np.searchsorted(total, (1.0 - TAIL_SHARE) * total[-1])), value.size - 1)
    above, w = value[start:] - value[start], weight[start:]
    spread = float(value[-1] - value[0])
    return max(float(above @ w / w.sum()), 0.01 * spread, 1e-3)
