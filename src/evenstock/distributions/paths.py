"""Integer sample paths of demand that can be drawn again, exactly, from their parameters and a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.distributions import negative_binomial as nb
from evenstock.distributions.path_kernel import draw

MAX_DAILY_MEAN: Final = 1e7
"""Largest mean of a day, so that a day's draw stays far within 32 bits."""


def key_hashes(keys: Iterable[tuple[str, ...]]) -> npt.NDArray[np.uint64]:
    """A 64-bit name for each series (such as (sku, node)), the same on every machine and in every run.

    Examples
    --------
    >>> int(key_hashes([("MUG", "TX")])[0])
    9179910084872173061
    """
    return np.array(
        [int.from_bytes(hashlib.blake2b("\x1f".join(key).encode(), digest_size=8).digest(), "little") for key in keys],
        dtype=np.uint64,
    )


def daily_dispersion(alpha: npt.ArrayLike, path_variance: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Dispersion left for the days once a path's own factor has variance v: ``(alpha - v) / (1 + v)``.

    A day given the factor G has mean ``mu G`` and variance ``mu G + a mu**2 G**2``; over G the variance becomes
    ``mu + (a (1 + v) + v) mu**2``, which is ``mu + alpha mu**2`` again.
    """
    a, v = np.asarray(alpha, dtype=np.float64), np.asarray(path_variance, dtype=np.float64)
    return np.asarray((a - v) / (1.0 + v))


def sample_paths(
    mu: npt.NDArray[np.float64],
    alpha: npt.NDArray[np.float64],
    path_variance: npt.NDArray[np.float64],
    *,
    n_paths: int,
    seed: int,
    keys: npt.NDArray[np.uint64],
    first_path: int = 0,
) -> npt.NDArray[np.int32]:
    """Demand in whole units, shape ``(series, path, day)``.

    Each path has one level factor for all its days, Gamma with mean 1 and the series' `path_variance`; given it the days
    are independent negative binomials. Every day keeps mean ``mu`` and variance ``mu + alpha mu**2``; the total of all
    days has variance ``sum mu + (alpha - v) sum mu**2 + v (sum mu)**2``.

    Parameters
    ----------
    mu
        Mean units, shape ``(series, day)``, from 0 to `MAX_DAILY_MEAN`.
    alpha, path_variance
        Shape ``(series,)``; ``0 <= path_variance <= alpha``.
    n_paths, first_path
        Paths ``first_path .. first_path + n_paths - 1`` are drawn.
    seed
        From 0 to 2**64 - 1.
    keys
        `key_hashes` of the series. A cell depends on (seed, key, path, day) and its own parameters only: any subset, in
        any order or chunk, is what the whole would have been.
    """
    m = np.ascontiguousarray(mu, dtype=np.float64)
    a, v = np.asarray(alpha, dtype=np.float64), np.asarray(path_variance, dtype=np.float64)
    if m.ndim != 2 or not a.shape == v.shape == keys.shape == m.shape[:1]:
        raise ValueError(f"mu is (series, day); alpha {a.shape}, path variance {v.shape}, keys {keys.shape} do not fit")
    nb.variance(m, a[:, None])
    if m.size and m.max() > MAX_DAILY_MEAN:
        raise ValueError(f"a daily mean above {MAX_DAILY_MEAN:,.0f} units: look for a spike in this history")
    if not ((v >= 0) & (v <= a)).all():
        raise ValueError("the path variance lies between 0 and alpha, so that a day keeps its own variance")
    if n_paths < 1 or first_path < 0 or not 0 <= seed < 2**64:
        raise ValueError("at least one path, counted from 0, and a seed from 0 to 2**64 - 1")
    out = np.empty((m.shape[0], n_paths, m.shape[1]), dtype=np.int32)
    left = np.ascontiguousarray(daily_dispersion(a, v))
    draw(m, left, np.ascontiguousarray(v), np.ascontiguousarray(keys), np.uint64(seed), first_path, out)
    return out
