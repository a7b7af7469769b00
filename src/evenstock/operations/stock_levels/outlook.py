"""How the level of one item changes with the day on which it is looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from evenstock.inventory.safety_stock import levels
from evenstock.operations.stock_levels.levels import FoundLevels, calendar

_STEP: Final = 7


def outlook(found: FoundLevels, sku: str, *, step: int = _STEP) -> pl.DataFrame:
    """Level and safety stock of an item's nodes by start day over the forecast's horizon.

    A promotion raises them as soon as a refill ordered that day has to last over it. All is seen from today: a later day is
    less certain, so levels rise a little even where demand does not.

    Returns
    -------
    polars.DataFrame
        Columns node, date, expected_units (until the refill after next), safety_stock, level; by node and date. Empty for an
        item without levels.
    """
    rows = found.rows
    part = np.array([row for row, key in enumerate(rows.keys) if key[0] == sku], np.int64)
    starts = np.arange(0, found.situation.forecast.horizon, step)
    days = [found.situation.as_of + timedelta(days=int(start)) for start in starts]
    shape = (part.size, starts.size)
    wait, review = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for j, day in enumerate(days):
        wait[:, j], review[:, j] = calendar([rows.ways[row] for row in part.tolist()], day)
    schema = {
        "node": pl.String, "date": pl.Date, "expected_units": pl.Float64, "safety_stock": pl.Int64, "level": pl.Int64,
    }  # fmt: skip
    if not part.size:
        return pl.DataFrame(schema=schema)
    last = rows.lead.shape[1] - 1 - np.argmax(rows.lead[part, ::-1] > 0, axis=1)
    reach = int((starts[None, :] + wait + review + last[:, None]).max())
    done = levels(
        rows.demand.paths(part, reach, found.n_paths, found.seed),
        rows.lead[part],
        starts=starts,
        wait=wait,
        review=review,
        cycle_service=rows.cycle[part],
        fill_rate=rows.fill[part],
        quantity=rows.quantity[part],
    )
    return pl.DataFrame(
        {
            "node": np.repeat([rows.keys[row][1] for row in part.tolist()], starts.size),
            "date": days * part.size,
            "expected_units": done.mean.ravel(),
            "safety_stock": np.rint(done.safety_stock).astype(np.int64).ravel(),
            "level": done.level.ravel(),
        },
        schema=schema,
    )
