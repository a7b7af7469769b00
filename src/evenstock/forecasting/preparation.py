"""From the demand frame to a history that can be forecast, by the data contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting import data_contract
from evenstock.forecasting.data_contract import MOST_LISTED, changed, counted
from evenstock.forecasting.history import DemandHistory
from evenstock.forecasting.repairs import OnBad, checked, with_counts, without_repeats
from evenstock.forecasting.silence import silent_runs

HISTORY_DAYS: Final = 1092
"""Three years are kept: nothing older tells of next month."""
CONSTANT_DAYS: Final = 28
"""From so many days on, the same units on each are flagged."""
_MOST_NAMED: Final = 5

Mask = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]


def prepare(
    demand: pl.DataFrame, as_of: date, *, items: pl.DataFrame | None = None, on_bad: OnBad = "repair"
) -> DemandHistory:
    """Daily history of every (sku, node) in `demand`, in key order, up to the day before `as_of`.

    Rows on and after `as_of` are left out, so that a backtest sees what was known then. Zeros before the first sale are
    trimmed. What is odd is repaired, hidden, flagged or refused by the rules of `data_contract`; the history's `changes`
    say what was done to which day and why, its `notes` the same in short.

    Parameters
    ----------
    demand
        Columns of `tables.Demand`; `in_stock` and `promotion` may be absent.
    as_of
        The first day to forecast.
    items
        Columns `sku` and `category`, for weekday factors by category.
    on_bad
        `refuse` raises at units that are no count of demand and at days that stand twice, instead of repairing them.

    Raises
    ------
    ValueError
        Naming column or rows, for what the contract refuses.

    Examples
    --------
    Monday came twice, in two parts; on Tuesday somebody typed a return into it.

    >>> day = [date(2026, 7, 6), date(2026, 7, 6), date(2026, 7, 7), date(2026, 7, 8)]
    >>> demand = pl.DataFrame({"date": day, "sku": "MUG", "node": "TX", "units": [3, 2, -1, 4]})
    >>> history = prepare(demand, date(2026, 7, 9))
    >>> history.units.tolist()
    [[5, 0, 4]]
    >>> history.changes.select("rule", "before", "after").rows()
    [('added_up', 3.0, 5.0), ('negative', -1.0, 0.0)]
    """
    changes: list[pl.DataFrame] = []
    notes: list[str] = []
    demand = checked(demand)
    known = demand.filter(pl.col("date") < as_of)
    if known.height < demand.height:
        changes.append(counted("future", demand.height - known.height))
        notes.append(f"{demand.height - known.height} rows on or after {as_of} left out: not known then")
    if known.is_empty():
        raise ValueError(f"no demand before {as_of}: the frame has {demand.height} rows, none of them older")
    known = with_counts(known, on_bad, changes)
    cells = _cells(known, as_of)
    if cells.twice():
        cells = _cells(without_repeats(known, on_bad, changes), as_of)
    notes += _told(changes)
    units = np.zeros(cells.shape, dtype=np.int32)
    units.ravel()[cells.at] = cells.recent["units"].to_numpy()
    if cells.old.height:
        changes.append(counted("old", cells.old.height))
        notes.append(f"{cells.old.height} rows before {cells.first} left out: older than {HISTORY_DAYS} days")
    hidden = _hidden(cells, changes, notes)
    history = DemandHistory.from_matrix(
        units,
        _with_category(cells.keys, items, changes, notes),
        cells.first,
        hidden=hidden,
        promoted=_mark(cells, pl.col("promotion"), "promotion"),
        notes=notes,
    )
    # What sold before the window had its first sale before the window.
    history.start[cells.old.filter(pl.col("units") > 0)["row"].unique().to_numpy()] = 0
    changes += _flagged(history, cells)
    return history.saying(data_contract.together(changes))


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Rows of demand with their place in the matrix."""

    keys: pl.DataFrame
    """Columns row, sku, node, in key order."""
    recent: pl.DataFrame
    """Rows within the window, with `row`."""
    old: pl.DataFrame
    """Rows before it: row, units."""
    at: Whole
    """Flat cell of each recent row."""
    first: date
    shape: tuple[int, int]

    def twice(self) -> bool:
        """Whether a cell has more than one row."""
        seen = np.zeros(self.shape[0] * self.shape[1], dtype=np.bool_)
        seen[self.at] = True
        return int(np.count_nonzero(seen)) < self.at.size

    def places(self, mask: Mask) -> pl.DataFrame:
        """Series and day of the first marked cells, in key order: as many as `changes` lists."""
        at = np.flatnonzero(mask)[:MOST_LISTED]
        row, day = np.divmod(at, self.shape[1])
        dates = pl.Series("date", np.datetime64(self.first, "D") + day.astype("timedelta64[D]"), dtype=pl.Date)
        where: pl.DataFrame = self.keys.select("sku", "node")[row.tolist()]
        return where.with_columns(dates)


def _cells(known: pl.DataFrame, as_of: date) -> _Cells:
    earliest: date = known.select(pl.col("date").min()).item()
    first = max(earliest, as_of - timedelta(days=HISTORY_DAYS))
    keys = known.select("sku", "node").unique().sort("sku", "node").with_row_index("row")
    coded = known.join(keys, on=["sku", "node"], how="left", maintain_order="left").drop("sku", "node")
    old = coded.filter(pl.col("date") < first).select("row", "units")
    recent = coded.filter(pl.col("date") >= first) if old.height else coded
    shape = (keys.height, (as_of - first).days)
    at = recent["row"].to_numpy().astype(np.int64)
    at *= shape[1]
    at += (recent["date"] - first).dt.total_days().to_numpy()
    return _Cells(keys, recent, old, at, first, shape)


def _mark(cells: _Cells, when: pl.Expr, column: str) -> Mask | None:
    """Cells of the rows for which `when` holds; None if there are none."""
    if column not in cells.recent.columns:
        return None
    on = cells.recent.select(when.cast(pl.Boolean).fill_null(value=False)).to_series().to_numpy()
    if not on.any():
        return None
    mask = np.zeros(cells.shape, dtype=np.bool_)
    mask.ravel()[cells.at[on]] = True
    return mask


def _hidden(cells: _Cells, changes: list[pl.DataFrame], notes: list[str]) -> Mask | None:
    hidden = _mark(cells, ~pl.col("in_stock").cast(pl.Boolean), "in_stock")
    if hidden is not None:
        days = int(hidden.sum())
        changes.append(changed("stock_out", cells.places(hidden), total=days))
        notes.append(f"{days} days of stock-out hidden: they do not say what was wanted")
    unseen = _mark(cells, pl.col("unseen"), "unseen")
    if unseen is not None:
        hidden = unseen if hidden is None else hidden | unseen
    names, node = np.unique(cells.keys["node"].to_numpy().astype(str), return_inverse=True)
    row, day = np.divmod(cells.at, cells.shape[1])
    silent = []
    for k, begin, end in silent_runs(node.astype(np.int64), row, day, cells.shape[1]):
        hidden = np.zeros(cells.shape, dtype=np.bool_) if hidden is None else hidden
        hidden[node == k, begin:end] = True
        since, last = cells.first + timedelta(days=begin), cells.first + timedelta(days=end - 1)
        said = f"no demand from {since} to {last}, {end - begin} days; taken as not heard, not as zero"
        silent.append((str(names[k]), since, said))
    if silent:
        changes.append(changed("silent", pl.DataFrame(silent, schema=["node", "date", "because"], orient="row")))
        notes += [f"{name}: {said}" for name, _, said in silent[:_MOST_NAMED]]
        if len(silent) > _MOST_NAMED:
            notes.append(f"{len(silent) - _MOST_NAMED} more times that a node was not heard")
    return hidden


def _flagged(history: DemandHistory, cells: _Cells) -> list[pl.DataFrame]:
    """Series that are kept as they are, and looked at."""
    rows = np.bincount(cells.recent["row"].to_numpy(), minlength=cells.shape[0])
    rows += np.bincount(cells.old["row"].to_numpy(), minlength=cells.shape[0])
    seen = history.seen(history.n_days)
    days = seen.sum(axis=1)
    most = history.units.max(axis=1, where=seen, initial=0).astype(np.int64)
    total = history.units.sum(axis=1, where=seen, dtype=np.int64)
    constant = (days >= CONSTANT_DAYS) & (most > 0) & (total == most * days)
    never = history.start == history.n_days
    found = []
    for rule, mask in (("single", rows == 1), ("constant", constant), ("never_sold", never)):
        if mask.any():
            found.append(changed(rule, cells.keys.filter(pl.Series(mask)).select("sku", "node")))
    return found


def _told(changes: list[pl.DataFrame]) -> list[str]:
    """A short note for each repair of rows so far."""
    words = {
        "not_a_number": "units that are no number hidden",
        "beyond": f"days of more than {data_contract.LARGEST_DAY:,} units hidden: no count of demand",
        "negative": "rows below zero taken as returns: demand 0",
        "copy": "rows that stood twice dropped",
        "added_up": "days that came in parts added up",
    }
    firsts = [frame.row(0, named=True) for frame in changes]
    return [f"{row['total']} {words[row['rule']]}" for row in firsts if row["rule"] in words]


def _with_category(
    keys: pl.DataFrame, items: pl.DataFrame | None, changes: list[pl.DataFrame], notes: list[str]
) -> pl.DataFrame:
    if items is None or "category" not in items.columns:
        return keys.select("sku", "node")
    known = items.select("sku", "category").unique("sku", keep="first", maintain_order=True)
    joined = keys.join(known, on="sku", how="left", maintain_order="left")
    lost = joined.filter(pl.col("category").is_null()).select("sku").unique()
    if lost.height:
        changes.append(changed("no_category", lost))
        notes.append(f"{lost.height} items with demand are not in the item table: forecast without a category")
    return joined.select("sku", "node", pl.col("category").fill_null(""))
