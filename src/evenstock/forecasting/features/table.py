"""One row of features for each (series, day ahead) asked for, as of one origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.daily import Daily
from evenstock.forecasting.drivers import Drivers
from evenstock.forecasting.features import calendar, past, promotions
from evenstock.forecasting.features.blocks import blocks
from evenstock.forecasting.features.prices import PriceSteps
from evenstock.forecasting.history import DemandHistory

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Table = npt.NDArray[np.float32]

LEAST_LEVEL: Final = 1e-3
"""Units a day that a series is taken to sell at least where something is divided by its level."""
CATEGORICAL: Final = ("node", "category", "event")
_PRICE_DAYS: Final = 182


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names that features are numbered or called by: what was met in training. Others are taken as missing."""

    nodes: tuple[str, ...]
    categories: tuple[str, ...]
    events: tuple[str, ...]
    signals: tuple[str, ...]

    @classmethod
    def of(cls, history: DemandHistory, drivers: Drivers) -> Vocabulary:
        return cls(
            nodes=tuple(history.keys["node"].unique().sort()),
            categories=tuple(history.keys["category"].unique().sort()),
            events=calendar.event_names(drivers.events),
            signals=calendar.signal_names(drivers.signals),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """All that is known on one morning, laid out to be looked up by series and day ahead (0 is the origin itself)."""

    base: Daily
    """What the fast forecast says of the days ahead."""
    level: Floats
    """Units a day it expects of each series, at least `LEAST_LEVEL`."""
    by_series: dict[str, Floats]
    by_weekday: dict[str, Floats]
    """Shape ``(series, 7)``."""
    by_day: dict[str, Floats]
    """Shape ``(series, day)``."""
    by_node: dict[str, Floats]
    """Shape ``(node, day)``."""
    by_group: dict[str, Floats]
    """Shape ``(group, day)``."""
    node: Ints
    """Row of each series in `by_node`."""
    group: Ints
    """Row of each series in `by_group`."""
    prices: PriceSteps
    category_cents: Floats
    """Mean price of each series' node and category now, NaN where none is known."""
    weekday: int
    """0 (Monday) to 6, of the origin."""
    month: Ints
    """Of each day ahead."""
    month_day: Ints

    @property
    def names(self) -> list[str]:
        """Columns of `table`, in order."""
        per_series = [*self.by_series, *self.by_weekday, *self.by_day, *self.by_node, *self.by_group]
        return [*per_series, *_DAY_COLUMNS, *_PRICE_COLUMNS]

    def table(self, series: Ints, ahead: Ints) -> Table:
        """Features of each pair, shape ``(pair, feature)``; NaN is missing."""
        found = np.empty((series.size, len(self.names)), dtype=np.float32)
        column = 0
        for source, row, at in (
            (self.by_series, series, None),
            (self.by_weekday, series, ahead % 7),
            (self.by_day, series, ahead),
            (self.by_node, self.node[series], ahead),
            (self.by_group, self.group[series], ahead),
        ):
            for values in source.values():
                found[:, column] = values[row] if at is None else values[row, at]
                column += 1
        factor = self.base.mu[series, ahead] / self.level[series]
        day = (self.month[ahead], self.month_day[ahead], (self.weekday + ahead) % 7, ahead + 1)
        for further in (factor, *day, *self._price(series, ahead)):
            found[:, column] = further
            column += 1
        return found

    def _price(self, series: Ints, ahead: Ints) -> tuple[Floats, ...]:
        now = np.zeros_like(ahead)
        price, last = self.prices.at(series, ahead), self.prices.at(series, now - 1)
        usual = self.prices.mean(series, now - _PRICE_DAYS, now)
        before, category = self.prices.at(series, now - 28), self.category_cents[series]
        return (
            price,
            past.ratio(price, usual),
            past.ratio(price, last),
            past.ratio(last, before),
            past.ratio(price, category),
        )


_DAY_COLUMNS: Final = ("day_factor", "month", "month_day", "weekday", "days_ahead")
_PRICE_COLUMNS: Final = (
    "price",
    "price_over_half_year",
    "price_over_last",
    "last_price_over_month_ago",
    "price_over_category",
)


def look(history: DemandHistory, drivers: Drivers, base: Daily, vocabulary: Vocabulary) -> Origin:
    """What is known as of `history.as_of`.

    Parameters
    ----------
    drivers
        Only those known by then: `Drivers.known`.
    base
        The fast forecast from the same history; its days are how far ahead can be looked up.
    """
    history = promotions.with_promotions(history, drivers.promotions)
    horizon = base.mu.shape[1]
    level = np.maximum(base.mu.mean(axis=1), LEAST_LEVEL)
    nodes, node = _codes(history.keys.select("node"))
    groups, group = _codes(history.keys.select("node", "category"))
    skus, sku = _codes(history.keys.select("sku"))
    by_series, by_weekday, by_day, sold, wanted, total = _gone_by(history, level, group, groups.height, horizon)
    by_series["dispersion"] = base.alpha
    by_series["node"] = _placed(history.keys["node"], vocabulary.nodes)
    by_series["category"] = _placed(history.keys["category"], vocabulary.categories)
    for kind, code in (("group", group), ("sku", sku)):
        ratio = past.group_ratio(sold, wanted, code)
        for k, window in enumerate(past.GROUP_WINDOWS):
            by_series[f"{kind}_sold_over_level_{window}"] = ratio[:, k]
    by_series["level_over_sku"] = level / (np.bincount(sku, level) / np.bincount(sku))[sku] if skus.height else level
    coming = promotions.depth(history.keys, drivers.promotions, history.as_of, horizon)
    none = np.broadcast_to(np.int16(0), (level.size, horizon))
    coming = none if coming is None else coming
    by_day["promoted"] = np.asarray(coming > 0, dtype=np.float64)
    by_day["discount"] = np.maximum(coming - 1.0, 0.0) / promotions.DEEPEST
    names = nodes["node"].to_numpy()
    by_node = calendar.event_columns(drivers.events, vocabulary.events, names, history.as_of, horizon)
    by_node |= calendar.signal_columns(drivers.signals, vocabulary.signals, names, history.as_of, horizon)
    prices = PriceSteps.of(history.keys, drivers.sale_prices, history.as_of)
    ahead = pl.date_range(history.as_of, pl.lit(history.as_of).dt.offset_by(f"{horizon - 1}d"), eager=True)
    return Origin(
        base=base,
        level=level,
        by_series=by_series,
        by_weekday=by_weekday,
        by_day=by_day,
        by_node=by_node,
        by_group={"last_year_season": past.last_year_season(total, horizon)},
        node=node,
        group=group,
        prices=prices,
        category_cents=_category_cents(prices, group, groups.height),
        weekday=history.as_of.weekday(),
        month=ahead.dt.month().cast(pl.Int64).to_numpy(),
        month_day=ahead.dt.day().cast(pl.Int64).to_numpy(),
    )


def _gone_by(
    history: DemandHistory, level: Floats, group: Ints, n_groups: int, horizon: int
) -> tuple[dict[str, Floats], dict[str, Floats], dict[str, Floats], Floats, Floats, Floats]:
    """Columns of demand gone by, in blocks of series, with the sums that groups are made of."""
    parts: list[tuple[dict[str, Floats], ...]] = []
    sums: list[tuple[Floats, Floats]] = []
    total = np.zeros((n_groups, past.DAYS))
    for rows, part in blocks(history):
        recent, of_part = past.Recent.of(part), level[rows]
        parts.append(
            (
                past.series_columns(part, recent, of_part),
                past.weekday_columns(recent, of_part),
                past.last_year_columns(recent, of_part, horizon),
            )
        )
        sums.append(past.window_sums(recent, of_part))
        total += past.last_year_totals(part, recent, group[rows], n_groups)
    joined = [{name: np.concatenate([p[k][name] for p in parts]) for name in parts[0][k]} for k in range(3)]
    sold, wanted = (np.concatenate([s[k] for s in sums]) for k in range(2))
    return joined[0], joined[1], joined[2], sold, wanted, total


def _codes(keys: pl.DataFrame) -> tuple[pl.DataFrame, Ints]:
    """Distinct rows in order, and the place of each row among them."""
    names = keys.unique().sort(keys.columns).with_row_index("_code")
    code = keys.join(names, on=keys.columns, how="left", maintain_order="left")["_code"]
    return names, code.cast(pl.Int64).to_numpy()


def _placed(values: pl.Series, names: Sequence[str]) -> Floats:
    """Place of each value in `names`, NaN where it is not among them."""
    place = {name: float(k) for k, name in enumerate(names)}
    return np.array([place.get(value, np.nan) for value in values], dtype=np.float64)


def _category_cents(prices: PriceSteps, group: Ints, n_groups: int) -> Floats:
    every = np.arange(group.size)
    now = prices.at(every, np.full(group.size, -1))
    known = np.isfinite(now)
    count = np.bincount(group[known], minlength=n_groups)
    mean = np.bincount(group[known], now[known], minlength=n_groups) / np.maximum(count, 1)
    return np.asarray(np.where(count > 0, mean, np.nan)[group])
