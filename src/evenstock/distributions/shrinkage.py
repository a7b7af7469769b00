"""Effects of many overlapping groups, each drawn to what is known without it as far as its own data are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

SWEEPS: Final = 12
"""Passes over all factors; more change no figure of the benchmark in its third place."""
FIRST_STRENGTH: Final = 10.0
STRENGTHS: Final = (0.02, 300.0)


@dataclass(frozen=True, slots=True)
class Effects:
    """y = slopes . covariates + the effect of the row's group in each factor."""

    slopes: Floats
    """Shape ``(covariate,)``."""
    of: tuple[Floats, ...]
    """For each factor, the effect of each of its groups, and last the zero of no group."""
    strength: Floats
    """For each factor, how many observations its groups' common mean weighs, shape ``(factor,)``."""
    noise: float
    """Weighted variance of what the effects leave."""

    def __call__(self, codes: Codes, covariates: Floats) -> Floats:
        """Value for rows of group numbers, shape ``(row, factor)``; -1 is no group, whose effect is zero."""
        y = covariates @ self.slopes
        for j, effect in enumerate(self.of):
            y += effect[codes[:, j]]
        return y


def shrunk_effects(
    y: Floats, codes: Codes, sizes: Sequence[int], covariates: Floats, weight: Floats, start: Effects | None = None
) -> Effects:
    """Fit by backfitting: each group's effect is the weighted mean of what all others leave, times n / (n + strength).

    Parameters
    ----------
    y
        Shape ``(row,)``, finite.
    codes
        Group of each row in each factor, shape ``(row, factor)``, from 0 to its size less one; -1 for none.
    sizes
        Groups in each factor.
    covariates
        Shape ``(row, covariate)``; the first column is ones.
    weight
        Weight of each row, above zero; a group's n is the sum of its rows' weights.
    start
        Where to begin, such as the fit before a few values changed.

    Notes
    -----
    The strength of a factor is the noise variance over the variance between its groups, both estimated on the way: where
    groups truly differ, few observations suffice. With one factor and balanced groups the effects are the BLUP of a
    one-way random-effects model.

    References
    ----------
    Robinson (1991), That BLUP is a good thing, Statistical Science 6, sec. 2; Breiman and Friedman (1985) for
    backfitting; the variances by the EM step of Laird and Ware (1982), with each group's own posterior variance.
    """
    gram = (covariates * weight[:, None]).T @ covariates
    # A covariate that never varies is a second intercept; a hair of ridge keeps the system solvable.
    gram += np.eye(gram.shape[0]) * 1e-9 * max(np.trace(gram), 1e-9)
    # No group, -1, is the last place of each array: it takes part in the sums, and its effect stays zero.
    places = [np.where(codes[:, j] < 0, size, codes[:, j]) for j, size in enumerate(sizes)]
    mass: list[Floats] = [
        np.bincount(place, weight, size + 1).astype(np.float64) for place, size in zip(places, sizes, strict=True)
    ]
    of = [e.copy() for e in start.of] if start else [np.zeros(size + 1) for size in sizes]
    strength: Floats = start.strength.copy() if start else np.full(len(sizes), FIRST_STRENGTH)
    fitted = np.zeros(y.shape)
    for effect, place in zip(of, places, strict=True):
        fitted += effect[place]
    slopes: Floats = np.zeros(gram.shape[0])
    noise = 0.0
    for _ in range(SWEEPS):
        slopes = np.asarray(np.linalg.solve(gram, covariates.T @ (weight * (y - fitted))), dtype=np.float64)
        linear = covariates @ slopes
        for j, place in enumerate(places):
            own = of[j][place]
            left = np.bincount(place, weight * (y - linear - fitted + own), mass[j].size)
            of[j] = left / (mass[j] + strength[j])
            of[j][-1] = 0.0
            fitted += of[j][place] - own
        rest = y - linear - fitted
        noise = float(weight @ (rest * rest) / weight.sum())
        strength = np.array([_strength(of[j][:-1], mass[j][:-1], strength[j], noise) for j in range(len(sizes))])
    return Effects(slopes, tuple(of), strength, noise)


def own_influence(codes: Codes, sizes: Sequence[int], weight: Floats, strength: Floats) -> Floats:
    """About how far each row has drawn the fit to itself, 0 to a half; shape ``(row,)``.

    The sum over factors of the row's weight over its group's: an upper bound of its leverage when factors overlap. What a
    row would have left had it not been fitted is its residual divided by one less its leverage.
    """
    lever: Floats = weight / weight.sum()
    for j, size in enumerate(sizes):
        group = codes[:, j]
        mass = np.bincount(np.maximum(group, 0), np.where(group < 0, 0.0, weight), size + 1)
        lever = lever + np.where(group < 0, 0.0, weight / (mass[group] + strength[j]))
    capped: Floats = np.minimum(lever, 0.5)
    return capped


def _strength(effect: Floats, mass: Floats, strength: float, noise: float) -> float:
    """Noise over the variance between groups, which is that of the effects plus what shrinking took from it."""
    used = mass > 0
    if not used.any():
        return strength
    between = float(np.mean(effect[used] ** 2 + noise / (mass[used] + strength)))
    return float(np.clip(noise / max(between, 1e-12), *STRENGTHS))
