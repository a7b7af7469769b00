"""Draws integer demand paths, each cell from its own counter-based stream of random numbers.

The generator is SplitMix64 (Steele, Lea and Flood, 2014): its n-th output is a hash of a start value and n. The start
value is a hash of (seed, series, path, day), so any cell can be drawn again alone, in any order, on any thread.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

_STEP = np.uint64(0x9E3779B97F4A7C15)
_PATH = np.uint64(0xD1B54A32D192ED03)
_DAY = np.uint64(0x8CB92BA72F3D8DD7)
_WEEK = np.uint64(0xABC98388FB8FAC03)
_GROUP = np.uint64(0x2545F4914F6CDD1D)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)
_TO_UNIT = 2.0**-53
_WALK_MEAN = 60.0
"""Mean up to which a count is drawn by walking its probabilities with one uniform."""
_MOST = 2_000_000_000
"""Largest count that is drawn, so that it fits 32 bits."""
SCORE_END = 6.5
"""Normal scores at which the tables of levels begin and end."""
SCORE_STEPS_A_UNIT = 16
DAYS_A_WEEK = 7

# Coefficients of AS 241, highest power first, the leading ones in the functions below.
_MIDDLE_ABOVE = (
    3.3430575583588128105e4,
    6.7265770927008700853e4,
    4.5921953931549871457e4,
    1.3731693765509461125e4,
    1.9715909503065514427e3,
    1.3314166789178437745e2,
    3.3871328727963666080e0,
)
_MIDDLE_BELOW = (
    2.8729085735721942674e4,
    3.9307895800092710610e4,
    2.1213794301586595867e4,
    5.3941960214247511077e3,
    6.8718700749205790830e2,
    4.2313330701600911252e1,
    1.0,
)
_NEAR_ABOVE = (
    2.27238449892691845833e-2,
    2.41780725177450611770e-1,
    1.27045825245236838258e0,
    3.64784832476320460504e0,
    5.76949722146069140550e0,
    4.63033784615654529590e0,
    1.42343711074968357734e0,
)
_NEAR_BELOW = (
    5.47593808499534494600e-4,
    1.51986665636164571966e-2,
    1.48103976427480074590e-1,
    6.89767334985100004550e-1,
    1.67638483018380384940e0,
    2.05319162663775882187e0,
    1.0,
)
_FAR_ABOVE = (
    2.71155556874348757815e-5,
    1.24266094738807843860e-3,
    2.65321895265761230930e-2,
    2.96560571828504891230e-1,
    1.78482653991729133580e0,
    5.46378491116411436990e0,
    6.65790464350110377720e0,
)
_FAR_BELOW = (
    1.42151175831644588870e-7,
    1.84631831751005468180e-5,
    7.86869131145613259100e-4,
    1.48753612908506148525e-2,
    1.36929880922735805310e-1,
    5.99832206555887937690e-1,
    1.0,
)


@njit(cache=True, inline="always")
def mix(z: np.uint64) -> np.uint64:
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@njit(cache=True, inline="always")
def _uniform(state: np.uint64) -> float:
    """In (0, 1), never an end."""
    return (np.float64(mix(state) >> _S11) + 0.5) * _TO_UNIT


@njit(cache=True)
def _gamma(shape: float, state: np.uint64) -> tuple[float, np.uint64]:
    """Gamma with mean `shape`, by Marsaglia and Tsang (2000); below shape 1 by their boost."""
    boosted = shape + 1.0 if shape < 1.0 else shape
    d = boosted - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        state += _STEP
        radius = math.sqrt(-2.0 * math.log(_uniform(state)))
        state += _STEP
        x = radius * math.cos(2.0 * math.pi * _uniform(state))
        v = 1.0 + c * x
        if v <= 0.0:
            continue
        v = v * v * v
        state += _STEP
        if math.log(_uniform(state)) < 0.5 * x * x + d - d * v + d * math.log(v):
            break
    value = d * v
    if shape < 1.0:
        state += _STEP
        value *= _uniform(state) ** (1.0 / shape)
    return value, state


@njit(cache=True)
def _poisson_large(rate: float, state: np.uint64) -> tuple[int, np.uint64]:
    """Poisson for rates from 10 on: transformed rejection PTRS, Hoermann (1993)."""
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    vr = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        state += _STEP
        u = _uniform(state) - 0.5
        state += _STEP
        v = _uniform(state)
        us = 0.5 - abs(u)
        k = math.floor((2.0 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= vr:
            return int(k), state
        if k < 0 or (us < 0.013 and v > us):
            continue
        if math.log(v * inverse_alpha / (a / (us * us) + b)) <= k * log_rate - rate - math.lgamma(k + 1.0):
            return int(k), state


@njit(cache=True)
def _walked(mean: float, alpha: float, u: float) -> int:
    """Inversion: the same uniform gives a count that never falls when the mean rises."""
    p = math.exp(-math.log1p(alpha * mean) / alpha) if alpha > 1e-9 else math.exp(-mean)
    ratio = mean / (1.0 + alpha * mean)
    total = p
    k = 0
    while u > total:
        p *= ratio * (1.0 + alpha * k) / (k + 1.0)
        k += 1
        total += p
        if p < 1e-18 and k > mean:
            break
    return k


@njit(cache=True)
def _count(mean: float, alpha: float, state: np.uint64) -> int:
    """One negative binomial count with this mean and dispersion."""
    if mean <= 0.0:
        return 0
    if mean <= _WALK_MEAN:
        u = _uniform(state + _STEP)
        # No demand has probability exp(-mean) or more, which these terms never exceed: most days of slow sellers end here.
        if u <= 1.0 - mean * (1.0 - mean * (0.5 - mean / 6.0)):
            return 0
        return _walked(mean, alpha, u)
    rate = mean
    if alpha > 1e-9:
        gamma, state = _gamma(1.0 / alpha, state)
        rate = mean * alpha * gamma
    if rate < 10.0:
        return _walked(rate, 0.0, _uniform(state + _STEP))
    count, state = _poisson_large(min(rate, 0.99 * _MOST), state)
    return min(count, _MOST)


@njit(cache=True)
def _tail_score(p: float) -> float:
    """Normal quantile of a small probability p, the tail of Wichura's (1988) algorithm AS 241, PPND16; below zero."""
    r = math.sqrt(-math.log(p))
    if r <= 5.0:
        r -= 1.6
        above = 7.7454501427834140764e-4
        for c in _NEAR_ABOVE:
            above = above * r + c
        below = 1.05075007164441684324e-9
        for c in _NEAR_BELOW:
            below = below * r + c
    else:
        r -= 5.0
        above = 2.01033439929228813265e-7
        for c in _FAR_ABOVE:
            above = above * r + c
        below = 2.04426310338993978564e-15
        for c in _FAR_BELOW:
            below = below * r + c
    return float(-above / below)


@njit(cache=True)
def score(u: float) -> float:
    """Normal quantile of u, rising in u: one uniform, one score, so that what shares a uniform moves together."""
    q = u - 0.5
    if abs(q) > 0.425:
        return _tail_score(u) if q < 0.0 else -_tail_score(1.0 - u)
    r = 0.180625 - q * q
    above = 2.5090809287301226727e3
    for c in _MIDDLE_ABOVE:
        above = above * r + c
    below = 5.2264952788528545610e3
    for c in _MIDDLE_BELOW:
        below = below * r + c
    return float(q * above / below)


@njit(cache=True, inline="always")
def _looked_up(table: npt.NDArray[np.float64], z: float) -> float:
    """The level of a normal score, between the knots of its row."""
    at = (min(max(z, -SCORE_END), SCORE_END) + SCORE_END) * SCORE_STEPS_A_UNIT
    k = min(int(at), table.size - 2)
    return float(table[k] + (at - k) * (table[k + 1] - table[k]))


@njit(cache=True)
def draw(
    mu: npt.NDArray[np.float64],
    left: npt.NDArray[np.float64],
    levels: npt.NDArray[np.float64],
    row: npt.NDArray[np.int64],
    drift: npt.NDArray[np.float64],
    shared: npt.NDArray[np.float64],
    keys: npt.NDArray[np.uint64],
    groups: npt.NDArray[np.uint64],
    seed: np.uint64,
    first_path: int,
    out: npt.NDArray[np.int32],
) -> None:
    """Fill ``out[series, path, day]``.

    Parameters
    ----------
    left
        Dispersion left for the days of each week beside the level's, shape ``(series, week)``.
    levels, row
        Level at each normal score, one row a variance, and the row of each series; row -1 is a level of 1.
    drift
        Standard deviation of the logarithm of a week's change of level, shape ``(series,)``.
    shared
        Correlation of the scores of series with the same `groups`, shape ``(series,)``.
    """
    days = mu.shape[1]
    for i in range(mu.shape[0]):
        series = mix(mix(keys[i] + _STEP) ^ seed)
        group = mix(mix(groups[i] + _GROUP) ^ seed)
        ours, own = math.sqrt(shared[i]), math.sqrt(1.0 - shared[i])
        for s in range(out.shape[1]):
            turn = np.uint64(first_path + s + 1) * _PATH
            path, together = mix(series + turn), mix(group + turn)
            level = 1.0
            for d in range(days):
                week = d // DAYS_A_WEEK
                if d % DAYS_A_WEEK == 0 and (drift[i] > 0.0 if week else row[i] >= 0):
                    step = np.uint64(week + 1) * _WEEK
                    z = score(_uniform(path + step))
                    if ours > 0.0:
                        z = own * z + ours * score(_uniform(together + step))
                    if week:
                        level *= math.exp(drift[i] * z - 0.5 * drift[i] * drift[i])
                    else:
                        level = _looked_up(levels[row[i]], z)
                out[i, s, d] = _count(mu[i, d] * level, left[i, week], mix(path + np.uint64(d + 1) * _DAY))
