"""What launches of the past sold in their first four weeks, and what was known of each the morning before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.history import DemandHistory
from evenstock.forecasting.node_volume import SeriesCodes, node_volumes

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LAUNCH_DAYS: Final = 28
"""Days from the launch on that are looked at."""
QUIET_DAYS: Final = 91
"""Days without a sale before a first one that make it a launch, and no rare sale of an old item."""
LEAST_SEEN: Final = 14
"""Days of the four weeks that must have been seen for a launch to teach anything."""
RECENT_DAYS: Final = 28
LONG_DAYS: Final = 182
_VOLUME_STEP: Final = 91
_ITEMS_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class Siblings:
    """What the same item sold at other nodes: units, and days weighed by how large those nodes are."""

    recent_units: Floats
    recent_days: Floats
    long_units: Floats
    long_days: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Launches:
    """Launches in the order of their day; every array has the shape ``(launch,)``."""

    day: Codes
    """Column of the history on which it was launched."""
    row: Codes
    """Series."""
    item: Codes
    category: Codes
    volume: Floats
    """Volume ratio of the node within the category, as known on that day."""
    siblings: Siblings
    log_price: Floats
    """Logarithm of the price in cents on that day, NaN where unknown."""
    units: Floats
    """Sold in the first four weeks, over the days that count."""
    days: Floats
    """Days that count: seen ones, without the first where the launch is only known by its first sale."""
    squares: Floats
    """Sum of squares of the units of those days."""
    dated: Mask
    """Whether the day is known otherwise than by the first sale."""

    def __len__(self) -> int:
        return int(self.day.size)

    def part(self, on: Mask) -> Launches:
        """Some of the launches."""
        values = {name: getattr(self, name)[on] for name in self.__dataclass_fields__ if name != "siblings"}
        own = {name: getattr(self.siblings, name)[on] for name in self.siblings.__dataclass_fields__}
        return Launches(siblings=Siblings(**own), **values)


def launch_days(history: DemandHistory, introduced: pl.DataFrame | None = None) -> tuple[Codes, Mask]:
    """Column on which each series came on sale, and whether that is known otherwise than by its first sale.

    `introduced` (columns sku, introduced_on) is believed where the first sale at the node came within four weeks after it;
    a node that took the item later has its own launch, dated by its first sale. A series that never sold has the number of
    days of the history, or its introduction.
    """
    first = history.start.copy()
    if introduced is None or introduced.is_empty():
        return first, np.zeros(first.size, np.bool_)
    days = (
        history.keys.select("sku")
        .join(introduced.select("sku", "introduced_on").unique("sku", keep="first"), on="sku", how="left",
              maintain_order="left")
        .select((pl.col("introduced_on") - history.first_day).dt.total_days())
        .to_series().cast(pl.Float64).fill_null(np.nan).to_numpy()
    )  # fmt: skip
    never = history.start >= history.n_days
    with np.errstate(invalid="ignore"):
        dated = (days <= first) & ((days > first - LAUNCH_DAYS) | never) & (days >= 0)
    return np.where(dated, np.nan_to_num(days), first).astype(np.int64), dated


def observe(
    history: DemandHistory,
    *,
    introduced: pl.DataFrame | None = None,
    prices: pl.DataFrame | None = None,
    most: int = 4000,
) -> Launches:
    """The latest `most` launches of which four weeks have passed.

    Parameters
    ----------
    introduced
        Columns sku and introduced_on.
    prices
        Columns of `tables.SalePrices`.
    """
    codes = SeriesCodes.of(history)
    day, dated = launch_days(history, introduced)
    sold = history.start < history.n_days
    on = sold & (dated | (day >= QUIET_DAYS)) & (day + LAUNCH_DAYS <= history.n_days)
    row = np.flatnonzero(on)
    row = row[np.argsort(day[row], kind="stable")][-most:]
    units, days, squares = _first_weeks(history, row, day[row], dated[row])
    enough = days >= LEAST_SEEN
    row, units, days, squares = row[enough], units[enough], days[enough], squares[enough]
    volume, siblings = seen_from(history, codes, row, day[row])
    return Launches(
        day=day[row],
        row=row,
        item=codes.item[row],
        category=codes.category[row],
        volume=volume,
        siblings=siblings,
        log_price=log_prices(prices, history.keys[row.tolist()], history.dates(day[row])),
        units=units,
        days=days,
        squares=squares,
        dated=dated[row],
    )


def seen_from(history: DemandHistory, codes: SeriesCodes, row: Codes, day: Codes) -> tuple[Floats, Siblings]:
    """Volume ratio of each series' node, and its siblings' sales, as known on the morning of `day`."""
    volume = np.ones(row.size)
    grid = _grid(codes)
    found = np.zeros((4, row.size))
    # Ratios of nodes change slowly: they are reckoned four times a year.
    step = day // _VOLUME_STEP * _VOLUME_STEP
    for begin in np.unique(step):
        on = np.flatnonzero(step == begin)
        at = node_volumes(history, codes, int(begin) if begin else None)
        category = codes.category[row[on]]
        volume[on] = at[category, codes.node[row[on]]]
        found[:, on] = _sums(history, grid, codes.item[row[on]], codes.node[row[on]], day[on], at[category])
    return volume, Siblings(*found)


def siblings_now(
    history: DemandHistory, codes: SeriesCodes, item: Codes, node: Codes, category: Codes, volumes: Floats
) -> Siblings:
    """Siblings' sales up to the end of the history, for items and nodes by number; -1 for those the history does not have."""
    found = np.zeros((4, item.size))
    known = np.flatnonzero(item >= 0)
    ratio = np.where(category[known, None] >= 0, volumes[category[known]], volumes.mean(axis=0)[None, :])
    at = np.full(known.size, history.n_days, dtype=np.int64)
    found[:, known] = _sums(history, _grid(codes), item[known], node[known], at, ratio)
    return Siblings(*found)


def _grid(codes: SeriesCodes) -> Codes:
    """Series of each item and node, shape ``(item, node)``; -1 where there is none."""
    grid = np.full((len(codes.items), len(codes.nodes)), -1, dtype=np.int64)
    grid[codes.item, codes.node] = np.arange(codes.item.size)
    return grid


def _sums(history: DemandHistory, grid: Codes, item: Codes, node: Codes, day: Codes, ratio: Floats) -> Floats:
    """Recent units, recent days, long units, long days of each one's siblings; `ratio` has the shape ``(row, node)``."""
    found = np.zeros((4, item.size))
    order = np.argsort(item, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(item[order] // _ITEMS_AT_ONCE)) + 1):
        if not part.size:
            continue
        of = grid[item[part]]
        of = np.where(np.arange(of.shape[1])[None, :] == node[part, None], -1, of)
        rows, place = np.unique(of[of >= 0], return_inverse=True)
        if not rows.size:
            continue
        at = np.zeros_like(of)
        at[of >= 0] = place
        last = int(day[part].max())
        units, seen = _cumulated(history, rows, max(int(day[part].min()) - LONG_DAYS, 0), last)
        offset = max(int(day[part].min()) - LONG_DAYS, 0)
        for k, window in ((0, RECENT_DAYS), (2, LONG_DAYS)):
            end = (day[part] - offset)[:, None]
            begin = np.maximum(day[part] - window, 0)[:, None] - offset
            found[k, part] = np.where(of >= 0, units[at, end] - units[at, begin], 0).sum(axis=1)
            found[k + 1, part] = np.where(of >= 0, (seen[at, end] - seen[at, begin]) * ratio[part], 0.0).sum(axis=1)
    return found


def _cumulated(history: DemandHistory, rows: Codes, begin: int, end: int) -> tuple[Codes, Codes]:
    """Units seen and days seen up to each day of the window, shape ``(row, day + 1)``."""
    part = slice(begin, end)
    seen = np.arange(begin, end)[None, :] >= history.start[rows, None]
    if history.hidden is not None:
        seen &= ~history.hidden[rows, part]
    zero = np.zeros((rows.size, 1), dtype=np.int64)
    units = np.cumsum(np.where(seen, history.units[rows, part], 0), axis=1, dtype=np.int64)
    return np.concatenate([zero, units], axis=1), np.concatenate([zero, np.cumsum(seen, axis=1)], axis=1)


def _first_weeks(history: DemandHistory, row: Codes, day: Codes, dated: Mask) -> tuple[Floats, Floats, Floats]:
    """Units, days and squares of the days that count among the first four weeks."""
    at = day[:, None] + np.arange(LAUNCH_DAYS)[None, :]
    units = history.units[row[:, None], at].astype(np.float64)
    counts = np.ones(units.shape, dtype=np.bool_)
    # A launch that is only known by its first sale always sells on its first day, which says nothing of the next launch.
    counts[~dated, 0] = False
    if history.hidden is not None:
        counts &= ~history.hidden[row[:, None], at]
    units = np.where(counts, units, 0.0)
    return units.sum(axis=1), counts.sum(axis=1).astype(np.float64), (units * units).sum(axis=1)


def log_prices(prices: pl.DataFrame | None, keys: pl.DataFrame, days: pl.Series) -> Floats:
    """Logarithm of the price in cents that holds on each series' day, its own before that of every node; NaN where unknown."""
    if prices is None or prices.is_empty():
        return np.full(keys.height, np.nan)
    asked = keys.select("sku", "node").with_row_index("row").with_columns(day=days).sort("day", maintain_order=True)
    said = prices.filter(pl.col("cents") > 0).select("sku", "node", "valid_from", "cents").sort("valid_from")
    own = asked.join_asof(said, left_on="day", right_on="valid_from", by=["sku", "node"], check_sortedness=False)
    every = said.filter(pl.col("node") == "").drop("node").rename({"cents": "for_all"})
    both = own.drop("valid_from").join_asof(
        every, left_on="day", right_on="valid_from", by="sku", check_sortedness=False
    )
    cents = both.sort("row").select(pl.coalesce("cents", "for_all").cast(pl.Float64)).to_series()
    return np.asarray(np.log(cents.fill_null(np.nan).to_numpy()))
