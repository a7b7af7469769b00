"""What the demand of each series gone by looks like from its origin, in units of the level it sells at now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.forecasting.history import DemandHistory

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

WINDOWS: Final = (7, 14, 28, 56, 91, 182, 364)
YEAR: Final = 364
"""Whole weeks: a day last year is the same weekday."""
GROUP_WINDOWS: Final = (7, 28, 91)
MOST_AGE: Final = 1092.0
DAYS: Final = YEAR + 28 + 14
"""Days of history that are looked at."""
_AROUND: Final = (3, 14)
"""Days on either side of the day last year that are averaged."""


@dataclass(frozen=True, slots=True, eq=False)
class Recent:
    """The last `DAYS` days with their running sums; days before the history are there, unseen. Hidden days are in no sum."""

    units: Floats
    """Shape ``(series, day)``; 0 where not seen."""
    seen: Mask
    total: Floats
    """Units of the days before each, shape ``(series, day + 1)``."""
    told: Floats
    """Days seen before each."""

    @classmethod
    def of(cls, past: DemandHistory) -> Recent:
        n, there = past.n_series, min(DAYS, past.n_days)
        units, seen = np.zeros((n, DAYS)), np.zeros((n, DAYS), dtype=np.bool_)
        seen[:, DAYS - there :] = past.seen(there)
        units[:, DAYS - there :] = past.units[:, past.n_days - there :]
        units *= seen
        total, told = np.zeros((n, DAYS + 1)), np.zeros((n, DAYS + 1))
        np.cumsum(units, axis=1, out=total[:, 1:])
        np.cumsum(seen, axis=1, out=told[:, 1:])
        return cls(units, seen, total, told)

    def sold(self, first: int | Codes, last: int | Codes) -> Floats:
        """Units of the days ``first .. last - 1``, counted from the front of the `DAYS`."""
        return np.asarray(self.total[:, last] - self.total[:, first])

    def mean(self, first: int | Codes, last: int | Codes) -> Floats:
        """Units a day seen; NaN where none was."""
        return ratio(self.sold(first, last), self.told[:, last] - self.told[:, first])


def series_columns(past: DemandHistory, recent: Recent, level: Floats) -> dict[str, Floats]:
    """Columns of shape ``(series,)``; NaN where no day of a window was seen."""
    units, seen = recent.units, recent.seen
    found: dict[str, Floats] = {
        "log_level": np.log(level),
        "age": np.minimum(past.n_days - past.start, MOST_AGE).astype(np.float64),
    }
    for window in WINDOWS:
        found[f"mean_{window}"] = recent.mean(DAYS - window, DAYS) / level
    for window in (28, 91, 364):
        found[f"sold_share_{window}"] = ratio((units[:, -window:] > 0).sum(axis=1), seen[:, -window:].sum(axis=1))
    for window in (28, 91):
        part = units[:, -window:]
        square = ratio(np.einsum("sd,sd->s", part, part), seen[:, -window:].sum(axis=1)) / level**2
        found[f"sd_{window}"] = np.sqrt(np.maximum(square - found[f"mean_{window}"] ** 2, 0.0))
        found[f"max_{window}"] = part.max(axis=1) / level
    run = _silence(units[:, -YEAR:], recent)
    found["days_since_sale"] = run
    found["missed_in_silence"] = run * level
    for k in range(1, 8):
        found[f"day_{k}"] = np.where(seen[:, -k], units[:, -k] / level, np.nan)
    for name, mask in (("hidden_share_28", past.hidden), ("promoted_share_28", past.promoted)):
        found[name] = np.zeros(past.n_series) if mask is None else mask[:, -28:].mean(axis=1)
    return found


def weekday_columns(recent: Recent, level: Floats) -> dict[str, Floats]:
    """Means of the same weekday over 4 and 26 weeks, shape ``(series, 7)``, by days ahead modulo 7."""
    found = {}
    for weeks in (4, 26):
        days = slice(DAYS - 7 * weeks, None)
        sold, told = (x[:, days].reshape(-1, weeks, 7).sum(axis=1) for x in (recent.units, recent.seen))
        found[f"same_weekday_{weeks}"] = ratio(sold, told) / level[:, None]
    return found


def last_year_columns(recent: Recent, level: Floats, horizon: int) -> dict[str, Floats]:
    """What sold around the same day a year ago, shape ``(series, day)``; NaN where nothing was seen then."""
    origin = DAYS - YEAR
    day = origin + np.arange(horizon)
    found = {}
    for around in _AROUND:
        mean = recent.mean(day - around, np.minimum(day + around + 1, DAYS))
        found[f"last_year_{2 * around + 1}"] = mean / level[:, None]
    before = recent.mean(origin - 28, origin) / level
    return found | {"before_last_year": np.repeat(before[:, None], horizon, axis=1)}


def window_sums(recent: Recent, level: Floats) -> tuple[Floats, Floats]:
    """Units sold, and units to be expected at today's level, in each of `GROUP_WINDOWS`; shape ``(series, window)``."""
    first = DAYS - np.array(GROUP_WINDOWS)
    told = recent.told[:, -1:] - recent.told[:, first]
    return recent.total[:, -1:] - recent.total[:, first], told * level[:, None]


def group_ratio(sold: Floats, wanted: Floats, group: Codes) -> Floats:
    """Sold over expected of all series of a group, shape ``(series, window)``: who moves together tells of one another."""
    n = int(group.max()) + 1 if group.size else 0
    found = np.empty_like(sold)
    for k in range(sold.shape[1]):
        of_group = ratio(np.bincount(group, sold[:, k], minlength=n), np.bincount(group, wanted[:, k], minlength=n))
        found[:, k] = of_group[group]
    return found


def last_year_totals(past: DemandHistory, recent: Recent, group: Codes, n_groups: int) -> Floats:
    """Units by group and day, shape ``(group, day)``, of the series that were sold all the while.

    Launches are left out, or they would look like a season. Hidden days count as nothing sold.
    """
    old = past.start <= past.n_days - YEAR - 28
    total = np.zeros((n_groups, DAYS))
    for code in np.unique(group[old]):
        total[code] = recent.units[old & (group == code)].sum(axis=0)
    return total


def last_year_season(total: Floats, horizon: int) -> Floats:
    """Sales around the same day a year ago over those of the four weeks before, shape ``(group, day)``; NaN without any.

    Examples
    --------
    One unit a day, then two: a fortnight into the year ahead sold twice what the four weeks before it did.

    >>> total = np.ones((1, DAYS))
    >>> total[:, -YEAR:] = 2
    >>> last_year_season(total, 28)[0, 7::20].tolist()
    [2.0, 2.0]
    """
    running = np.pad(np.cumsum(total, axis=1), ((0, 0), (1, 0)))
    origin = DAYS - YEAR
    day = origin + np.arange(horizon)
    low, high = day - 7, np.minimum(day + 8, DAYS)
    before = (running[:, origin] - running[:, origin - 28]) / 28.0
    return ratio((running[:, high] - running[:, low]) / (high - low), before[:, None])


def ratio(above: npt.ArrayLike, below: npt.ArrayLike) -> Floats:
    """NaN where there is nothing to divide by."""
    top, bottom = np.broadcast_arrays(np.asarray(above, np.float64), np.asarray(below, np.float64))
    return np.asarray(np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0))


def _silence(units: Floats, recent: Recent) -> Floats:
    """Days seen since the last sale, shape ``(series,)``; all days seen where there was none."""
    sold = units[:, ::-1] > 0
    back = np.where(sold.any(axis=1), sold.argmax(axis=1), units.shape[1])
    row = np.arange(back.size)
    return np.asarray(recent.told[:, -1] - recent.told[row, DAYS - back])
