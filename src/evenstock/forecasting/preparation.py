"""From the demand frame to a history that can be forecast: what is refused, what is repaired, and what is said about it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.history import DemandHistory

HISTORY_DAYS: Final = 1092
"""Three years are kept: nothing older tells of next month."""
SILENT_DAYS: Final = 4
"""A busy node that says nothing for this many days is taken as not heard, not as not selling: longer than a weekend with a holiday."""
BUSY_ROWS: Final = 20
"""Rows a day from which a node is busy: then a day without any is no chance."""
_MOST_NAMED: Final = 5


def prepare(demand: pl.DataFrame, as_of: date, *, items: pl.DataFrame | None = None) -> DemandHistory:
    """Daily history of every (sku, node) in `demand`, in key order, up to the day before `as_of`.

    Rows on and after `as_of` are left out, so that a backtest sees what was known then. A day without a row is zero,
    except while a busy node's feed is silent. Stock-out days (`in_stock` false) are marked hidden, zeros before the
    first sale are trimmed. What was done is in the history's notes.

    Parameters
    ----------
    demand
        Columns of `tables.Demand`; `in_stock` and `promotion` may be absent.
    as_of
        The first day to forecast.
    items
        Columns `sku` and `category`, for weekday factors by category.

    Raises
    ------
    ValueError
        Naming the rows, if units are missing, NaN, fractional or below zero, a day of a series stands twice, or nothing
        is left before `as_of`.
    """
    _refuse(demand)
    notes: list[str] = []
    known = demand.filter(pl.col("date") < as_of)
    if known.height < demand.height:
        notes.append(f"{demand.height - known.height} rows on or after {as_of} left out: not known then")
    if known.is_empty():
        raise ValueError(f"no demand before {as_of}: the frame has {demand.height} rows, none of them older")
    earliest: date = known.select(pl.col("date").min()).item()
    first = max(earliest, as_of - timedelta(days=HISTORY_DAYS))
    days = (as_of - first).days
    keys = known.select("sku", "node").unique().sort("sku", "node").with_row_index("row")
    coded = known.join(keys, on=["sku", "node"], how="left", maintain_order="left")
    row = coded["row"].to_numpy().astype(np.int64)
    day = (coded["date"] - first).dt.total_days().to_numpy()
    cell = row * days + day
    recent = day >= 0
    if not recent.all():
        notes.append(f"{int((~recent).sum())} rows before {first} left out: older than {HISTORY_DAYS} days")
    shape = (keys.height, days)
    units = np.zeros(shape, dtype=np.int32)
    units.ravel()[cell[recent]] = coded["units"].to_numpy()[recent]
    _refuse_repeats(coded.select("date", "sku", "node"), cell, recent, units.size)
    hidden = _mark(coded, "in_stock", cell, recent, shape, when=False)
    promoted = _mark(coded, "promotion", cell, recent, shape, when=True)
    if hidden is not None:
        notes.append(f"{int(hidden.sum())} days of stock-out hidden: they do not say what was wanted")
    hidden = _hide_silence(keys["node"].to_numpy(), row[recent], day[recent], hidden, shape, first, notes)
    history = DemandHistory.from_matrix(
        units, _with_category(keys, items, notes), first, hidden=hidden, promoted=promoted, notes=notes
    )
    # What sold before the window had its first sale before the window.
    history.start[np.unique(row[~recent & (coded["units"].to_numpy() > 0)])] = 0
    return history


def _refuse(demand: pl.DataFrame) -> None:
    missing = [name for name in ("date", "sku", "node", "units") if name not in demand.columns]
    if missing:
        raise ValueError(f"demand lacks the columns {', '.join(missing)}")
    if demand["date"].dtype != pl.Date:
        raise ValueError(f"demand: date is a calendar day, not {demand['date'].dtype}; cast it with .dt.date()")
    empty = demand.select(pl.any_horizontal(pl.col("date", "sku", "node", "units").is_null())).to_series()
    if empty.any():
        raise ValueError(
            f"demand: {empty.sum()} rows with an empty cell, the first at row {empty.arg_max()}; fill or drop them"
        )
    units = demand["units"]
    if not units.dtype.is_numeric():
        raise ValueError(f"demand: units are whole numbers, not {units.dtype}")
    wrong = units < 0
    if units.dtype.is_float():
        wrong = wrong | ~units.is_finite() | (units != units.floor())
    wrong = wrong | (units > np.iinfo(np.int32).max)
    if wrong.any():
        at = wrong.arg_max() or 0
        said = demand.select("date", "sku", "node", "units").row(at, named=True)
        raise ValueError(
            f"demand: {wrong.sum()} rows whose units are not whole numbers from 0 to 2147483647, the first "
            f"{said['units']} for {said['sku']} at {said['node']} on {said['date']}; correct them, and keep returns apart"
        )


def _refuse_repeats(named: pl.DataFrame, cell: npt.NDArray[np.int64], recent: npt.NDArray[np.bool_], size: int) -> None:
    seen = np.zeros(size, dtype=np.bool_)
    seen[cell[recent]] = True
    if int(np.count_nonzero(seen)) == int(np.count_nonzero(recent)):
        return
    repeats = named.filter(pl.Series(recent)).filter(pl.struct("date", "sku", "node").is_duplicated()).unique()
    some = "; ".join(
        f"{s} at {n} on {d}" for d, s, n in repeats.sort("date", "sku", "node").head(_MOST_NAMED).iter_rows()
    )
    raise ValueError(
        f"demand: {repeats.height} days stand more than once ({some}); add their units up or drop the copies"
    )


def _mark(
    coded: pl.DataFrame,
    column: str,
    cell: npt.NDArray[np.int64],
    recent: npt.NDArray[np.bool_],
    shape: tuple[int, int],
    *,
    when: bool,
) -> npt.NDArray[np.bool_] | None:
    """Cells whose row says `when` in `column`; None if none does."""
    if column not in coded.columns:
        return None
    on = (coded[column].fill_null(not when) == when).to_numpy() & recent
    if not on.any():
        return None
    mask = np.zeros(shape, dtype=np.bool_)
    mask.ravel()[cell[on]] = True
    return mask


def _hide_silence(
    node: npt.NDArray[np.object_],
    row: npt.NDArray[np.int64],
    day: npt.NDArray[np.int64],
    hidden: npt.NDArray[np.bool_] | None,
    shape: tuple[int, int],
    first: date,
    notes: list[str],
) -> npt.NDArray[np.bool_] | None:
    """Mark days on which a busy node's feed said nothing; also the days between the last row of all and `as_of`."""
    names, code = np.unique(node, return_inverse=True)
    said = np.zeros((names.size, shape[1]), dtype=np.int64)
    np.add.at(said, (code[row], day), 1)
    for k, name in enumerate(names):
        heard = np.flatnonzero(said[k])
        if heard.size == 0 or said[k].sum() / heard.size < BUSY_ROWS:
            continue
        for begin, end in _gaps(heard, shape[1]):
            if end - begin >= SILENT_DAYS or (end == shape[1] and said[:, begin:].sum() == 0):
                hidden = np.zeros(shape, dtype=np.bool_) if hidden is None else hidden
                hidden[code == k, begin:end] = True
                last = first + timedelta(days=end - 1)
                notes.append(
                    f"{name}: no demand from {first + timedelta(days=begin)} to {last}, {end - begin} days; "
                    "taken as not heard, not as zero"
                )
    return hidden


def _gaps(heard: npt.NDArray[np.int64], days: int) -> list[tuple[int, int]]:
    """Half-open runs without a day in `heard`, after its first one.

    Examples
    --------
    >>> _gaps(np.array([2, 3, 7]), 9)
    [(4, 7), (8, 9)]
    """
    after = np.append(heard[1:], days)
    return [(int(a) + 1, int(b)) for a, b in zip(heard, after, strict=True) if b - a > 1]


def _with_category(keys: pl.DataFrame, items: pl.DataFrame | None, notes: list[str]) -> pl.DataFrame:
    if items is None or "category" not in items.columns:
        return keys.select("sku", "node")
    known = items.select("sku", "category").unique("sku", keep="first", maintain_order=True)
    joined = keys.join(known, on="sku", how="left", maintain_order="left")
    lost = joined.filter(pl.col("category").is_null())["sku"].n_unique()
    if lost:
        notes.append(f"{lost} items with demand are not in the item table: forecast without a category")
    return joined.select("sku", "node", pl.col("category").fill_null(""))
