"""What moves demand from outside: events, promotions, prices and signals, each with the day it became known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock import tables

NAMES: Final = ("events", "promotions", "sale_prices", "signals")
"""Tables of the dictionary that drive demand."""
_COLUMNS: Final = {
    name: {column: type(spec.dtype) for column, spec in tables.INPUT[name].columns().items()} for name in NAMES
}
_MAY_BE_EMPTY: Final = {"announced_on", "known_on"}
_KINDS: Final = {pl.String: "text", pl.Date: "a calendar day", pl.Int64: "a whole number", pl.Float64: "a number"}


def _none(name: str) -> pl.DataFrame:
    return pl.DataFrame(schema=_COLUMNS[name])


@dataclass(frozen=True, slots=True, eq=False)
class Drivers:
    """Frames with the columns of `tables.Events`, `Promotions`, `SalePrices` and `Signals`; an empty node means every node."""

    events: pl.DataFrame = field(default_factory=lambda: _none("events"))
    promotions: pl.DataFrame = field(default_factory=lambda: _none("promotions"))
    sale_prices: pl.DataFrame = field(default_factory=lambda: _none("sale_prices"))
    signals: pl.DataFrame = field(default_factory=lambda: _none("signals"))

    def __post_init__(self) -> None:
        """Refuse, by table and column, what no forecaster could read."""
        for name in NAMES:
            object.__setattr__(self, name, _checked(name, getattr(self, name)))
        # Most companies state none. Nothing is asked of polars then: its threads would begin as modules are loaded, and a
        # process that has them cannot be forked.
        if not any(getattr(self, name).height for name in NAMES):
            return
        late = self.promotions.filter(pl.col("last_day") < pl.col("first_day"))
        if late.height:
            raise ValueError(f"promotions: {late['promotion'][0]} of {late['sku'][0]} ends before it begins")
        if (self.sale_prices["cents"] < 0).any():
            raise ValueError("sale_prices: cents are 0 or more")
        if not self.signals["value"].cast(pl.Float64).is_finite().all():
            raise ValueError("signals: value is a finite number; leave out the days of which nothing is known")

    @classmethod
    def from_frames(cls, frames: Mapping[str, pl.DataFrame]) -> Drivers:
        """The drivers among `frames`, by table name; an optional column that is left out is filled with its default.

        Examples
        --------
        >>> holiday = pl.DataFrame({"date": [date(2026, 12, 25)], "event": ["Christmas"]})
        >>> Drivers.from_frames({"events": holiday}).events.row(0)
        (datetime.date(2026, 12, 25), 'Christmas', '')
        """
        return cls(**{name: _completed(name, frames[name]) for name in NAMES if name in frames})

    def known(self, as_of: date) -> Drivers:
        """What was known on the morning of `as_of`, so that a backtest looks no further than its origin.

        Events are on every calendar and always known. A promotion counts from the day it was announced, a price from its
        announcement or else its first day, a signal from `known_on` or else the day after the one it speaks of.
        """
        price_known = pl.coalesce("announced_on", "valid_from")
        signal_known = pl.coalesce(pl.col("known_on"), pl.col("date").dt.offset_by("1d"))
        return Drivers(
            self.events,
            self.promotions.filter(pl.col("announced_on").is_null() | (pl.col("announced_on") <= as_of)),
            self.sale_prices.filter(price_known <= as_of),
            self.signals.filter(signal_known <= as_of),
        )


def _completed(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Columns in the dictionary's order; those left out are empty text, zero or nothing."""
    filled = {pl.String: pl.lit(""), pl.Int64: pl.lit(0, dtype=pl.Int64), pl.Date: pl.lit(None, dtype=pl.Date)}
    optional = {"node", "discount_bp", "announced_on", "known_on"}
    return frame.with_columns(
        filled[kind].alias(column)
        for column, kind in _COLUMNS[name].items()
        if column not in frame.columns and column in optional
    ).select(
        [
            pl.col(c).fill_null("") if c == "node" else pl.col(c)
            for c in _COLUMNS[name]
            if c in {*frame.columns, *optional}
        ]
    )


def _checked(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame, if its columns have the kinds of the data dictionary; a column of nothing but empty cells takes its kind."""
    columns = _COLUMNS[name]
    lacking = [column for column in columns if column not in frame.columns]
    if lacking:
        raise ValueError(f"{name} lacks the columns {', '.join(lacking)}; take them from the data dictionary")
    untold = [pl.col(c).cast(kind) for c, kind in columns.items() if frame[c].dtype == pl.Null]
    frame = frame.with_columns(untold) if untold else frame
    for column, kind in columns.items():
        found = frame[column].dtype
        whole, number = kind == pl.Int64 and found.is_integer(), kind == pl.Float64 and found.is_numeric()
        if not (found == kind or whole or number):
            raise ValueError(f"{name}: {column} is {_KINDS[kind]}, not {found}")
        if column not in _MAY_BE_EMPTY and frame[column].null_count():
            hint = '; write "" for every node' if column == "node" else ""
            raise ValueError(f"{name}: {frame[column].null_count()} rows have no {column}{hint}")
    return frame


def promoted_days(drivers: Drivers, keys: pl.DataFrame, first_day: date, n_days: int) -> npt.NDArray[np.bool_]:
    """Whether any promotion runs, shape ``(series, day)``; a promotion without a node runs at every node.

    Parameters
    ----------
    keys
        Columns `sku` and `node`, one row a series.
    first_day, n_days
        The day of column 0, and the number of columns: past days and days ahead alike.

    Examples
    --------
    >>> keys = pl.DataFrame({"sku": ["MUG", "MUG"], "node": ["PA", "TX"]})
    >>> week = {"promotion": ["P1"], "sku": ["MUG"], "node": ["TX"]}
    >>> week |= {"first_day": [date(2026, 7, 2)], "last_day": [date(2026, 7, 3)]}
    >>> drivers = Drivers.from_frames({"promotions": pl.DataFrame(week)})
    >>> promoted_days(drivers, keys, date(2026, 7, 1), 4).astype(int).tolist()
    [[0, 0, 0, 0], [0, 1, 1, 0]]
    """
    rows = _by_series(drivers.promotions, keys)
    first = (rows["first_day"] - first_day).dt.total_days().clip(0, n_days).to_numpy()
    end = ((rows["last_day"] - first_day).dt.total_days() + 1).clip(0, n_days).to_numpy()
    row = rows["row"].to_numpy() * n_days
    # Up by one where a promotion begins, down where it has ended: overlapping ones add up to more than none.
    at = np.concatenate([[0], row + first, row + end])
    step = np.concatenate([[0], np.ones(row.size, np.int64), -np.ones(row.size, np.int64)])
    order = np.argsort(at, kind="stable")
    runs = np.diff(at[order], append=keys.height * n_days)
    return np.repeat(np.cumsum(step[order]) > 0, runs).reshape(keys.height, n_days)


def daily_prices(drivers: Drivers, keys: pl.DataFrame, first_day: date, n_days: int) -> npt.NDArray[np.float32]:
    """Price in cents, shape ``(series, day)``, NaN before the first one known; exact below 16,777,216 cents.

    A price holds until the next. A node's own price beats, from its first day on, the one for every node; of two prices from
    the same day on the one announced later holds. Parameters as in `promoted_days`.

    Examples
    --------
    >>> keys = pl.DataFrame({"sku": ["MUG", "MUG"], "node": ["PA", "TX"]})
    >>> said = {"sku": ["MUG", "MUG"], "node": ["", "TX"], "cents": [900, 800]}
    >>> said |= {"valid_from": [date(2026, 7, 2), date(2026, 7, 3)]}
    >>> drivers = Drivers.from_frames({"sale_prices": pl.DataFrame(said)})
    >>> daily_prices(drivers, keys, date(2026, 7, 1), 4).tolist()
    [[nan, 900.0, 900.0, 900.0], [nan, 900.0, 800.0, 800.0]]
    """
    changes = (
        _by_series(drivers.sale_prices, keys)
        .with_columns(own_from=pl.col("valid_from").filter(pl.col("node") != "").min().over("row"))
        .filter((pl.col("node") != "") | pl.col("own_from").is_null() | (pl.col("valid_from") < pl.col("own_from")))
        .with_columns(day=(pl.col("valid_from") - first_day).dt.total_days().clip(0))
        .filter(pl.col("day") < n_days)
        .sort("row", "valid_from", pl.coalesce("announced_on", "valid_from"), maintain_order=True)
        .unique(["row", "day"], keep="last", maintain_order=True)
    )
    at = changes["row"].to_numpy() * n_days + changes["day"].to_numpy()
    starts = np.setdiff1d(np.arange(keys.height) * n_days, at, assume_unique=True)
    at = np.concatenate([starts, at])
    cents = np.concatenate([np.full(starts.size, np.nan), changes["cents"].to_numpy()]).astype(np.float32)
    order = np.argsort(at, kind="stable")
    runs = np.diff(at[order], append=keys.height * n_days)
    return np.repeat(cents[order], runs).reshape(keys.height, n_days)


def node_rows(keys: pl.DataFrame) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Nodes in name order, and for each series the place of its node among them: rows of `daily_signals`."""
    names, code = np.unique(keys["node"].to_numpy().astype(str), return_inverse=True)
    return names.tolist(), code.astype(np.int64)


def daily_signals(
    drivers: Drivers, keys: pl.DataFrame, first_day: date, n_days: int
) -> dict[str, npt.NDArray[np.float64]]:
    """Each signal in name order, shape ``(node, day)`` with the nodes of `node_rows(keys)`; NaN on days it says nothing of.

    A series' own values are ``signal[code[series], day]``: a matrix by series would say the same of every item. A value
    for the node beats the one for every node; of two for the same day the one known later holds. Parameters as in
    `promoted_days`.

    Examples
    --------
    >>> keys = pl.DataFrame({"sku": ["MUG", "POT", "MUG"], "node": ["TX", "TX", "PA"]})
    >>> said = {"signal": ["spend"] * 2, "date": [date(2026, 7, 1)] * 2, "node": ["", "TX"], "value": [1.0, 5.0]}
    >>> drivers = Drivers.from_frames({"signals": pl.DataFrame(said)})
    >>> node_rows(keys)[0], daily_signals(drivers, keys, date(2026, 7, 1), 2)["spend"].tolist()
    (['PA', 'TX'], [[1.0, nan], [5.0, nan]])
    """
    names, _ = node_rows(keys)
    place = {name: row for row, name in enumerate(names)}
    rows = (
        drivers.signals.with_columns(day=(pl.col("date") - first_day).dt.total_days())
        .filter(pl.col("day").is_between(0, n_days - 1))
        .sort(pl.col("node") != "", pl.coalesce("known_on", "date"), maintain_order=True)
    )
    found = {name: np.full((len(names), n_days), np.nan) for name in drivers.signals["signal"].unique().sort()}
    for (name, node), part in rows.group_by("signal", "node", maintain_order=True):
        if node == "" or node in place:
            row = slice(None) if node == "" else place[str(node)]
            found[str(name)][row, part["day"].to_numpy()] = part["value"].to_numpy()
    return found


def _by_series(frame: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """Rows of a driver for each series they concern, with the series' `row`; `node` stays empty where it spoke of every node."""
    series = keys.select("sku", "node").with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    own = frame.filter(pl.col("node") != "").join(series, on=["sku", "node"])
    every = frame.filter(pl.col("node") == "").join(series.select("row", "sku"), on="sku")
    return pl.concat([own.select(every.columns), every])
