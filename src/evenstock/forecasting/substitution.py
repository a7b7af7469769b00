"""What customers took instead: sales of a substitute while an item was missing, taken out of what the substitute is wanted for."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.data_contract import changed
from evenstock.forecasting.history import DemandHistory

TRAILING_DAYS: Final = 28
"""Days seen before a stock-out that tell how much was wanted of the missing item."""
LEAST_DAYS: Final = 7
"""Fewer of them tell nothing, and nothing is taken out."""


def without_spill(history: DemandHistory, substitutes: pl.DataFrame) -> DemandHistory:
    """Take out of each substitute's sales what customers of a missing item are expected to have brought it.

    On a day on which an item is hidden at a node and its substitute is seen there, the substitute gained the pair's share
    of what the item sold on average over the last `TRAILING_DAYS` days seen before the stock-out. Whole units are taken
    out as the expected ones add up, never more than were sold that day; what could not be taken out is not carried over.

    Parameters
    ----------
    substitutes
        Columns of `tables.Substitutes`: sku, substitute, share.

    Returns
    -------
    DemandHistory
        The same history where nothing was hidden or no pair applies; else a copy that says what was changed.

    Examples
    --------
    Four mugs a day until they ran out; half of those customers take a cup, of which two a day are wanted otherwise:

    >>> from datetime import date
    >>> units = np.array([[4] * 28 + [0] * 3, [2] * 28 + [4] * 3])
    >>> hidden = np.zeros_like(units, dtype=bool)
    >>> hidden[0, 28:] = True
    >>> keys = pl.DataFrame({"sku": ["MUG", "CUP"], "node": "TX"})
    >>> told = DemandHistory.from_matrix(units, keys, date(2026, 1, 1), hidden=hidden)
    >>> pairs = pl.DataFrame({"sku": ["MUG"], "substitute": ["CUP"], "share": [0.5]})
    >>> without_spill(told, pairs).units[1, 26:].tolist()
    [2, 2, 2, 2, 2]
    """
    if history.hidden is None or substitutes.is_empty():
        return history
    row = {key: k for k, key in enumerate(history.keys.select("sku", "node").iter_rows())}
    nodes = history.keys.group_by("sku", maintain_order=True).agg("node")
    places = dict(nodes.iter_rows())
    pairs = [
        (row[sku, node], row[other, node], share)
        for sku, other, share in substitutes.select("sku", "substitute", "share").iter_rows()
        for node in places.get(sku, [])
        if sku != other and (other, node) in row and share > 0
    ]
    gained: dict[int, npt.NDArray[np.float64]] = {}
    for missing, taken, share in pairs:
        out = history.hidden[missing] & ~history.hidden[taken]
        if out.any():
            gain = share * np.where(out, _wanted(history, missing), 0.0)
            gained[taken] = gained.get(taken, 0.0) + gain
    units = history.units
    rows = []
    for taken, gain in sorted(gained.items()):
        whole = np.diff(np.floor(np.cumsum(gain) + 1e-9), prepend=0.0).astype(units.dtype)
        less = np.minimum(whole, history.units[taken])
        if not less.any():
            continue
        if units is history.units:
            units = units.copy()
        units[taken] -= less
        rows.append(_told(history, taken, less))
    if not rows:
        return history
    # The first sale stays where it was: a substitute that was sold was on the shelf.
    return replace(history, units=units).saying(changed("substitute", pl.concat(rows)))


def _wanted(history: DemandHistory, missing: int) -> npt.NDArray[np.float64]:
    """Mean units of the last days seen before each day, shape ``(day,)``; 0 where too few were seen."""
    seen = history.rows(np.array([missing])).seen(history.n_days)[0]
    at = np.flatnonzero(seen)
    total = np.concatenate([[0.0], np.cumsum(history.units[missing, at], dtype=np.float64)])
    before = np.searchsorted(at, np.arange(history.n_days), side="left")
    begin = np.maximum(before - TRAILING_DAYS, 0)
    days = before - begin
    return np.where(days >= LEAST_DAYS, (total[before] - total[begin]) / np.maximum(days, 1), 0.0)


def _told(history: DemandHistory, taken: int, less: npt.NDArray[np.integer]) -> pl.DataFrame:
    """Rows for the list of changes."""
    day = np.flatnonzero(less)
    sku, node, _ = history.keys.select("sku", "node", "category").row(taken)
    before = history.units[taken, day].astype(np.float64)
    return pl.DataFrame(
        {"sku": sku, "node": node, "date": history.dates(day), "before": before, "after": before - less[day]}
    )
