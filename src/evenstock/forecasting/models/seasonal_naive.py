"""Each day as the same weekday last week, with normal errors of that rule around it: the second yardstick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from evenstock.forecasting.daily import Daily
from evenstock.forecasting.drivers import Drivers
from evenstock.forecasting.history import DemandHistory

VERSION: Final = "seasonal-naive-7"
WEEK: Final = 7
ERROR_DAYS: Final = 364


def predict(history: DemandHistory, *, horizon: int, drivers: Drivers, learned: bytes = b"") -> Daily:  # noqa: ARG001
    """The last week repeated; its error grows with the square root of the weeks ahead, as the rule implies.

    A hidden day counts as what was sold; a history shorter than a week is filled with zeros in front.
    """
    days = min(history.n_days, ERROR_DAYS + WEEK)
    units = history.units[:, history.n_days - days :].astype(np.float64)
    last = np.zeros((history.n_series, WEEK))
    tail = min(days, WEEK)
    last[:, WEEK - tail :] = units[:, days - tail :]
    mean = np.tile(last, (1, -(-horizon // WEEK)))[:, :horizon]
    step = (units[:, WEEK:] - units[:, :-WEEK]) ** 2 if days > WEEK else np.zeros((history.n_series, 1))
    error = step.mean(axis=1)
    weeks = np.arange(horizon) // WEEK + 1
    level = last.mean(axis=1)
    alpha = np.divide(error - level, level**2, out=np.zeros_like(level), where=level > 0)

    def quantiles(levels: Sequence[float]) -> npt.NDArray[np.int32]:
        spread = np.sqrt(error[:, None] * weeks[None, :])
        values = mean[:, :, None] + spread[:, :, None] * special.ndtri(np.asarray(levels))
        return np.asarray(np.clip(np.rint(values), 0.0, np.iinfo(np.int32).max).astype(np.int32))

    return Daily(mean, np.maximum(alpha, 0.0), VERSION, quantiles)
