"""What demand may be at any level above item and node: paths added up, so that every level agrees with every other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.forecast import Forecast

Floats = npt.NDArray[np.float64]
Totals = npt.NDArray[np.int64]

_CELLS_AT_ONCE: Final = 8_000_000
"""Path-days held at a time, of groups and of series each: some 100 MB."""


def summed_paths(
    forecast: Forecast,
    group: npt.NDArray[np.int64],
    n_paths: int,
    seed: int,
    *,
    first_path: int = 0,
) -> Totals:
    """Paths of each group, shape ``(group, path, day)``: path s of a group is the sum of its series' paths s.

    Parameters
    ----------
    group
        Code of each series, 0 and up, shape ``(series,)``; a code without series gives zeros.
    """
    n_groups = int(group.max()) + 1 if group.size else 0
    days = forecast.horizon
    found = np.zeros((n_groups, n_paths, days), np.int64)
    at_once = max(_CELLS_AT_ONCE // (n_paths * days), 1)
    order = np.argsort(group, kind="stable")
    for begin in range(0, order.size, at_once):
        rows = order[begin : begin + at_once]
        codes, starts = np.unique(group[rows], return_index=True)
        drawn = forecast.paths(n_paths, seed, rows, first_path=first_path)
        found[codes] += np.add.reduceat(drawn, starts, axis=0, dtype=np.int64)
    return found


def aggregate(
    forecast: Forecast,
    by: Sequence[str] = (),
    *,
    levels: Sequence[float] = (0.025, 0.5, 0.95, 0.975),
    n_paths: int = 200,
    seed: int = 0,
    keys: pl.DataFrame | None = None,
    totals: bool = False,
) -> pl.DataFrame:
    """Mean and quantiles of each group and day, coherent over every choice of groups.

    Means are sums of the series' means, exactly. Quantiles are those of summed sample paths (whole units, the smallest not
    exceeded with at least that share of the paths), drawn from the same seed at every level: a parent's path is the sum of
    its children's, path for path.

    Parameters
    ----------
    by
        Columns of `keys` that name a group, such as ``["node"]`` or ``["category", "node"]``; none means everything.
    levels
        Between 0 and 1; not finer than ``1 / n_paths``.
    keys
        One row a series, in the forecast's order, with further columns (category, region); the forecast's own otherwise.
    totals
        One row a group for the whole horizon instead of one a day.

    Returns
    -------
    polars.DataFrame
        The columns of `by`, ``date`` (the first day, with `totals`), ``mean`` and one column a level (``q0.95``), groups
        in sorted order, then days.

    Notes
    -----
    Levels co-move between an item's nodes, and days are independent between items given their levels. What moves all
    items at once (a strike, a cold spring) is not in the paths: groups of many items are surer than they should be.
    """
    known = forecast.keys if keys is None else keys
    if known.height != forecast.mu.shape[0]:
        raise ValueError(f"keys have {known.height} rows, the forecast {forecast.mu.shape[0]} series")
    missing = [name for name in by if name not in known.columns]
    if missing:
        raise ValueError(f"there is no column {', '.join(missing)} to add up by; keys have {', '.join(known.columns)}")
    if not all(0 < u < 1 for u in levels):
        raise ValueError("a quantile level lies between 0 and 1, both left out")
    names, group = _groups(known, by)
    days = 1 if totals else forecast.horizon
    mean = np.zeros((names.height, forecast.horizon))
    np.add.at(mean, group, forecast.mu)
    quantiles = np.empty((names.height, days, len(levels)), np.int64)
    # Whole groups at a time, so that no more than a block of them is held.
    at_once = max(_CELLS_AT_ONCE // (n_paths * forecast.horizon), 1)
    order = np.argsort(group, kind="stable")
    edges = np.searchsorted(group[order], np.arange(0, names.height + at_once, at_once))
    for k, begin in enumerate(range(0, names.height, at_once)):
        rows = order[edges[k] : edges[k + 1]]
        paths = summed_paths(forecast.rows(rows), group[rows] - begin, n_paths, seed)
        if totals:
            paths = paths.sum(axis=2, keepdims=True)
        block = np.quantile(paths, levels, axis=1, method="inverted_cdf")
        quantiles[begin : begin + at_once] = np.moveaxis(block, 0, 2)
    if totals:
        mean = mean.sum(axis=1, keepdims=True)
    row = np.repeat(np.arange(names.height), days)
    return names[row.tolist()].with_columns(
        pl.Series("date", forecast.days[:days] * names.height, dtype=pl.Date),
        pl.Series("mean", mean.ravel()),
        *(pl.Series(f"q{u:g}", quantiles[:, :, j].ravel()) for j, u in enumerate(levels)),
    )


def _groups(keys: pl.DataFrame, by: Sequence[str]) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
    """The groups that occur, sorted, and the code of each series' group."""
    if not by:
        return pl.DataFrame({"level": ["all"]})[: min(keys.height, 1)], np.zeros(keys.height, np.int64)
    names = keys.select(by).unique().sort(by)
    code = keys.select(by).join(names.with_row_index("_code"), on=list(by), how="left", maintain_order="left")["_code"]
    return names, code.to_numpy().astype(np.int64)
