"""The segment of each item-node, from its sales, its margin, its life and what can still come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.domain import Item, Sku
from evenstock.forecasting import DemandHistory
from evenstock.inventory.segments import Segment, by_margin, by_variation, traits
from evenstock.operations.stock_levels.ways import Key

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_WEEK: Final = 7
_WEEKS: Final = 104
_YEAR: Final = 365
_LONG: Final = 9999
_FEWEST_DAYS: Final = 4
"""Days of a week that were seen, for the week to count."""


@dataclass(frozen=True, slots=True, eq=False)
class Weeks:
    """Weekly sales of each key."""

    units: Floats
    """Shape ``(key, week)``, days not seen made up for."""
    seen: Mask


def segments(
    keys: Sequence[Key],
    items: Mapping[Sku, Item],
    about: pl.DataFrame,
    history: DemandHistory | None,
    *,
    expected: Mapping[str, float],
    ends_before_sale: Mask,
    constrained: Mask,
    as_of: date,
) -> list[Segment]:
    """Segments of all keys; classes by margin are those of the whole network, also of what is not among the keys.

    Parameters
    ----------
    about
        Table `items`, for days of introduction.
    history
        Daily demand; None where none was imported, which makes everything Z and intermittent.
    expected
        Units a day by the forecast, by item: for the margin of what has not sold yet.
    ends_before_sale, constrained
        As `inventory.segments.traits` wants them, ``(key,)``.
    """
    weeks, sold_weeks = Weeks(np.zeros((len(keys), 0)), np.zeros((len(keys), 0), np.bool_)), np.full(len(keys), _LONG)
    yearly = {sku: daily * _YEAR for sku, daily in expected.items()}
    if history is not None:
        row = {key: k for k, key in enumerate(history.keys.select("sku", "node").iter_rows())}
        weeks = _weeks(history, np.array([row.get(key, -1) for key in keys], np.int64))
        sold_weeks = _weeks_sold(keys, history, about, as_of)
        yearly |= _sold_a_year(history)
    margin = {sku: max(item.price_cents - item.unit_cost_cents, 0) for sku, item in items.items()}
    classes = by_margin([yearly.get(sku, 0.0) * cents for sku, cents in margin.items()])
    of_item = dict(zip(margin, classes.tolist(), strict=True))
    abc = [of_item[sku] for sku, _ in keys]
    xyz = by_variation(weeks.units, weeks.seen).tolist()
    every = traits(
        ended=ends_before_sale, weeks_sold=sold_weeks, constrained=constrained, weekly=weeks.units, seen=weeks.seen
    )
    return [Segment(a, x, trait) for a, x, trait in zip(abc, xyz, every, strict=True)]


def _sold_a_year(history: DemandHistory) -> dict[str, float]:
    """Units of the last year by item that sold any, made up to a year where the history is shorter."""
    days = min(history.n_days, _YEAR)
    units = history.units[:, history.n_days - days :].sum(axis=1)
    sold = history.keys.select("sku").with_columns(units=pl.Series(units)).group_by("sku").agg(pl.sum("units"))
    return {sku: float(count) * _YEAR / max(days, 1) for sku, count in sold.iter_rows() if count > 0}


def _weeks(history: DemandHistory, series: npt.NDArray[np.int64]) -> Weeks:
    n = min(history.n_days // _WEEK, _WEEKS)
    units, seen = np.zeros((series.size, n)), np.zeros((series.size, n), np.bool_)
    known = np.flatnonzero(series >= 0)
    if n:
        part = history.rows(series[known])
        days = part.seen(n * _WEEK)
        sold = np.where(days, part.units[:, part.n_days - n * _WEEK :], 0).reshape(-1, n, _WEEK).sum(axis=2)
        count = days.reshape(-1, n, _WEEK).sum(axis=2)
        units[known] = sold * _WEEK / np.maximum(count, 1)
        seen[known] = count >= _FEWEST_DAYS
    return Weeks(units, seen)


def _weeks_sold(keys: Sequence[Key], history: DemandHistory, about: pl.DataFrame, as_of: date) -> npt.NDArray[np.int64]:
    """Weeks since the item was introduced or first sold anywhere, or its node first sold anything, if that is less."""
    first = history.keys.select("sku", "node").with_columns(start=pl.Series(history.start))
    of_item = dict(first.group_by("sku").agg(pl.min("start")).iter_rows())
    of_node = dict(first.group_by("node").agg(pl.min("start")).iter_rows())

    def days(start: int) -> int:
        """Long, for what never sold and for what sold in the history's first week, as it may have before."""
        return history.n_days - start if _WEEK < start < history.n_days else _LONG

    begun = {sku: days(start) for sku, start in of_item.items()}
    opened = {node: days(start) for node, start in of_node.items()}
    if "introduced_on" in about.columns:
        told = about.filter(pl.col("introduced_on").is_not_null()).select("sku", "introduced_on")
        begun |= {sku: max((as_of - day).days, 0) for sku, day in told.iter_rows()}
    since = [min(begun.get(sku, _LONG), opened.get(node, _LONG)) for sku, node in keys]
    return np.array(since, np.int64) // _WEEK
