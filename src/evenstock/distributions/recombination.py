"""Fewer points with the same moments: weights are moved between neighbours until only so many points remain.

Any ``k + 1`` points have a direction in which their weights can change while k linear moments stay what they are; going
along it until a weight is nothing removes a point. So from equal weights on N points one comes to any number above k with
the moments untouched (Caratheodory's theorem made a method: Litterer and Lyons, 2012, High order recombination and an
application to cubature on Wiener space, Annals of Applied Probability 22, section 3).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

_SMALL = 1e-12


@njit(cache=True)
def _null_vector(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A direction that `matrix`, with more columns than rows, sends to nothing; by elimination with full pivoting."""
    rows, columns = matrix.shape
    order = np.arange(columns)
    rank = 0
    for k in range(rows):
        best, at_row, at_column = _SMALL, -1, -1
        for i in range(k, rows):
            for j in range(k, columns):
                if abs(matrix[i, j]) > best:
                    best, at_row, at_column = abs(matrix[i, j]), i, j
        if at_row < 0:
            break
        for j in range(columns):
            matrix[k, j], matrix[at_row, j] = matrix[at_row, j], matrix[k, j]
        for i in range(rows):
            matrix[i, k], matrix[i, at_column] = matrix[i, at_column], matrix[i, k]
        order[k], order[at_column] = order[at_column], order[k]
        for i in range(k + 1, rows):
            factor = matrix[i, k] / matrix[k, k]
            for j in range(k, columns):
                matrix[i, j] -= factor * matrix[k, j]
        rank = k + 1
    found = np.zeros(columns)
    found[order[rank]] = 1.0
    for i in range(rank - 1, -1, -1):
        rest = matrix[i, rank]
        for j in range(i + 1, rank):
            rest += matrix[i, j] * found[order[j]]
        found[order[i]] = -rest / matrix[i, i]
    return found


@njit(cache=True)
def recombine(
    moments: npt.NDArray[np.float64],
    distance: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
    keep: int,
) -> None:
    """Change `weights` in place until only `keep` of them are above zero and ``moments @ weights`` is what it was.

    Parameters
    ----------
    moments
        Shape ``(moment, point)``, rows of like size; `keep` is above the number of rows.
    distance
        Between points, shape ``(point, point)``: weight moves between the lightest point and its nearest.
    weights
        Above zero, shape ``(point,)``.
    """
    rows = moments.shape[0]
    alive = (weights > 0.0).sum()
    part = np.empty((rows, rows + 1))
    while alive > keep:
        lightest = -1
        for p in range(weights.size):
            if weights[p] > 0.0 and (lightest < 0 or weights[p] < weights[lightest]):
                lightest = p
        near = np.where(weights > 0.0, distance[lightest], np.inf)
        near[lightest] = -1.0
        group = np.argsort(near, kind="mergesort")[: rows + 1]
        for k in range(rows + 1):
            part[:, k] = moments[:, group[k]]
        direction = _null_vector(part)
        # Both ways lead to a weight of nothing; the shorter moves less.
        up, down = np.inf, np.inf
        for k in range(rows + 1):
            if direction[k] < -_SMALL:
                up = min(up, weights[group[k]] / -direction[k])
            elif direction[k] > _SMALL:
                down = min(down, weights[group[k]] / direction[k])
        step = up if up <= down else -down
        gone, least = -1, np.inf
        for k in range(rows + 1):
            weights[group[k]] += step * direction[k]
            if abs(direction[k]) > _SMALL and weights[group[k]] < least:
                gone, least = group[k], weights[group[k]]
        weights[gone] = 0.0
        for k in range(rows + 1):
            if weights[group[k]] < _SMALL * _SMALL:
                weights[group[k]] = 0.0
        alive = (weights > 0.0).sum()
