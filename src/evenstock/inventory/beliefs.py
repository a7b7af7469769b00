"""What is truly there, as far as anyone can tell: a distribution for each SKU-node, with its reasons in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

from evenstock.inventory.accuracy import RecordAccuracy, exposure
from evenstock.inventory.assumptions import Assumptions
from evenstock.inventory.because import because
from evenstock.inventory.evidence import Evidence
from evenstock.inventory.phantom import phantom_probability, prior_phantom
from evenstock.inventory.velocity import velocity_class

Floats = npt.NDArray[np.float64]

LEVELS: Final = (0.05, 0.5, 0.95)


def believe(evidence: Evidence, accuracy: RecordAccuracy, assumptions: Assumptions | None = None) -> pl.DataFrame:
    """Belief about each SKU-node, in the order of `evidence.keys`.

    The true count is a mixture: nothing with P(phantom), else the record plus the errors of a random walk since the last
    count (mean and variance grow with units moved and days, see `accuracy.exposure`) less what was sold since the feed
    last spoke. The walk is taken as normal, rounded to whole units and not below zero.

    Returns
    -------
    Columns
        sku, node, record (units), mean, q05, q50, q95 (units truly there), p_phantom, velocity (units a day expected),
        dispersion (of a day's demand), error_mean and error_sd (units, of the record while the shelf is stocked),
        unreported (units expected sold since the feed spoke), feed_days, stated, days_since_count (null where there is
        none) and because (a sentence).
    """
    told = assumptions or Assumptions()
    nodes = accuracy.rows(evidence.keys["node"].to_list())
    code = velocity_class(evidence.rate)
    hazard = accuracy.hazard[nodes, code]
    p_phantom = np.where(evidence.record > 0, _last_day(evidence, hazard, told), 0.0)

    exposed = exposure(evidence.moved_since_count, evidence.age_days(), told)
    error_mean = -accuracy.loss[nodes, code] * exposed
    error_variance = accuracy.variance[nodes, code] * exposed
    unreported = evidence.rate * np.nan_to_num(evidence.feed_days)
    centre = evidence.record + error_mean - unreported
    # A sale that was not reported yet is uncertain as demand is: as a negative binomial of its mean.
    spread = np.sqrt(error_variance + unreported + evidence.alpha * unreported**2)
    quantiles = count_quantiles(p_phantom, centre, spread, LEVELS)

    def unknown(values: Floats) -> pl.Series:
        return pl.Series(np.where(np.isfinite(values), values, np.nan)).fill_nan(None)

    return evidence.keys.select("sku", "node").with_columns(
        record=pl.Series(evidence.record, dtype=pl.Int64),
        mean=(1.0 - p_phantom) * _mean_above_zero(centre, spread),
        q05=quantiles[:, 0],
        q50=quantiles[:, 1],
        q95=quantiles[:, 2],
        p_phantom=p_phantom,
        velocity=evidence.rate,
        dispersion=evidence.alpha,
        error_mean=error_mean,
        error_sd=np.sqrt(error_variance),
        unreported=unreported,
        feed_days=unknown(evidence.feed_days),
        stated=unknown(evidence.stated).cast(pl.Int64),
        days_since_count=unknown(evidence.days_since_count),
        because=pl.Series(because(evidence), dtype=pl.String),
    )


def _last_day(evidence: Evidence, hazard: Floats, assumptions: Assumptions) -> Floats:
    """P(phantom) now; by age alone where there is no window of days."""
    if evidence.days == 0:
        return prior_phantom(evidence.age_days(), hazard, assumptions)
    return phantom_probability(evidence, hazard, assumptions)[:, -1]


def count_quantiles(
    p_phantom: Floats, centre: Floats, spread: Floats, levels: Sequence[float]
) -> npt.NDArray[np.int64]:
    """Whole units truly there that are not exceeded with each probability, shape ``(series, level)``.

    Examples
    --------
    A shelf of 10 that may be two off either way; with 20 % the shelf is empty:

    >>> certain, doubtful = np.array([0.0]), np.array([0.2])
    >>> centre, spread = np.array([10.0]), np.array([1.2])
    >>> count_quantiles(certain, centre, spread, (0.05, 0.5, 0.95)).tolist()
    [[8, 10, 12]]
    >>> count_quantiles(doubtful, centre, spread, (0.05, 0.5, 0.95)).tolist()
    [[0, 10, 12]]
    """
    level = np.asarray(levels)[None, :]
    empty = p_phantom[:, None]
    # Given that the shelf is stocked, the level that is left: (u - p) / (1 - p).
    left = np.divide(level - empty, 1.0 - empty, out=np.zeros((p_phantom.size, level.size)), where=level > empty)
    normal = special.ndtri(np.clip(left, 1e-12, 1.0 - 1e-12))
    # Rounding to the nearest unit puts the border of n at n + 1/2; the smallest n at or above the border is wanted.
    units = np.ceil(centre[:, None] + spread[:, None] * normal - 0.5)
    return np.where(left > 0, np.maximum(units, 0.0), 0.0).astype(np.int64)


def _mean_above_zero(centre: Floats, spread: Floats) -> Floats:
    """``E max(0, X)`` of a normal: ``m Phi(m / s) + s phi(m / s)``."""
    sure = spread <= 0
    s = np.where(sure, 1.0, spread)
    z = centre / s
    density = np.exp(-0.5 * np.minimum(z * z, 1400.0)) / np.sqrt(2.0 * np.pi)
    return np.where(sure, np.maximum(centre, 0.0), centre * special.ndtr(z) + s * density)
