"""How regularly and how evenly a series sells: the four classes by which forecasts of it are compared."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.forecasting.history import DemandHistory

Floats = npt.NDArray[np.float64]

NAMES: Final = ("smooth", "erratic", "intermittent", "lumpy", "silent")
LONGEST_INTERVAL: Final = 1.32
"""Days between sales beyond which a series counts as intermittent or lumpy."""
MOST_VARIATION: Final = 0.49
"""Squared coefficient of variation of its sales beyond which it counts as erratic or lumpy."""
DAYS: Final = 364
_BLOCK: Final = 4096


def demand_class(history: DemandHistory) -> npt.NDArray[np.int64]:
    """Place of each series in `NAMES`, from the days seen of its last year; silent where none of them sold anything.

    References
    ----------
    Syntetos, Boylan and Croston (2005), On the categorization of demand patterns, JORS 56: average inter-demand interval
    1.32 and squared coefficient of variation 0.49.

    Examples
    --------
    One unit every day; one or nine; one every other day; one or nine every other day; nothing.

    >>> from datetime import date
    >>> import polars as pl
    >>> sold = [[1, 1] * 4, [1, 9] * 4, [1, 0] * 4, [1, 0, 9, 0] * 2, [0] * 8]
    >>> keys = pl.DataFrame({"sku": list("ABCDE"), "node": "TX"})
    >>> history = DemandHistory.from_matrix(np.array(sold), keys, date(2026, 1, 1))
    >>> [NAMES[k] for k in demand_class(history)]
    ['smooth', 'erratic', 'intermittent', 'lumpy', 'silent']
    """
    found = np.full(history.n_series, NAMES.index("silent"), dtype=np.int64)
    days = min(DAYS, history.n_days)
    for begin in range(0, history.n_series, _BLOCK):
        part = history.rows(np.arange(begin, min(begin + _BLOCK, history.n_series)))
        seen = part.seen(days)
        units = np.where(seen, part.units[:, part.n_days - days :], 0).astype(np.float64)
        sales = (units > 0).sum(axis=1)
        mean = units.sum(axis=1) / np.maximum(sales, 1)
        variance = (units**2).sum(axis=1) / np.maximum(sales, 1) - mean**2
        varied = variance > MOST_VARIATION * mean**2
        apart = seen.sum(axis=1) > LONGEST_INTERVAL * sales
        found[begin : begin + _BLOCK] = np.where(sales > 0, varied + 2 * apart, found[begin : begin + _BLOCK])
    return found
