"""What sold in the last eight weeks, taken as the distribution of every day ahead: the yardstick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.forecasting.daily import Daily
from evenstock.forecasting.drivers import Drivers
from evenstock.forecasting.history import DemandHistory

VERSION: Final = "empirical-56"
DAYS: Final = 56


def predict(history: DemandHistory, *, horizon: int, drivers: Drivers, learned: bytes = b"") -> Daily:  # noqa: ARG001
    """Order statistics of the last 56 days seen; a series with none of them seen is taken as zero."""
    days = min(DAYS, history.n_days)
    seen = history.seen(days)
    units = np.where(seen, history.units[:, history.n_days - days :], 0).astype(np.int64)
    count = seen.sum(axis=1)
    mean = units.sum(axis=1) / np.maximum(count, 1)
    square = np.where(seen, (units - mean[:, None]) ** 2, 0.0).sum(axis=1) / np.maximum(count - 1, 1)
    alpha = np.divide(square - mean, mean**2, out=np.zeros_like(mean), where=mean > 0)
    # Unseen days are sorted to the end, where no quantile of the seen ones reaches.
    ordered = np.sort(np.where(seen, units, np.iinfo(np.int64).max), axis=1)

    def quantiles(levels: Sequence[float]) -> npt.NDArray[np.int32]:
        rank = np.ceil(np.asarray(levels)[None, :] * count[:, None]).astype(np.int64) - 1
        values = np.take_along_axis(ordered, np.maximum(rank, 0), axis=1)
        values = np.where(count[:, None] > 0, values, 0).astype(np.int32)
        return np.repeat(values[:, None, :], horizon, axis=1)

    return Daily(np.repeat(mean[:, None], horizon, axis=1), np.maximum(alpha, 0.0), VERSION, quantiles)
