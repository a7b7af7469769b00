"""The negative binomial by mean and dispersion: the distribution of daily and summed demand.

A count with mean ``mu`` and variance ``mu + alpha mu**2``; ``alpha = 0`` is the Poisson. In the textbook form it is the
number of failures before the ``r``-th success with ``r = 1 / alpha`` and ``p = 1 / (1 + alpha mu)`` (Johnson, Kemp and
Kotz, Univariate Discrete Distributions, ch. 5), and it is a Poisson whose rate is Gamma with mean ``mu`` and squared
coefficient of variation ``alpha`` (Greenwood and Yule, 1920). All arguments broadcast; results are float64 or int64.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

POISSON_BELOW: Final = 1e-9
"""Dispersion under which the Poisson form is used: the two differ by less than rounding."""

_LARGEST: Final = 2**52


def _checked(mu: npt.ArrayLike, alpha: npt.ArrayLike) -> tuple[Floats, Floats]:
    m, a = np.asarray(mu, dtype=np.float64), np.asarray(alpha, dtype=np.float64)
    if not (np.isfinite(m).all() and np.isfinite(a).all()):
        raise ValueError("mu and alpha must be finite: a forecast with NaN or infinity must not travel on")
    if (m < 0).any() or (a < 0).any():
        raise ValueError("mu and alpha cannot be below zero")
    return m, a


def variance(mu: npt.ArrayLike, alpha: npt.ArrayLike) -> Floats:
    """``mu + alpha mu**2``.

    Examples
    --------
    >>> float(variance(10.0, 0.5))
    60.0
    """
    m, a = _checked(mu, alpha)
    return np.asarray(m + a * m * m)


def log_pmf(k: npt.ArrayLike, mu: npt.ArrayLike, alpha: npt.ArrayLike) -> Floats:
    """Natural logarithm of P(X = k); minus infinity where k is below zero, or above zero while the mean is zero."""
    m, a = _checked(mu, alpha)
    x, m, a = np.broadcast_arrays(np.asarray(k, dtype=np.float64), m, a)
    inside = np.maximum(x, 0.0)
    poisson = a < POISSON_BELOW
    r = 1.0 / np.where(poisson, 1.0, a)
    am = a * m
    counted = special.xlogy(inside, m) - special.gammaln(inside + 1.0)
    # Gamma(r + k) / (Gamma(r) r**k) stays near 1 for small alpha, where its parts are huge: so keep them together.
    rising = special.gammaln(r + inside) - special.gammaln(r) - special.xlogy(inside, r)
    nb = counted + rising - (r + inside) * np.log1p(am)
    return np.asarray(np.where(x < 0, -np.inf, np.where(poisson, counted - m, nb)))


def pmf(k: npt.ArrayLike, mu: npt.ArrayLike, alpha: npt.ArrayLike) -> Floats:
    """P(X = k).

    Examples
    --------
    Alpha 1 is the geometric distribution; with mean 3 no demand has probability 1 / 4:

    >>> pmf([0, 1, 2], 3.0, 1.0).round(6).tolist()
    [0.25, 0.1875, 0.140625]
    """
    return np.asarray(np.exp(log_pmf(k, mu, alpha)))


def cdf(k: npt.ArrayLike, mu: npt.ArrayLike, alpha: npt.ArrayLike) -> Floats:
    """P(X <= k), by the regularised incomplete beta (Poisson: gamma) function."""
    return np.asarray(1.0 - sf(k, mu, alpha))


def sf(k: npt.ArrayLike, mu: npt.ArrayLike, alpha: npt.ArrayLike) -> Floats:
    """P(X > k), accurate in the far tail: also the chance that the (k+1)-th unit is wanted.

    Examples
    --------
    >>> round(float(sf(2, 3.0, 1.0)), 6)
    0.421875
    """
    m, a = _checked(mu, alpha)
    x, m, a = np.broadcast_arrays(np.floor(np.asarray(k, dtype=np.float64)), m, a)
    inside = np.maximum(x, 0.0)
    poisson = a < POISSON_BELOW
    am = a * m
    nb = special.betainc(inside + 1.0, 1.0 / np.where(poisson, 1.0, a), am / (1.0 + am))
    return np.asarray(np.where(x < 0, 1.0, np.where(poisson, special.gammainc(inside + 1.0, m), nb)))


def quantile(u: npt.ArrayLike, mu: npt.ArrayLike, alpha: npt.ArrayLike) -> Ints:
    """Smallest whole k with P(X <= k) >= u, by bisection on the exact distribution; `u` lies in (0, 1).

    Examples
    --------
    >>> quantile([0.5, 0.95], 3.0, 1.0).tolist()
    [2, 10]
    """
    m, a = _checked(mu, alpha)
    level, m, a = np.broadcast_arrays(np.asarray(u, dtype=np.float64), m, a)
    if not ((level > 0) & (level < 1)).all():
        raise ValueError("a quantile level lies between 0 and 1, both left out")
    # Compared in the upper tail, so that levels next to 1 are told apart.
    tail = 1.0 - level
    low = np.full(level.shape, -1, dtype=np.int64)
    high = np.ceil(m + 4.0 * np.sqrt(m + a * m * m)).astype(np.int64)
    while (short := sf(high, m, a) > tail).any():
        low = np.where(short, high, low)
        high = np.where(short, np.minimum(2 * high + 8, _LARGEST), high)
        if (high[short] >= _LARGEST).any():
            raise ValueError("a quantile lies beyond 2**52 units: the mean or the dispersion is out of all reason")
    while (apart := high - low > 1).any():
        middle = (low + high) // 2
        enough = sf(middle, m, a) <= tail
        high = np.where(apart & enough, middle, high)
        low = np.where(apart & ~enough, middle, low)
    return np.asarray(high)


def expected_shortage(stock: npt.ArrayLike, mu: npt.ArrayLike, alpha: npt.ArrayLike) -> Floats:
    """Units wanted beyond `stock`, E[(X - s)+], for whole s >= 0 (the loss function of inventory theory).

    Because ``k P(X = k; r) = mu P(X = k - 1; r + 1)`` with the same p, the sum over k > s closes:
    ``mu P(X' >= s) - s P(X > s)`` with X' negative binomial of size ``r + 1``.

    Examples
    --------
    Without stock all of the mean is short; the geometric with mean 3 keeps 3 (3/4)**s:

    >>> expected_shortage([0, 1, 4], 3.0, 1.0).round(6).tolist()
    [3.0, 2.25, 0.949219]
    """
    m, a = _checked(mu, alpha)
    s = np.asarray(stock, dtype=np.float64)
    # Size r + 1 with the same p: dispersion alpha / (1 + alpha), mean mu (1 + alpha).
    biased = sf(s - 1.0, m * (1.0 + a), a / (1.0 + a))
    return np.asarray(np.maximum(m * biased - s * sf(s, m, a), 0.0))
