"""Days so far above all others that they tell of a typing error or a one-off, not of demand."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from evenstock.forecasting.history import DemandHistory

FLOOR_UNITS: Final = 20
"""Up to here a day is never a spike."""
TIMES: Final = 5
RANK: Final = 4


def cap_spikes(history: DemandHistory) -> DemandHistory:
    """Cap each day at five times the series' fourth-largest day, or at 20 units if that is more; say so in the notes.

    Up to three wrong days cannot lift their own cap, and a real season (four high days or more) is left as it is.

    Examples
    --------
    >>> from datetime import date
    >>> import polars as pl
    >>> keys = pl.DataFrame({"sku": ["MUG"], "node": ["TX"]})
    >>> typed = DemandHistory.from_matrix(np.array([[3, 4, 1000000000, 5, 6]]), keys, date(2026, 1, 1))
    >>> cap_spikes(typed).units.tolist()
    [[3, 4, 20, 5, 6]]
    """
    if not history.units.size:
        return history
    tall = np.flatnonzero(history.units.max(axis=1) > FLOOR_UNITS)
    rank = min(RANK, history.n_days)
    units, capped, touched = history.units, 0, 0
    for begin in range(0, tall.size, 4096):
        rows = tall[begin : begin + 4096]
        part = history.units[rows]
        cap = np.partition(part, history.n_days - rank, axis=1)[:, history.n_days - rank]
        cap = np.maximum(cap.astype(np.int64) * TIMES, FLOOR_UNITS)
        above = part > cap[:, None]
        if above.any():
            if units is history.units:
                units = history.units.copy()
            units[rows] = np.minimum(part, cap[:, None])
            capped, touched = capped + int(above.sum()), touched + int(above.any(axis=1).sum())
    if not capped:
        return history
    note = f"{capped} days of {touched} series capped at five times their fourth-largest day (or 20 units): spikes"
    return replace(history, units=units, notes=(*history.notes, note))
