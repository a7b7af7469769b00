"""How far means lie off at every level of a hierarchy, from the total down to single series, weighed by money."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.history import DemandHistory

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.integer] | Floats
Codes = npt.NDArray[np.int64]

M5_LEVELS: Final = (
    (),
    ("state",),
    ("store",),
    ("category",),
    ("department",),
    ("state", "category"),
    ("state", "department"),
    ("store", "category"),
    ("store", "department"),
    ("item",),
    ("item", "state"),
    ("item", "store"),
)
"""The twelve levels of the M5 competition as columns to group by; none is the total."""
_BLOCK: Final = 2048


def wrmsse(
    actual: Numbers,
    mean: Numbers,
    history: DemandHistory,
    weight: Floats,
    levels: Sequence[Sequence[str]],
    *,
    keys: pl.DataFrame | None = None,
) -> float:
    """Weighted root mean squared scaled error, each level counting the same; NaN where no series has weight and scale.

    Parameters
    ----------
    actual, mean
        Units sold and foretold, shape ``(series, day)``; upper levels are their sums, so the means are bottom-up.
    history
        What came before, for the scale; hidden days count as what was sold.
    weight
        Of each series, shape ``(series,)``, not below zero: the money of the 28 days before the origin in the competition.
    levels
        Columns to group by, one tuple a level: ``()`` for the total, such as `M5_LEVELS`.
    keys
        Where those columns stand, one row a series; `history.keys` if not given.

    References
    ----------
    Makridakis, Spiliotis and Assimakopoulos, The M5 Competition: Competitors' Guide (2020), RMSSE and WRMSSE;
    Hyndman and Koehler (2006) for scaled errors.

    Examples
    --------
    Two shops sold 1, 3, 1, 3 and 2, 2, 4, 4 and then one more day of 3 and 4, foretold as 2 and 4. The first's changes are
    2, -2, 2, mean square 4, so its error of 1 is 1/2; the second has no error. Money is even: 1/4 at that level. Together
    they sold 3, 5, 5, 7: mean square of 2, 0, 2 is 8/3, so the error of 1 is sqrt(3/8) = 0.6124.

    >>> from datetime import date
    >>> shops = pl.DataFrame({"sku": "MUG", "node": ["TX", "PA"]})
    >>> past = DemandHistory.from_matrix(np.array([[1, 3, 1, 3], [2, 2, 4, 4]]), shops, date(2026, 1, 1))
    >>> told = np.array([[3], [4]]), np.array([[2], [4]]), past, np.ones(2)
    >>> wrmsse(*told, [("node",)]), round(wrmsse(*told, [()]), 4), round(wrmsse(*told, [(), ("node",)]), 4)
    (0.25, 0.6124, 0.4312)
    """
    return float(np.mean(level_errors(actual, mean, history, weight, levels, keys=keys)))


def level_errors(
    actual: Numbers,
    mean: Numbers,
    history: DemandHistory,
    weight: Floats,
    levels: Sequence[Sequence[str]],
    *,
    keys: pl.DataFrame | None = None,
) -> list[float]:
    """Weighted RMSSE of each level in turn; arguments as in `wrmsse`. Groups that never changed have no scale and stay out."""
    n = history.n_series
    keys = history.keys if keys is None else keys
    if not actual.shape == mean.shape or actual.shape[0] != n or weight.shape != (n,) or keys.height != n:
        raise ValueError(
            f"{n} series want as many rows of actual {actual.shape}, mean {mean.shape}, weight {weight.shape}, "
            f"keys ({keys.height}); actual and mean the same days"
        )
    if not levels:
        raise ValueError("name at least one level; () is the total")
    return [_level_error(actual, mean, history, weight, group_codes(keys, columns)) for columns in levels]


def group_codes(keys: pl.DataFrame, columns: Sequence[str]) -> Codes:
    """Group of each row by the values of `columns`, numbered in sorted order; no column puts all rows into group 0.

    Examples
    --------
    >>> group_codes(pl.DataFrame({"state": ["TX", "CA", "TX"]}), ["state"]).tolist()
    [1, 0, 1]
    """
    lacking = [name for name in columns if name not in keys.columns]
    if lacking:
        raise ValueError(f"the keys lack {', '.join(lacking)}; they have {', '.join(keys.columns)}")
    if not columns:
        return np.zeros(keys.height, dtype=np.int64)
    groups = keys.select(columns).unique().sort(list(columns)).with_row_index("_group")
    joined = keys.select(columns).join(groups, on=list(columns), how="left", nulls_equal=True, maintain_order="left")
    return joined["_group"].cast(pl.Int64).to_numpy()


def _level_error(actual: Numbers, mean: Numbers, history: DemandHistory, weight: Floats, code: Codes) -> float:
    n_groups = int(code.max()) + 1 if code.size else 0
    squared, scale, worth = np.zeros(n_groups), np.zeros(n_groups), np.bincount(code, weight, minlength=n_groups)
    for begin, rows, starts in _blocks(code):
        of_block = slice(begin, begin + starts.size)
        gap = np.add.reduceat(actual[rows] - np.asarray(mean[rows], dtype=np.float64), starts, axis=0)
        squared[of_block] = (gap * gap).mean(axis=1)
        units = np.add.reduceat(history.units[rows], starts, axis=0, dtype=np.float64)
        scale[of_block] = _squared_change(units, np.minimum.reduceat(history.start[rows], starts))
    known = (scale > 0) & (worth > 0)
    if not known.any():
        return float("nan")
    return float((worth[known] * np.sqrt(squared[known] / scale[known])).sum() / worth[known].sum())


def _blocks(code: Codes) -> Iterator[tuple[int, Codes, Codes]]:
    """First group, rows in group order and where each group begins among them, a few thousand groups at a time."""
    order = np.argsort(code, kind="stable").astype(np.int64)
    begins = np.flatnonzero(np.diff(code[order], prepend=-1))
    for k in range(0, begins.size, _BLOCK):
        first = begins[k]
        last = begins[k + _BLOCK] if k + _BLOCK < begins.size else code.size
        yield k, order[first:last], begins[k : k + _BLOCK] - first


def _squared_change(units: Floats, start: Codes) -> Floats:
    """Mean squared change from day to day since the first sale, shape ``(group,)``; 0 where there is no such day."""
    step = np.diff(units, axis=1)
    active = np.arange(step.shape[1])[None, :] >= start[:, None]
    days = active.sum(axis=1)
    total = np.where(active, step * step, 0.0).sum(axis=1)
    return np.asarray(np.divide(total, days, out=np.zeros_like(total), where=days > 0))
