"""How well carriers keep their promises, and how well we foretold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.distributions.proportions import wilson
from evenstock.freight.transit.scans import Scans

Floats = npt.NDArray[np.float64]

BANDS: Final = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
"""Edges of foretold probabilities; most parcels are likely in time, so the bands are narrow there."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """Late parcels of a service among those whose promised day has passed."""

    service: str
    parcels: int
    late: int
    low: float
    """Lower end of the interval of the late share."""
    high: float
    mean_days_late: float
    """Of the late parcels that have arrived; 0 where none has."""

    @property
    def late_share(self) -> float:
        return self.late / self.parcels


def promise_reliability(scans: Scans, *, level: float = 0.95) -> tuple[Reliability, ...]:
    """Late share by service with its Wilson interval, by name of service; services without promises are left out.

    Counts each parcel whose promised day lies before the morning, arrived or not: one that is under way past its
    promise is late already, and one promised for later is not counted even if it has come, else only the quick ones of
    the newest would count.
    """
    found = []
    due = (scans.promised_days >= 0) & (scans.promised_days < scans.age_days)
    late = due & (scans.days > np.where(scans.delivered, scans.promised_days, scans.promised_days - 1))
    names = np.array(scans.service, dtype=object)
    for name in sorted(set(scans.service)):
        own = names == name
        parcels, missed = int((own & due).sum()), own & late
        if not parcels:
            continue
        low, high = wilson(int(missed.sum()), parcels, level=level)
        came = missed & scans.delivered
        by = float((scans.days - scans.promised_days)[came].mean()) if came.any() else 0.0
        found.append(Reliability(name, parcels, int(missed.sum()), low, high, by))
    return tuple(found)


def calibration(foretold: Floats, happened: npt.NDArray[np.bool_], *, level: float = 0.95) -> pl.DataFrame:
    """Reliability table: what share came true where we said about so much.

    Columns low, high (band of what was said), parcels, foretold (its mean), happened (share), from, to (Wilson interval
    of the share), honest (whether the mean said lies in it). Bands without parcels are left out.

    Raises
    ------
    ValueError
        If a probability is no number from 0 to 1, or the two differ in length.

    References
    ----------
    Murphy and Winkler (1977), Reliability of subjective probability forecasts, Applied Statistics 26.
    """
    if foretold.shape != happened.shape or not ((foretold >= 0) & (foretold <= 1)).all():
        raise ValueError("calibration wants one probability from 0 to 1 for each thing that happened or did not")
    band = np.minimum(np.searchsorted(BANDS, foretold, side="right"), len(BANDS) - 1) - 1
    rows = []
    for k in np.unique(band):
        own = band == k
        said, times, n = float(foretold[own].mean()), int(happened[own].sum()), int(own.sum())
        low, high = wilson(times, n, level=level)
        rows.append((BANDS[k], BANDS[k + 1], n, said, times / n, low, high, low <= said <= high))
    names = ["low", "high", "parcels", "foretold", "happened", "from", "to", "honest"]
    kinds = [pl.Float64, pl.Float64, pl.Int64, *[pl.Float64] * 4, pl.Boolean]
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")
