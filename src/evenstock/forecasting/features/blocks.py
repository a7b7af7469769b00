"""A long history a few hundred series at a time, so that what is computed of them stays near the processor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from evenstock.forecasting.history import DemandHistory

SERIES: Final = 512


def blocks(history: DemandHistory) -> Iterator[tuple[slice, DemandHistory]]:
    """Rows of each block and the history of these series; shares memory."""
    for begin in range(0, history.n_series, SERIES):
        rows = slice(begin, min(begin + SERIES, history.n_series))
        yield rows, history.rows(rows)
