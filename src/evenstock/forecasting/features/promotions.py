"""Which days of which series are promoted, behind and ahead, and how deep the discount is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.features.concerns import concerned
from evenstock.forecasting.history import DemandHistory

Depth = npt.NDArray[np.int16]

DEEPEST: Final = 10_000
"""Basis points: the whole price."""


def depth(keys: pl.DataFrame, promotions: pl.DataFrame, first: date, days: int) -> Depth | None:
    """Discount in basis points plus one, 0 where nothing is promoted, shape ``(series, day)`` from `first` on.

    None where no promotion falls on these days and series; of two at once the deeper counts.
    """
    last = first + timedelta(days=days - 1)
    rows = promotions.filter((pl.col("last_day") >= first) & (pl.col("first_day") <= last))
    series, said = concerned(keys, rows)
    if not series.size:
        return None
    begin = np.maximum((rows["first_day"] - first).dt.total_days().to_numpy(), 0)[said]
    end = np.minimum((rows["last_day"] - first).dt.total_days().to_numpy() + 1, days)[said]
    off = np.clip(rows["discount_bp"].fill_null(0).to_numpy(), 0, DEEPEST)[said].astype(np.int16) + np.int16(1)
    found = np.zeros((keys.height, days), dtype=np.int16)
    # The deepest last, so that it stands where several overlap.
    for k in np.argsort(off, kind="stable"):
        found[series[k], begin[k] : end[k]] = off[k]
    return found


def with_promotions(history: DemandHistory, promotions: pl.DataFrame) -> DemandHistory:
    """The history with days marked promoted that the promotion table names, beside those it marked already."""
    found = depth(history.keys, promotions, history.first_day, history.n_days) if history.n_days else None
    if found is None:
        return history
    named = found > 0
    return replace(history, promoted=named if history.promoted is None else history.promoted | named)
