"""What is expected on each path once some of it is known: least-squares Monte Carlo, never judged on the paths it was fitted to.

References
----------
Longstaff and Schwartz (2001), Valuing American options by simulation, Review of Financial Studies 14(1), section 1.
"""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints


def foreseen(gains: Floats, known: Ints) -> Floats:
    """Expected gain on each path given what is known by then, ``(n, S)``, fitted on the other half of the paths.

    A constant, what was wanted at both ends, and their product explain the gain. Where they explain no more than chance
    would, the fit shrinks to the mean (James and Stein): a decision is then that of the mean, not of noise.

    Parameters
    ----------
    gains
        ``(n, S)``; below four paths every path is given the mean.
    known
        Cumulative demand at origin and destination, ``(n, 2, S)``.
    """
    paths = gains.shape[1]
    if paths < 4:
        return np.repeat(gains.mean(axis=1, keepdims=True), paths, axis=1)
    design = _design(known)
    even = np.arange(paths) % 2 == 0
    found = np.empty_like(gains)
    for fit, apply in ((even, ~even), (~even, even)):
        mean, slopes, centre = _fit(gains[:, fit], design[:, fit])
        found[:, apply] = mean[:, None] + np.einsum("nsp,np->ns", design[:, apply] - centre[:, None], slopes)
    return found


def _design(known: Ints) -> Floats:
    """Regressors ``(n, S, 3)``: both demands, standardised, and their product."""
    units = known.astype(np.float64)
    spread = units.std(axis=2, keepdims=True)
    units -= units.mean(axis=2, keepdims=True)
    units = np.divide(units, spread, out=np.zeros_like(units), where=spread > 0)
    # A day of rare, huge demand would otherwise steer the whole line.
    units = np.clip(units, -3, 3)
    return np.stack([units[:, 0], units[:, 1], units[:, 0] * units[:, 1]], axis=2)


def _fit(gains: Floats, design: Floats) -> tuple[Floats, Floats, Floats]:
    """Means ``(n,)``, slopes ``(n, p)`` shrunk by how much they explain, and the centre of the design ``(n, p)``."""
    paths, regressors = design.shape[1:]
    mean, centre = gains.mean(axis=1), design.mean(axis=1)
    x, y = design - centre[:, None], gains - mean[:, None]
    square = np.einsum("nsp,nsq->npq", x, x) + 1e-3 * paths * np.eye(regressors)
    slopes = np.linalg.solve(square, np.einsum("nsp,ns->np", x, y)[..., None])[..., 0]
    explained = (np.einsum("nsp,np->ns", x, slopes) ** 2).sum(axis=1)
    rest = np.maximum((y**2).sum(axis=1) - explained, 0)
    noise = regressors * rest / max(paths - regressors - 1, 1)
    shrink = np.divide(np.maximum(explained - noise, 0), explained, out=np.zeros(len(mean)), where=explained > 0)
    return mean, slopes * shrink[:, None], centre
