"""How surely a share is known when observations come in clusters that move together."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def share_and_error(part: Floats, whole: Floats, cluster: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Ratio of two sums and its standard error, clusters being drawn as wholes.

    Parameters
    ----------
    part, whole
        Numerator and denominator of each observation, shape ``(observation,)``.
    cluster
        Code of its cluster, from 0.

    Returns
    -------
    tuple
        ``sum(part) / sum(whole)``, NaN over nothing, and its error by linearisation, NaN with fewer than two clusters.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., ch. 6 (ratio estimators) with clusters as the sampling units.

    Examples
    --------
    Clusters that all agree leave no doubt; four that say 1, 0, 1, 0 leave a standard error of sqrt(4/3 x .25 / 4) = .289.

    >>> share_and_error(np.ones(4), np.ones(4), np.arange(4))
    (1.0, 0.0)
    >>> share, error = share_and_error(np.array([1.0, 0, 1, 0]), np.ones(4), np.arange(4))
    >>> share, round(error, 3)
    (0.5, 0.289)
    """
    total = float(whole.sum())
    if total <= 0:
        return float("nan"), float("nan")
    share = float(part.sum()) / total
    code = np.unique(cluster, return_inverse=True)[1]
    n = int(code.max()) + 1
    if n < 2:
        return share, float("nan")
    residual = np.bincount(code, part - share * whole, minlength=n)
    return share, math.sqrt(n / (n - 1) * float((residual**2).sum())) / total
