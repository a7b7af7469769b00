"""Walks the probabilities of each negative binomial once and notes where it passes each level."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

WALK_MEAN = 400.0
"""Largest mean that is walked: above it P(X = 0) of a Poisson nears the smallest float and the walk grows long."""
WALK_STEPS = 20_000


@njit(cache=True)
def walk(
    mu: npt.NDArray[np.float64],
    alpha: npt.NDArray[np.float64],
    levels: npt.NDArray[np.float64],
    out: npt.NDArray[np.int32],
) -> int:
    """Fill ``out[i, d, j]``, the `levels[j]` quantile at mean ``mu[i, d]``; returns how many cells it left at -1.

    ``p(k+1) / p(k) = (mu / (1 + alpha mu)) (1 + alpha k) / (k + 1)``, for the Poisson too.
    """
    left = 0
    for i in range(mu.shape[0]):
        a = alpha[i]
        for d in range(mu.shape[1]):
            m = mu[i, d]
            if d > 6 and m == mu[i, d - 7]:
                # A week repeats itself wherever nothing but the weekday matters.
                for j in range(levels.size):
                    out[i, d, j] = out[i, d - 7, j]
                left += int(out[i, d, levels.size - 1] < 0)
                continue
            if m > WALK_MEAN:
                out[i, d, :] = -1
                left += 1
                continue
            p = math.exp(-math.log1p(a * m) / a) if a > 1e-9 else math.exp(-m)
            ratio = m / (1.0 + a * m)
            k = 0
            total = p
            for j in range(levels.size):
                while total < levels[j] and k < WALK_STEPS:
                    p *= ratio * (1.0 + a * k) / (k + 1.0)
                    k += 1
                    total += p
                out[i, d, j] = k
            if k >= WALK_STEPS:
                out[i, d, :] = -1
                left += 1
    return left
