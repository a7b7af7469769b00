"""Days so far above all others that they tell of a typing error or a one-off, not of demand."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.forecasting.data_contract import changed
from evenstock.forecasting.history import DemandHistory, Units

FLOOR_UNITS: Final = 20
"""Up to here a day is never a spike."""
TIMES: Final = 5
RANK: Final = 4
_BLOCK: Final = 4096


def cap_spikes(history: DemandHistory) -> DemandHistory:
    """Cap each day at five times the series' fourth-largest day, or at 20 units if that is more; the history says so.

    Up to three wrong days cannot lift their own cap, and a real season (four high days or more) is left as it is. In a
    series that began three days ago or later its smallest day stands for the fourth-largest: a launch is no error.

    Examples
    --------
    >>> from datetime import date
    >>> import polars as pl
    >>> keys = pl.DataFrame({"sku": ["MUG"], "node": ["TX"]})
    >>> typed = DemandHistory.from_matrix(np.array([[3, 4, 1000000000, 5, 6]]), keys, date(2026, 1, 1))
    >>> capped = cap_spikes(typed)
    >>> capped.units.tolist()
    [[3, 4, 20, 5, 6]]
    >>> capped.changes.select("rule", "date", "before", "after").row(0)
    ('spike', datetime.date(2026, 1, 3), 1000000000.0, 20.0)
    """
    if not history.units.size:
        return history
    tall = np.flatnonzero(history.units.max(axis=1) > FLOOR_UNITS)
    units, found = history.units, []
    for begin in range(0, tall.size, _BLOCK):
        rows = tall[begin : begin + _BLOCK]
        part = history.units[rows]
        cap = _caps(part, history.n_days - history.start[rows])
        row, day = np.nonzero(part > cap[:, None])
        if row.size:
            if units is history.units:
                units = history.units.copy()
            units[rows] = np.minimum(part, cap[:, None])
            found.append((rows[row], day, part[row, day], cap[row]))
    if not found:
        return history
    row, day, before, after = (np.concatenate(column) for column in zip(*found, strict=True))
    places = (
        history.keys[row.tolist()]
        .select("sku", "node")
        .with_columns(date=history.dates(day), before=before, after=after)
    )
    note = (
        f"{row.size} days of {np.unique(row).size} series capped at five times their fourth-largest day (or 20 units): "
        "spikes"
    )
    return replace(history, units=units, notes=(*history.notes, note)).saying(changed("spike", places))


def _caps(units: Units, life: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Most that a day of each series may have; `life` counts its days since the first sale."""
    days = units.shape[1]
    rank = min(RANK, days)
    largest = np.sort(np.partition(units, days - rank, axis=1)[:, days - rank :], axis=1)
    at = rank - np.clip(life, 1, rank)
    usual = largest[np.arange(units.shape[0]), at].astype(np.int64)
    return np.asarray(np.maximum(usual * TIMES, FLOOR_UNITS))
