"""A forecast as people and systems read it: each day's mean and the units that stay unexceeded with stated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.forecasting import Forecast

LEVELS: Final[dict[str, float]] = {
    "q025": 0.025, "q050": 0.05, "q250": 0.25, "q500": 0.5, "q750": 0.75, "q950": 0.95, "q975": 0.975,
}  # fmt: skip
"""Columns, named by thousandths."""
COLUMNS: Final[dict[str, type[pl.DataType]]] = {
    "sku": pl.String, "node": pl.String, "date": pl.Date, "mean": pl.Float64, **dict.fromkeys(LEVELS, pl.Int64),
}  # fmt: skip


def series_of(
    forecast: Forecast, skus: Sequence[str] | None, nodes: Sequence[str] | None, permitted: frozenset[str] | None
) -> NDArray[np.int64]:
    """Numbers of the series asked for and permitted, by item and node."""
    keys = forecast.keys.select("sku", "node").with_row_index("row")
    for column, wanted in (("sku", skus), ("node", nodes), ("node", permitted)):
        if wanted is not None:
            keys = keys.filter(pl.col(column).is_in(list(wanted)))
    return keys.sort("sku", "node")["row"].cast(pl.Int64).to_numpy()


def forecast_table(forecast: Forecast, rows: NDArray[np.int64], days: int) -> pl.DataFrame:
    """The first `days` of these series in `COLUMNS`, one row a series and day."""
    part = forecast.rows(rows)
    ahead = min(days, part.horizon)
    grid = part.quantiles(list(LEVELS.values()))[:, :ahead, :]
    row = np.repeat(np.arange(rows.size), ahead)
    columns = {
        "sku": part.keys["sku"].gather(row),
        "node": part.keys["node"].gather(row),
        "date": pl.Series(part.days[:ahead] * rows.size, dtype=pl.Date),
        "mean": part.mu[:, :ahead].ravel(),
    }
    return pl.DataFrame(columns | {name: grid[:, :, n].ravel() for n, name in enumerate(LEVELS)}).cast(COLUMNS)  # type: ignore[arg-type]
