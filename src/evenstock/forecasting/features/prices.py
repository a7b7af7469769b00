"""What each series sold for and will sell for, as steps in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.features.concerns import concerned

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SPAN = 1 << 20
"""More days than any two dates here lie apart: 2,870 years."""


@dataclass(frozen=True, slots=True, eq=False)
class PriceSteps:
    """Prices of many series, each holding from a day until the next; days are counted from the origin, which is day 0.

    A price without a later one holds for good: a day ahead costs what is known last, unless a change was announced.
    """

    code: Ints
    """Series and first day of a step in one number, ascending."""
    series: Ints
    day: Ints
    cents: Floats
    paid: Floats
    """Cents times days from the series' first step to this one."""

    @classmethod
    def of(cls, keys: pl.DataFrame, sale_prices: pl.DataFrame, origin: date) -> PriceSteps:
        """Steps from prices known on `origin`; where a node's own and an everywhere price begin on one day, its own holds."""
        rows = sale_prices.filter(pl.col("cents").is_not_null())
        series, said = concerned(keys, rows)
        day = (rows["valid_from"] - origin).dt.total_days().to_numpy()[said]
        own = (rows["node"] != "").to_numpy()[said]
        order = np.lexsort((own, day, series))
        series, day = series[order], day[order].astype(np.int64)
        cents = rows["cents"].to_numpy()[said][order].astype(np.float64)
        code = series * _SPAN + day + _SPAN // 2
        last = np.append(code[1:] != code[:-1], True) if code.size else np.zeros(0, dtype=np.bool_)
        code, series, day, cents = code[last], series[last], day[last], cents[last]
        paid = np.zeros(cents.size)
        if cents.size:
            same = series[1:] == series[:-1]
            run = np.concatenate([[0.0], np.cumsum(np.where(same, cents[:-1] * np.diff(day), 0.0))])
            begins = np.concatenate([[True], ~same])
            paid = run - run[np.maximum.accumulate(np.where(begins, np.arange(cents.size), 0))]
        return cls(code, series, day, cents, paid)

    def at(self, series: Ints, day: Ints) -> Floats:
        """Cents on each day; NaN before a series' first price."""
        step = self._step(series, day)
        return np.where(step >= 0, self.cents[step], np.nan) if self.cents.size else np.full(series.shape, np.nan)

    def mean(self, series: Ints, first: Ints, last: Ints) -> Floats:
        """Mean cents over the days ``first .. last - 1`` that had a price; NaN where none had.

        Examples
        --------
        10 cents from day -4 on and 16 from day -1 on: the four days before day 0 average (10 + 10 + 10 + 16) / 4.

        >>> price = pl.DataFrame({"sku": "MUG", "node": "", "valid_from": [date(2026, 1, 1), date(2026, 1, 4)], "cents": [10, 16]})
        >>> steps = PriceSteps.of(pl.DataFrame({"sku": ["MUG"], "node": ["TX"]}), price, date(2026, 1, 5))
        >>> one = np.array([0])
        >>> steps.mean(one, one - 4, one).tolist(), steps.mean(one, one - 9, one).tolist(), steps.at(one, one).tolist()
        ([11.5], [11.5], [16.0])
        """
        if not self.cents.size:
            return np.full(series.shape, np.nan)
        begin = np.minimum(np.searchsorted(self.series, series), self.series.size - 1)
        first = np.maximum(first, np.where(self.series[begin] == series, self.day[begin], last))
        known = first < last
        spent = self._spent(series, last) - self._spent(series, first)
        return np.asarray(np.divide(spent, last - first, out=np.full(series.shape, np.nan), where=known))

    def _step(self, series: Ints, day: Ints) -> Ints:
        """Row of the step that holds; -1 where none does yet."""
        step = np.searchsorted(self.code, series * _SPAN + day + _SPAN // 2, side="right") - 1
        if not self.series.size:
            return np.full(series.shape, -1, dtype=np.int64)
        return np.where((step >= 0) & (self.series[np.maximum(step, 0)] == series), step, -1)

    def _spent(self, series: Ints, day: Ints) -> Floats:
        """Cents times days from a series' first price to `day`; 0 before it."""
        step = self._step(series, day)
        return np.asarray(np.where(step >= 0, self.paid[step] + self.cents[step] * (day - self.day[step]), 0.0))
