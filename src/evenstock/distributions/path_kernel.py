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
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)
_TO_UNIT = 2.0**-53
_WALK_MEAN = 60.0
"""Mean up to which a count is drawn by walking its probabilities with one uniform."""


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
        return _walked(mean, alpha, _uniform(state + _STEP))
    rate = mean
    if alpha > 1e-9:
        gamma, state = _gamma(1.0 / alpha, state)
        rate = mean * alpha * gamma
    if rate < 10.0:
        return _walked(rate, 0.0, _uniform(state + _STEP))
    count, state = _poisson_large(rate, state)
    return count


@njit(cache=True)
def draw(
    mu: npt.NDArray[np.float64],
    alpha: npt.NDArray[np.float64],
    path_variance: npt.NDArray[np.float64],
    keys: npt.NDArray[np.uint64],
    seed: np.uint64,
    first_path: int,
    out: npt.NDArray[np.int32],
) -> None:
    """Fill ``out[series, path, day]``; `alpha` is the daily dispersion that is left beside the path's own factor."""
    for i in range(mu.shape[0]):
        series = mix(mix(keys[i] + _STEP) ^ seed)
        v = path_variance[i]
        for s in range(out.shape[1]):
            path = mix(series + np.uint64(first_path + s + 1) * _PATH)
            level = 1.0
            if v > 1e-12:
                gamma, _ = _gamma(1.0 / v, path)
                level = gamma * v
            for d in range(mu.shape[1]):
                out[i, s, d] = _count(mu[i, d] * level, alpha[i], mix(path + np.uint64(d + 1) * _DAY))
