"""How a day differs from the average day: weekday and event factors of each node and category."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.history import DemandHistory

Floats = npt.NDArray[np.float64]

WEEKDAY_DAYS: Final = 182
"""Half a year tells the weekdays: whole weeks, recent enough to follow a change of habit."""
EVENT_DAYS: Final = 1092
"""Three years: most events come once a year."""
PRIOR_UNITS: Final = 50.0
"""Units with a factor of 1 that each factor is mixed with, so that a group with few sales keeps to the average day."""
OWN_WEEKDAY_DAYS: Final = 364
"""A year tells a series' own week: fewer sales than its group's need longer."""
OWN_PRIOR_UNITS: Final = 100.0
"""Units at the group's weekday factor that each of a series' own is mixed with."""
_NEAR: Final = 14


@dataclass(frozen=True, slots=True, eq=False)
class DayFactors:
    """Factors around 1 on the level of a group's series."""

    group: npt.NDArray[np.int64]
    """Group (node and category) of each series."""
    factor: Floats
    """Shape ``(group, day)``: the last `past` days of the history, then the days ahead."""
    past: int


def day_factors(history: DemandHistory, *, past: int, horizon: int, events: pl.DataFrame | None = None) -> DayFactors:
    """Weekday x event factors of each (node, category), estimated on the group's daily totals.

    Parameters
    ----------
    past, horizon
        Days back and ahead for which factors are returned.
    events
        Columns of `tables.Events`; the same event may come on many days, and a day may have many events. Days ahead
        belong in it.
    """
    group, names = _groups(history)
    days = min(history.n_days, EVENT_DAYS if events is not None and events.height else max(past, WEEKDAY_DAYS))
    total, exposure = _totals(history, group, len(names), days)
    first = history.as_of - timedelta(days=days)
    weekday = (first.weekday() + np.arange(days + horizon)) % 7
    on_days = _event_days(events, names, first, days + horizon)
    quiet = (
        ~np.any(np.stack(list(on_days.values())), axis=0) if on_days else np.ones((len(names), days + horizon), bool)
    )

    # What the day would have sold at the level of the quiet days around it; a group without sales keeps factor 1.
    near = _level_near(total * quiet[:, :days], exposure * quiet[:, :days]) * exposure
    factor = np.ones((len(names), days + horizon))
    recent = np.arange(days) >= days - WEEKDAY_DAYS
    for day in range(7):
        of_day = (weekday[:days] == day) & recent & quiet[:, :days]
        factor[:, weekday == day] = _ratio(total, near, of_day)[:, None]
    factor /= _weekly_mean(factor, weekday)
    for on in on_days.values():
        # One event after the other: each explains what weekdays and earlier events left.
        effect = _ratio(total, near * factor[:, :days], on[:, :days])
        factor = np.where(on, factor * effect[:, None], factor)
    return DayFactors(group, factor[:, days - past :], past)


def own_weekdays(units: Floats, factor: Floats, seen: npt.NDArray[np.bool_]) -> Floats:
    """How a series' own week differs from its group's, by days ahead modulo 7, shape ``(series, 7)``; each row averages 1.

    Parameters
    ----------
    units, factor, seen
        Shape ``(series, day)``, the last day last; whole weeks of at most a year are looked at.

    Examples
    --------
    Sold only on the first day of each of 50 weeks, 14 at a time: a hundred units wanted by its group on each weekday, 700
    found on one. (700 + 100) / (100 + 100) = 4 and (0 + 100) / (100 + 100) = 0.5, over their mean of 1.

    >>> units = np.zeros((1, 350))
    >>> units[:, ::7] = 14
    >>> own_weekdays(units, np.ones_like(units), np.ones_like(units, dtype=bool)).tolist()
    [[4.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]]
    """
    weeks = min(units.shape[1], OWN_WEEKDAY_DAYS) // 7
    if not weeks:
        return np.ones((units.shape[0], 7))
    part = slice(units.shape[1] - 7 * weeks, None)
    on = seen[:, part]
    sold = (units[:, part] * on).reshape(-1, weeks, 7).sum(axis=1)
    usual = (factor[:, part] * on).reshape(-1, weeks, 7).sum(axis=1)
    exposure = usual.sum(axis=1, keepdims=True)
    rate = np.divide(sold.sum(axis=1, keepdims=True), exposure, out=np.zeros_like(exposure), where=exposure > 0)
    own = (sold + OWN_PRIOR_UNITS) / (rate * usual + OWN_PRIOR_UNITS)
    return np.asarray(own / own.mean(axis=1, keepdims=True))


def _groups(history: DemandHistory) -> tuple[npt.NDArray[np.int64], pl.DataFrame]:
    keys = history.keys.select("node", "category")
    names = keys.unique().sort("node", "category").with_row_index("group")
    group = keys.join(names, on=["node", "category"], how="left", maintain_order="left")["group"]
    return group.cast(pl.Int64).to_numpy(), names


def _totals(history: DemandHistory, group: npt.NDArray[np.int64], n_groups: int, days: int) -> tuple[Floats, Floats]:
    """Units seen and units to be expected of the series seen, by group and day.

    The second makes up for series that started late or were hidden: each counts with its own mean while it is seen.
    """
    total, exposure = np.zeros((n_groups, days)), np.zeros((n_groups, days))
    order = np.argsort(group, kind="stable")
    for code, rows in zip(*_runs(group[order], order), strict=True):
        part = history.rows(rows)
        seen = part.seen(days)
        if part.promoted is not None:
            seen &= ~part.promoted[:, part.n_days - days :]
        units = np.where(seen, part.units[:, part.n_days - days :], 0)
        mean = units.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
        total[code] = units.sum(axis=0)
        exposure[code] = mean @ seen
    return total, exposure


def _runs(
    ordered: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], list[npt.NDArray[np.int64]]]:
    codes, begin = np.unique(ordered, return_index=True)
    return codes, np.split(order, begin[1:]) if codes.size else []


def _level_near(total: Floats, exposure: Floats) -> Floats:
    """Ratio of seen to expected units over the four weeks around each day, shape ``(group, day)``."""
    days = total.shape[1]
    low = np.maximum(np.arange(days) - _NEAR, 0)
    high = np.minimum(low + 2 * _NEAR, days)
    low = np.maximum(high - 2 * _NEAR, 0)
    zero = np.zeros((total.shape[0], 1))
    t = np.concatenate([zero, np.cumsum(total, axis=1)], axis=1)
    e = np.concatenate([zero, np.cumsum(exposure, axis=1)], axis=1)
    seen, expected = t[:, high] - t[:, low], e[:, high] - e[:, low]
    return np.asarray(np.divide(seen, expected, out=np.ones_like(seen), where=expected > 0))


def _ratio(total: Floats, expected: Floats, on: npt.NDArray[np.bool_]) -> Floats:
    """Units seen over units expected on the days `on`, drawn towards 1 by `PRIOR_UNITS`."""
    seen = np.where(on, total, 0.0).sum(axis=1)
    wanted = np.where(on, expected, 0.0).sum(axis=1)
    return np.asarray((seen + PRIOR_UNITS) / (wanted + PRIOR_UNITS))


def _weekly_mean(factor: Floats, weekday: npt.NDArray[np.int64]) -> Floats:
    """Mean over one of each weekday that occurs, so that the factors of a week average 1."""
    _, once = np.unique(weekday, return_index=True)
    return np.asarray(np.maximum(factor[:, once].mean(axis=1, keepdims=True), 1e-9))


def _event_days(
    events: pl.DataFrame | None, names: pl.DataFrame, first: date, days: int
) -> dict[str, npt.NDArray[np.bool_]]:
    """For each event the (group, day) cells it falls on, in name order."""
    if events is None or events.is_empty():
        return {}
    rows = events.with_columns((pl.col("date") - first).dt.total_days().alias("day"))
    rows = rows.filter(pl.col("day").is_between(0, days - 1))
    node = names["node"].to_numpy()
    found: dict[str, npt.NDArray[np.bool_]] = {}
    for row in rows.sort("event", "date").iter_rows(named=True):
        on = found.setdefault(row["event"], np.zeros((names.height, days), dtype=np.bool_))
        where = row.get("node")
        on[node == where if where else slice(None), row["day"]] = True
    return found
