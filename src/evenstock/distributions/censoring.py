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
    """Share still going after each value: a step function, and a small share that may outlast all that was seen."""

    at: Floats
    """Values of the steps, rising, shape ``(step,)``."""
    share: Floats
    """Share that outlasts each of them by what was seen, falling to zero, shape ``(step,)``."""
    longest: float
    """Largest value seen to end; what may outlast all lies beyond it."""
    tail: float
    """Mean by which that exceeds it, exponentially; in the unit of the values, above zero."""
    doubt: float
    """Share of what may outlast all that was seen."""

    def after(self, value: npt.ArrayLike) -> Floats:
        """Share that outlasts each value; shape of `value`."""
        v = np.asarray(value, dtype=np.float64)
        seen = np.concatenate([[1.0], self.share])[np.searchsorted(self.at, v, side="right")]
        found: Floats = (1.0 - self.doubt) * seen + self.doubt * self._beyond(v)
        return found

    def mean_beyond(self, value: npt.ArrayLike) -> Floats:
        """Mean of those that outlast each value, E[T | T > value]; shape of `value`. Never below `value`."""
        v = np.asarray(value, dtype=np.float64)
        alive = np.concatenate([[1.0], self.share])
        seen = np.append(np.cumsum((-np.diff(alive) * self.at)[::-1])[::-1], 0.0)
        k = np.searchsorted(self.at, v, side="right")
        unseen = self.doubt * self._beyond(v)
        left = (1.0 - self.doubt) * seen[k] + unseen * (np.maximum(v, self.longest) + self.tail)
        total = (1.0 - self.doubt) * alive[k] + unseen
        certain = total > 1e-12
        return np.where(certain, np.maximum(left / np.where(certain, total, 1.0), v), v + self.tail)

    def _beyond(self, value: Floats) -> Floats:
        fading: Floats = np.exp(-np.maximum(value - self.longest, 0.0) / self.tail)
        return fading


def product_limit(value: Floats, ended: Flags, weight: Floats, *, doubt: float = 0.0) -> Survival:
    """Kaplan-Meier estimate from weighted values, of which those not `ended` are only known to be larger.

    One that is not over counts among those that might still have ended, up to its value: leaving it out instead would
    let everything look shorter than it is. One that has gone on longer than anything that ended counts as ending at its
    value: the least it can be. At equal values what ended comes before what did not.

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
    Kaplan and Meier (1958), JASA 53, eq. 2b; Efron (1967) for what outlasts the last one that ended, here each at its own
    value; the exponential tail follows Brown, Hollander and Korwar (1974); the extra weight is the point at infinity of
    Tibshirani, Barber, Candès and Ramdas (2019), Conformal prediction under covariate shift, eq. 8.

    Examples
    --------
    Of four parcels one arrives after 1 day, one is still under way after 2, two arrive after 3 and 4. One in four has
    arrived after a day; of the two left that can arrive, one does on day 3: 3/4 x 1/2.

    >>> s = product_limit(np.array([1.0, 2, 3, 4]), np.array([True, False, True, True]), np.ones(4))
    >>> s.after([0, 1, 2, 3, 4]).tolist()
    [1.0, 0.75, 0.75, 0.375, 0.0]
    """
    heavy = weight > 0
    if not (ended & heavy).any():
        raise ValueError("nothing has ended yet: no distribution can be learned; wait, or start from a prior")
    v, e, w = value[heavy], ended[heavy], weight[heavy]
    order = np.lexsort((~e, v))
    v, e, w = v[order], e[order], w[order]
    longest = float(v[e][-1])
    steps = e | (v > longest)
    at_risk = np.cumsum(w[::-1])[::-1]
    # Rounding in the running sum must not leave a hair alive where the last one has ended.
    hazard = np.where(steps, w / np.maximum(at_risk, w), 0.0)
    hazard[hazard > 1.0 - 1e-12] = 1.0
    alive = np.cumprod(1.0 - hazard)
    if v[-1] <= longest:
        # What is under way as long as the longest that ended ends there too.
        alive[v >= longest] = 0.0
    last = np.append(v[steps][1:] != v[steps][:-1], True)
    return Survival(v[steps][last], alive[steps][last], longest, _tail(v[e], w[e]), doubt / (at_risk[0] + doubt))


def _tail(value: Floats, weight: Floats) -> float:
    """Mean excess over the value that the upper tenth lies above, never below a hundredth of the spread."""
    total = np.cumsum(weight)
    start = min(int(np.searchsorted(total, (1.0 - TAIL_SHARE) * total[-1])), value.size - 1)
    above, w = value[start:] - value[start], weight[start:]
    spread = float(value[-1] - value[0])
    return max(float(above @ w / w.sum()), 0.01 * spread, 1e-3)
