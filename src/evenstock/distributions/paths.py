"""Integer sample paths of demand that can be drawn again, exactly, from their parameters and a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.distributions import levels
from evenstock.distributions import negative_binomial as nb
from evenstock.distributions.path_kernel import DAYS_A_WEEK, draw

Floats = npt.NDArray[np.float64]

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


def level_variance(path_variance: npt.ArrayLike, drift: npt.ArrayLike, weeks: int) -> Floats:
    """Variance of a path's level in each week ahead, ``(1 + v) (1 + w)**k - 1``, shape ``(series, week)``.

    Examples
    --------
    >>> level_variance(np.array([0.2]), np.array([0.1]), 3).round(3).tolist()
    [[0.2, 0.32, 0.452]]
    """
    v, w = np.asarray(path_variance, dtype=np.float64), np.asarray(drift, dtype=np.float64)
    return np.asarray((1.0 + v)[:, None] * (1.0 + w)[:, None] ** np.arange(weeks) - 1.0)


def daily_dispersion(alpha: npt.ArrayLike, path_variance: npt.ArrayLike) -> Floats:
    """Dispersion left for the days once their level has variance V: ``max(alpha - V, 0) / (1 + V)``.

    A day given the level G has mean ``mu G`` and variance ``mu G + a mu**2 G**2``; over G the variance becomes
    ``mu + (a (1 + V) + V) mu**2``, which is ``mu + alpha mu**2`` again, or ``mu + V mu**2`` where V is the larger.
    """
    a, v = np.asarray(alpha, dtype=np.float64), np.asarray(path_variance, dtype=np.float64)
    return np.asarray(np.maximum(a - v, 0.0) / (1.0 + v))


def sample_paths(
    mu: Floats,
    alpha: Floats,
    path_variance: Floats,
    *,
    n_paths: int,
    seed: int,
    keys: npt.NDArray[np.uint64],
    first_path: int = 0,
    drift: Floats | None = None,
    shared: Floats | None = None,
    groups: npt.NDArray[np.uint64] | None = None,
) -> npt.NDArray[np.int32]:
    """Demand in whole units, shape ``(series, path, day)``.

    Each path has a level that multiplies the means of its days. In the first week it is Gamma with mean 1 and variance
    ``v``, the series' `path_variance`; each week after it is multiplied by a lognormal with mean 1 and variance ``w``, its
    `drift`. So week k has a level with mean 1 and variance ``V_k = (1 + v) (1 + w)**k - 1``, and two weeks have the
    covariance ``V`` of the earlier (a martingale). Given the level, days are independent negative binomials. Every day
    keeps its mean ``mu`` and has variance ``mu + max(alpha, V) mu**2``; the total of the days has variance
    ``sum_d mu_d + sum_d max(alpha - V_d, 0) mu_d**2 + sum_de V_min(d,e) mu_d mu_e``.

    A day's draw is cut at two thousand million units, which no sensible mean with a sensible level comes near.

    Series of one group (the nodes of a SKU) share part of their level: the normal scores from which levels are looked up
    have the correlation `shared` between two series that both have it (``sqrt(r_i r_j)`` where they differ). Given their
    levels, series are independent.

    Parameters
    ----------
    mu
        Mean units, shape ``(series, day)``, from 0 to `MAX_DAILY_MEAN`.
    alpha, path_variance
        Shape ``(series,)``; ``0 <= path_variance <= alpha``, and at most `levels.MOST_VARIANCE`.
    n_paths, first_path
        Paths ``first_path .. first_path + n_paths - 1`` are drawn.
    seed
        From 0 to 2**64 - 1.
    keys, groups
        `key_hashes` of the series and of what they belong to; a series without a group stands alone. A cell depends on
        (seed, key, group, path, day) and its own parameters only: any subset, in any order or chunk, is what the whole
        would have been.
    drift
        Variance of the level's relative change a week, shape ``(series,)``, 0 to 1; none where not given.
    shared
        Shape ``(series,)``, 0 to 1; none where not given. It needs `groups`.

    References
    ----------
    The correlation through scores is a normal copula: Cario and Nelson (1997), Modeling and generating random vectors with
    arbitrary marginal distributions and correlation matrix.
    """
    m = np.ascontiguousarray(mu, dtype=np.float64)
    a, v = np.asarray(alpha, dtype=np.float64), np.asarray(path_variance, dtype=np.float64)
    w = np.zeros_like(a) if drift is None else np.asarray(drift, dtype=np.float64)
    r = np.zeros_like(a) if shared is None or groups is None else np.asarray(shared, dtype=np.float64)
    of = keys if groups is None else groups
    _refuse_nonsense(m, a, v, w, r, keys, of)
    if n_paths < 1 or first_path < 0 or not 0 <= seed < 2**64:
        raise ValueError("at least one path, counted from 0, and a seed from 0 to 2**64 - 1")
    out = np.empty((m.shape[0], n_paths, m.shape[1]), dtype=np.int32)
    weeks = -(-m.shape[1] // DAYS_A_WEEK)
    rows, row = levels.table(v)
    draw(
        m,
        np.ascontiguousarray(daily_dispersion(a[:, None], level_variance(v, w, weeks))),
        rows,
        row,
        np.sqrt(np.log1p(w)),
        np.ascontiguousarray(r),
        np.ascontiguousarray(keys),
        np.ascontiguousarray(of),
        np.uint64(seed),
        first_path,
        out,
    )
    return out


def _refuse_nonsense(
    m: Floats,
    a: Floats,
    v: Floats,
    w: Floats,
    r: Floats,
    keys: npt.NDArray[np.uint64],
    of: npt.NDArray[np.uint64],
) -> None:
    """The parameters of `sample_paths`, in its order and its letters."""
    if m.ndim != 2 or not a.shape == v.shape == w.shape == r.shape == keys.shape == of.shape == m.shape[:1]:
        raise ValueError(f"mu is (series, day); alpha {a.shape}, path variance {v.shape}, keys {keys.shape} do not fit")
    nb.variance(m, a[:, None])
    if m.size and m.max() > MAX_DAILY_MEAN:
        raise ValueError(f"a daily mean above {MAX_DAILY_MEAN:,.0f} units: look for a spike in this history")
    if not ((v >= 0) & (v <= np.minimum(a, levels.MOST_VARIANCE))).all():
        raise ValueError("the path variance lies between 0 and alpha, so that a day keeps its own variance")
    if not ((w >= 0) & (w <= 1) & (r >= 0) & (r <= 1)).all():
        raise ValueError("drift and shared lie between 0 and 1")
