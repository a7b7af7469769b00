"""What one forecaster would have told on one morning, beside what was then sold: the raw material of every score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.distributions import negative_binomial as nb
from evenstock.forecasting import scores
from evenstock.forecasting.forecast import Forecast

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SUM_DAYS: Final = (7, 14, 28)
SHARE: Final = 0.95
"""Of the central interval of a sum."""
_BLOCK: Final = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Totals of the first days ahead, of the series that were seen on each of them."""

    whole: Mask
    """Which series those are, shape ``(series,)``; the others' figures mean nothing."""
    inside: Mask
    """Whether the total lay in its central 95 % interval."""
    evenly: Floats
    """Chance that its randomised transform did, which a right forecast has at 0.95 however coarse its counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Arrays are ``(series, day)`` unless said; a day that was not seen counts nowhere."""

    model: str
    version: str
    origin: date
    keys: pl.DataFrame
    """sku, node and whatever series are grouped by."""
    sold: npt.NDArray[np.int64]
    seen: Mask
    mean: Singles
    loss: Singles
    """Pinball loss, mean over the levels, in units."""
    below: Singles
    """Probability of less than was sold ..."""
    upto: Singles
    """... and of no more."""
    sums: dict[int, Sums]
    """By number of days."""
    scale: Floats
    """Of the loss, shape ``(series,)``; NaN where a series has none."""
    weight: Floats
    """Of each series, shape ``(series,)``, adding up to 1 over those with a scale."""
    wrmsse: float
    """NaN where it was not asked for."""

    @property
    def horizon(self) -> int:
        return int(self.sold.shape[1])


def told(
    forecast: Forecast,
    sold: npt.NDArray[np.int64],
    seen: Mask,
    *,
    model: str,
    keys: pl.DataFrame,
    levels: Sequence[float],
    scale: Floats,
    weight: Floats,
    wrmsse: float = float("nan"),
    own: tuple[Floats, npt.NDArray[np.int32]] | None = None,
) -> Told:
    """Hold a forecast against what was sold over its first days.

    Parameters
    ----------
    own
        Means and quantiles ``(series, day, level)`` of a yardstick that does not think in the forecast's distribution; its
        transforms and sums are still those of the forecast, which has the same mean and variance.
    """
    n, days = sold.shape
    loss = np.empty((n, days), np.float32)
    below, upto = np.empty((n, days), np.float32), np.empty((n, days), np.float32)
    dispersion = np.broadcast_to(forecast.alpha[:, None], forecast.mu.shape)
    for begin in range(0, n, _BLOCK):
        rows = slice(begin, min(begin + _BLOCK, n))
        said = (
            forecast.rows(np.arange(rows.start, rows.stop)).quantiles(levels)[:, :days] if own is None else own[1][rows]
        )
        loss[rows] = daily_loss(sold[rows], said, levels)
        below[rows], upto[rows] = scores.pit_bounds(sold[rows], forecast.mu[rows, :days], dispersion[rows, :days])
    known = np.isfinite(scale) & (weight > 0)
    share = np.where(known, weight, 0.0)
    return Told(
        model=model,
        version=forecast.version,
        origin=forecast.as_of,
        keys=keys,
        sold=sold,
        seen=seen,
        mean=(forecast.mu[:, :days] if own is None else own[0][:, :days]).astype(np.float32),
        loss=loss,
        below=below,
        upto=upto,
        sums={d: sum_of(forecast, sold, seen, d) for d in SUM_DAYS if d <= days},
        scale=np.where(known, scale, np.nan),
        weight=share / share.sum() if share.sum() > 0 else share,
        wrmsse=wrmsse,
    )


def daily_loss(sold: npt.NDArray[np.int64], quantiles: npt.NDArray[np.int32], levels: Sequence[float]) -> Floats:
    """Pinball loss of each day, mean over the levels, shape ``(series, day)``."""
    total = np.zeros(sold.shape)
    for k, level in enumerate(levels):
        gap = sold - quantiles[:, :, k].astype(np.float64)
        total += np.maximum(level * gap, (level - 1.0) * gap)
    return np.asarray(total / len(levels))


def sum_of(forecast: Forecast, sold: npt.NDArray[np.int64], seen: Mask, days: int) -> Sums:
    """How the total of the first `days` days fell in its forecast."""
    mean, dispersion = forecast.totals(0, days)
    total = sold[:, :days].sum(axis=1)
    tail = (1.0 - SHARE) / 2.0
    low, high = (nb.quantile(level, mean, dispersion) for level in (tail, 1.0 - tail))
    inside = np.logical_and(total >= low, total <= high)
    below, upto = scores.pit_bounds(total, mean, dispersion)
    evenly = scores.share_below(below, upto, 1.0 - tail) - scores.share_below(below, upto, tail)
    return Sums(np.asarray(seen[:, :days].all(axis=1)), inside, evenly)


def together(parts: Sequence[Told]) -> Told:
    """Several origins of one model as one: each series stands once for every origin, and every origin weighs the same."""
    first = parts[0]
    if len({part.model for part in parts}) > 1 or len({part.horizon for part in parts}) > 1:
        raise ValueError("only origins of one model and horizon are put together")

    def stacked(name: str) -> npt.NDArray[np.generic]:
        return np.concatenate([getattr(part, name) for part in parts])

    sums = {
        d: Sums(*(np.concatenate([getattr(p.sums[d], name) for p in parts]) for name in ("whole", "inside", "evenly")))
        for d in first.sums
    }
    arrays = {name: stacked(name) for name in ("sold", "seen", "mean", "loss", "below", "upto", "scale")}
    return Told(
        model=first.model,
        version=first.version,
        origin=first.origin,
        keys=pl.concat([part.keys for part in parts]),
        sums=sums,
        weight=np.concatenate([part.weight / len(parts) for part in parts]),
        wrmsse=float(np.mean([part.wrmsse for part in parts])),
        **arrays,  # type: ignore[arg-type]
    )
