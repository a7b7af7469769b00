"""Rates of orders corrected by the orders that came."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]

TRUST: Final = 0.1
"""Share of the horizon after which what was seen counts as much as what was foretold."""


def learned_rate(foretold: Real, seen: Real, elapsed: float, horizon: float, trust: float = TRUST) -> Real:
    r"""Orders a period, of each kind, as foretold and as seen so far.

    .. math:: \lambda = (1 - w) \lambda_0 + w \frac{n}{t}, \quad w = \frac{t}{t + \theta T}

    Parameters
    ----------
    foretold : orders a period, any shape.
    seen : orders that came in the `elapsed` periods, the same shape.
    horizon : periods in all, from the replenishment before to the next.
    trust : share of the horizon; 0 believes only what was seen.

    Raises
    ------
    ValueError
        If shapes differ, or the times or the trust are below zero.

    Examples
    --------
    Foretold 2 a day over 100 days; after 10 days 40 came. Weight 10 / (10 + 0.1 · 100) = 1/2, so (2 + 4) / 2 a day.

    >>> learned_rate(np.array([2.0]), np.array([40.0]), 10, 100)
    array([3.])
    """
    if foretold.shape != seen.shape or elapsed < 0 or horizon <= 0 or trust < 0:
        raise ValueError(
            "rates foretold and seen have one shape; periods, their horizon and the trust are not negative"
        )
    if elapsed == 0:
        return foretold.astype(np.float64)
    share = elapsed / (elapsed + trust * horizon)
    return np.asarray((1.0 - share) * foretold + share * seen / elapsed)
