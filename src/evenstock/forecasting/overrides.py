"""What planners know better than the forecast, laid over it day by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.forecast import Forecast

Floats = npt.NDArray[np.float64]

_COLUMNS: Final = ("override", "sku", "node", "category", "first_day", "last_day", "kind", "value", "reason", "author")
_LARGEST: Final = 1e7


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One override at work: the same cells before and after it."""

    override: str
    author: str
    reason: str
    rows: npt.NDArray[np.int64]
    """Series it touched."""
    first: int
    """First day it touched, counted from the forecast's first day."""
    before: Floats
    """Mean units, shape ``(rows, days)``."""
    after: Floats

    @property
    def sentence(self) -> str:
        """What it did, for the notes."""
        was, now = self.before.sum(), self.after.sum()
        days = self.before.shape[1]
        return (
            f"{self.author}: {was:,.1f} to {now:,.1f} units over {days} days in {self.rows.size} series: {self.reason}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Overridden:
    """A forecast with the overrides in it, and what each did."""

    forecast: Forecast
    steps: tuple[Step, ...]


def overridden(forecast: Forecast, overrides: pl.DataFrame, categories: Mapping[str, str] | None = None) -> Overridden:
    """Lay the overrides that are in force on `forecast.as_of` over its means, in the order in which they were made.

    `multiply` takes each day's mean times the value. `add` and `set` speak of units a day of everything in their scope
    together: the difference is spread over the series in proportion to their means, evenly where all are zero. Means stay
    between 0 and ten million. Dispersions stay: who changes the level has not changed how demand scatters around it.

    Parameters
    ----------
    overrides
        Columns of `tables.Overrides`. An override counts for forecasts made from its day on and before `expires_on`, and
        never for a day from `expires_on` on. Scope: empty item, node or category means every one.
    categories
        Category of each item; an override by category finds nothing without it.

    Raises
    ------
    ValueError
        Naming the override that has no reason or author, ends before it begins, or multiplies or sets below zero.

    Examples
    --------
    Two nodes that expect 6 and 2 mugs a day; a planner knows of 12 a day on the second:

    >>> keys = pl.DataFrame({"sku": "MUG", "node": ["TX", "PA"]})
    >>> ones = np.ones(2)
    >>> said = Forecast(keys, date(2026, 12, 1), np.array([[6.0, 6.0], [2.0, 2.0]]), ones, ones, "x", date(2026, 11, 30))
    >>> row = {"override": "1", "sku": "MUG", "node": "", "category": "", "first_day": date(2026, 12, 2)}
    >>> row |= {"last_day": date(2026, 12, 2), "kind": "set", "value": 12.0, "reason": "school fair", "author": "dana"}
    >>> row |= {"made_at": None, "expires_on": None}
    >>> overridden(said, pl.DataFrame([row], schema_overrides={"expires_on": pl.Date})).forecast.mu.tolist()
    [[6.0, 9.0], [2.0, 3.0]]
    """
    lacking = [column for column in (*_COLUMNS, "made_at", "expires_on") if column not in overrides.columns]
    if lacking:
        raise ValueError(f"overrides lack the columns {', '.join(lacking)}; take them from the data dictionary")
    mu = forecast.mu.copy()
    keys = forecast.keys.select("sku", "node").with_columns(
        category=pl.col("sku").replace_strict(dict(categories or {}), default="", return_dtype=pl.String)
    )
    steps = []
    for row in overrides.sort("made_at", "override").iter_rows(named=True):
        refuse(row)
        days = _days(row, forecast)
        if not days or not in_force(row, forecast.as_of):
            continue
        rows = _scope(row, keys)
        if rows.size == 0:
            continue
        cells = np.ix_(rows, np.asarray(days))
        before = mu[cells]
        mu[cells] = np.clip(_changed(row, before), 0.0, _LARGEST)
        steps.append(Step(row["override"], row["author"], row["reason"], rows, days[0], before, mu[cells]))
    if not steps:
        return Overridden(forecast, ())
    notes = (*forecast.notes, *(f"override {step.override} by {step.sentence}" for step in steps))
    return Overridden(replace(forecast, mu=mu, notes=notes), tuple(steps))


def in_force(row: Mapping[str, Any], on: date) -> bool:
    """Whether an override counts for a forecast made on the morning of `on`."""
    made = row["made_at"]
    begun = made is None or made.date() <= on
    ends = row["expires_on"]
    return begun and (ends is None or on < ends)


def refuse(row: Mapping[str, Any]) -> None:
    """Raise ValueError for an override that nobody could answer for."""
    name = row["override"]
    if not str(row["reason"] or "").strip() or not str(row["author"] or "").strip():
        raise ValueError(f"override {name}: say why and by whom, so that it can be judged when its days have passed")
    if row["last_day"] < row["first_day"]:
        raise ValueError(f"override {name} ends on {row['last_day']}, before it begins on {row['first_day']}")
    if row["kind"] not in {"multiply", "add", "set"}:
        raise ValueError(f"override {name}: kind is multiply, add or set, not {row['kind']!r}")
    if not np.isfinite(row["value"]):
        raise ValueError(f"override {name}: the value must be a number, not {row['value']}")
    if row["value"] < 0 and row["kind"] != "add":
        raise ValueError(
            f"override {name}: demand cannot be {row['kind']} by {row['value']}; only `add` may be negative"
        )


def _days(row: Mapping[str, Any], forecast: Forecast) -> list[int]:
    """Days of the forecast it speaks of, counted from the first."""
    last = row["last_day"]
    if row["expires_on"] is not None:
        last = min(last, row["expires_on"] - timedelta(days=1))
    begin = max((row["first_day"] - forecast.as_of).days, 0)
    end = min((last - forecast.as_of).days + 1, forecast.horizon)
    return list(range(begin, end))


def _scope(row: Mapping[str, Any], keys: pl.DataFrame) -> npt.NDArray[np.int64]:
    wanted = [pl.col(column) == row[column] for column in ("sku", "node", "category") if row[column]]
    found = keys.with_row_index("row").filter(*wanted)["row"]
    return found.cast(pl.Int64).to_numpy()


def _changed(row: Mapping[str, Any], before: Floats) -> Floats:
    """Means after the override, shape of `before`."""
    if row["kind"] == "multiply":
        return before * float(row["value"])
    total = before.sum(axis=0)
    wanted = float(row["value"]) + (total if row["kind"] == "add" else 0.0)
    even = np.full_like(before, 1.0 / before.shape[0])
    share = np.divide(before, total[None, :], out=even, where=total[None, :] > 0)
    return np.asarray(share * np.maximum(wanted, 0.0))


def active(overrides: pl.DataFrame, on: date) -> pl.DataFrame:
    """Overrides that still say something about `on` or a later day."""
    ends = pl.min_horizontal(pl.col("last_day"), pl.col("expires_on").dt.offset_by("-1d"))
    return overrides.filter(ends >= on)


def joined(*tables: pl.DataFrame | None) -> pl.DataFrame | None:
    """Override tables of several origins as one; a number that stands twice counts as first given. None if there is none."""
    given = [table for table in tables if table is not None]
    return (
        pl.concat(given, how="diagonal_relaxed").unique("override", keep="first", maintain_order=True)
        if given
        else None
    )
