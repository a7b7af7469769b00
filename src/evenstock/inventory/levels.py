"""The uncertain level of demand as a few weighted points, so that a slow month is not mistaken for an empty shelf."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

POINTS: Final = 12
_GRID: Final = np.geomspace(1e-3, 4.0, 830)
"""Variances that points are worked out for, one percent apart; each series takes the nearest below it."""


def level_points(variance: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Points and weights that stand for a Gamma level factor with mean 1, each ``(series, POINTS)``.

    Gauss quadrature for the Gamma density (generalised Laguerre; Golub and Welsch, 1969): polynomials up to degree
    23 are averaged exactly, and closely so is the chance of a zero run, ``E exp(-s G) = (1 + v s) ** (-1/v)``: within
    2 % up to ten units expected for variances up to one half, and too low beyond, where nobody doubts any more.

    Parameters
    ----------
    variance
        Of the level factor, shape ``(series,)``, finite and not below zero; beyond 4 it counts as 4, and below 0.001
        the level is taken as known.

    Examples
    --------
    Three units expected, variance 0.5: a Poisson that knew its level would miss all of them with e**-3 = 0.05.

    >>> points, weights = level_points([0.5])
    >>> round(float((weights * np.exp(-3 * points)).sum()), 3), round((1 + 0.5 * 3) ** -2, 3)
    (0.16, 0.16)
    """
    v = np.asarray(variance, np.float64)
    if not (np.isfinite(v).all() and (v >= 0).all()):
        raise ValueError("a level's variance is finite and not below zero")
    nearest = np.maximum(np.searchsorted(_GRID, v, side="right") - 1, 0)
    used, at = np.unique(nearest, return_inverse=True)
    points, weights = _laguerre(_GRID[used])
    points, weights = points[at], weights[at]
    points[v < _GRID[0]] = 1.0
    return points, weights


def _laguerre(variance: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues and first components of the Jacobi matrix of each Gamma with shape ``1/v`` and scale ``v``."""
    shape = 1.0 / variance[:, None]
    k = np.arange(POINTS)
    jacobi = np.zeros((variance.size, POINTS, POINTS))
    jacobi[:, k, k] = 2 * k + shape
    beside = np.sqrt(k[1:] * (k[1:] + shape - 1.0))
    jacobi[:, k[1:], k[:-1]] = beside
    jacobi[:, k[:-1], k[1:]] = beside
    nodes, vectors = np.linalg.eigh(jacobi)
    return np.maximum(nodes, 1e-12) * variance[:, None], vectors[:, 0, :] ** 2
