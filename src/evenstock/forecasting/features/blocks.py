"""A long history a few hundred series at a time, so that what is computed of them stays near the processor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from evenstock.forecasting.history import DemandHistory

SERIES: Final = 512


def blocks(history: DemandHistory) -> Iterator[tuple[slice, DemandHistory]]:
    """Rows of each block and the history of these series; shares memory."""
    for begin in range(0, history.n_series, SERIES):
        rows = slice(begin, min(begin + SERIES, history.n_series))
        yield (
            rows,
            replace(
                history,
                keys=history.keys[rows],
                units=history.units[rows],
                start=history.start[rows],
                hidden=None if history.hidden is None else history.hidden[rows],
                promoted=None if history.promoted is None else history.promoted[rows],
            ),
        )
