"""Items come and go: nothing is expected before an item is sold or after it ends, and its demand moves to what follows it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.forecast import Forecast

Floats = npt.NDArray[np.float64]

_LARGEST: Final = 1e7


@dataclass(frozen=True, slots=True)
class _Heir:
    """Who takes over how much of an item's demand, and from which day."""

    item: str
    heir: str
    share: float
    day: int
    """Days from the forecast's first day; not below zero."""


def life_cycle(forecast: Forecast, items: pl.DataFrame, substitutes: pl.DataFrame | None = None) -> Forecast:
    """End what is discontinued, hold back what is not introduced, and move demand to who takes it over.

    An item with a successor (`replaces`) passes all its demand on, at every node, from its `discontinued_on`, or from the
    successor's `introduced_on` if that comes first. A discontinued item without a successor passes its substitutes their
    shares; the rest is lost. Only demand ahead is moved: what ended before the forecast's first day has no demand left to
    pass on, and its successor is forecast from its own sales. Where several take over from one, each gets its share, and
    shares that add up to more than 1 are scaled down to 1. Chains are followed: what takes over and ends itself passes on.

    Parameters
    ----------
    items
        Columns sku and, as far as known, introduced_on, discontinued_on, replaces (`tables.Items`).
    substitutes
        Columns of `tables.Substitutes`.

    Returns
    -------
    Forecast
        With new rows where an heir had no series at a node; it takes dispersion and level errors of what it inherits.

    Examples
    --------
    The blue mug ends on the third day, the green one follows it:

    >>> said = Forecast(
    ...     pl.DataFrame({"sku": ["BLUE"], "node": ["TX"]}), date(2026, 12, 1), np.full((1, 4), 5.0), np.ones(1), np.ones(1),
    ...     "x", date(2026, 11, 30),
    ... )
    >>> items = pl.DataFrame({"sku": ["BLUE", "GREEN"], "discontinued_on": [date(2026, 12, 3), None], "replaces": ["", "BLUE"]})
    >>> told = life_cycle(said, items)
    >>> told.keys["sku"].to_list(), told.mu.tolist()
    (['BLUE', 'GREEN'], [[5.0, 5.0, 0.0, 0.0], [0.0, 0.0, 5.0, 5.0]])
    """
    items = _completed(items)
    begins, ends = (_days(items, column, forecast.as_of) for column in ("introduced_on", "discontinued_on"))
    heirs = _heirs(items, substitutes, begins, ends, forecast.horizon)
    # A successor that is introduced takes over even where the old item has no end of its own.
    for heir in heirs:
        if heir.share == 1.0:
            ends[heir.item] = min(heir.day, ends.get(heir.item, heir.day))
    found, notes = _passed_on(forecast, heirs)
    mu = found.mu.copy()
    ended = held = 0
    for row, sku in enumerate(found.keys["sku"].to_list()):
        first, last = begins.get(sku, 0), ends.get(sku, found.horizon)
        ended += int(mu[row, min(last, found.horizon) :].sum() > 0)
        held += int(mu[row, : max(first, 0)].sum() > 0)
        mu[row, max(min(last, found.horizon), 0) :] = 0.0
        mu[row, : max(first, 0)] = 0.0
    if ended:
        notes = (*notes, f"{ended} series end with their item within the horizon: forecast 0 from that day")
    if held:
        notes = (*notes, f"{held} series begin with their item within the horizon: forecast 0 before that day")
    return replace(found, mu=np.minimum(mu, _LARGEST), notes=(*forecast.notes, *notes))


def appended(forecast: Forecast, other: Forecast) -> Forecast:
    """`forecast` with the series of `other` after its own: every number a series has is carried along.

    Raises
    ------
    ValueError
        If they start on different days, look differently far, or a series stands in both.
    """
    if (forecast.as_of, forecast.horizon) != (other.as_of, other.horizon):
        raise ValueError(
            f"forecasts from {forecast.as_of} over {forecast.horizon} days and from {other.as_of} over {other.horizon} "
            "cannot stand in one"
        )
    keys = pl.concat([part.keys.select("sku", "node") for part in (forecast, other)])
    if keys.is_duplicated().any():
        raise ValueError(f"{keys.filter(keys.is_duplicated()).row(0)} is forecast twice")
    numbers: dict[str, Any] = {
        field.name: np.concatenate([getattr(forecast, field.name), getattr(other, field.name)])
        for field in fields(forecast)
        if isinstance(getattr(forecast, field.name), np.ndarray)
    }
    return replace(forecast, keys=keys, **numbers)


def _completed(items: pl.DataFrame) -> pl.DataFrame:
    wanted = {"introduced_on": pl.lit(None, pl.Date), "discontinued_on": pl.lit(None, pl.Date), "replaces": pl.lit("")}
    return items.with_columns(value.alias(name) for name, value in wanted.items() if name not in items.columns)


def _days(items: pl.DataFrame, column: str, as_of: date) -> dict[str, int]:
    """Days from `as_of` to the date in `column`, for the items that have one."""
    known = items.filter(pl.col(column).is_not_null())
    return {sku: (day - as_of).days for sku, day in known.select("sku", column).iter_rows()}


def _heirs(
    items: pl.DataFrame, substitutes: pl.DataFrame | None, begins: dict[str, int], ends: dict[str, int], horizon: int
) -> list[_Heir]:
    """Who takes over within the horizon, in the order in which it happens."""
    shares: dict[str, dict[str, float]] = {}
    succeeded: dict[str, int] = {}
    for heir, item in items.filter(pl.col("replaces") != "").select("sku", "replaces").iter_rows():
        if heir == item:
            raise ValueError(f"item {heir} replaces itself; correct `replaces` in items")
        shares.setdefault(item, {})[heir] = 1.0
        day = min((d for d in (ends.get(item), begins.get(heir)) if d is not None), default=None)
        if day is not None:
            succeeded[item] = min(day, succeeded.get(item, day))
    if substitutes is not None:
        for item, heir, share in substitutes.select("sku", "substitute", "share").iter_rows():
            if item not in succeeded and item in ends:
                shares.setdefault(item, {})[heir] = share
    days = {item: succeeded.get(item, ends.get(item)) for item in shares}
    found = []
    for item, heirs in shares.items():
        day, total = days[item], sum(heirs.values())
        if day is None or not 0 <= day < horizon:
            continue
        scale = max(total, 1.0)
        found += [_Heir(item, heir, share / scale, day) for heir, share in sorted(heirs.items()) if share > 0]
    return sorted(found, key=lambda heir: (heir.day, heir.item, heir.heir))


def _passed_on(forecast: Forecast, heirs: list[_Heir]) -> tuple[Forecast, tuple[str, ...]]:
    """Demand moved to heirs, day by day of takeover, so that chains pass through."""
    found, moved = forecast, 0.0
    row = {key: k for k, key in enumerate(forecast.keys.select("sku", "node").iter_rows())}
    nodes: dict[str, list[str]] = {}
    for sku, node in row:
        nodes.setdefault(sku, []).append(node)
    mu = forecast.mu.copy()
    for heir in heirs:
        for node in nodes.get(heir.item, []):
            source = row[heir.item, node]
            inherited = np.zeros(forecast.horizon)
            inherited[heir.day :] = heir.share * mu[source, heir.day :]
            if not inherited.any():
                continue
            if (heir.heir, node) not in row:
                new = found.rows(np.array([source]))
                new = replace(new, keys=pl.DataFrame({"sku": [heir.heir], "node": [node]}), mu=np.zeros_like(new.mu))
                found = appended(found, new)
                mu = np.concatenate([mu, np.zeros((1, forecast.horizon))])
                row[heir.heir, node] = mu.shape[0] - 1
                nodes.setdefault(heir.heir, []).append(node)
            mu[row[heir.heir, node]] += inherited
            moved += float(inherited.sum())
    if not heirs or not moved:
        return found, ()
    items = len({heir.item for heir in heirs if heir.item in nodes})
    return replace(found, mu=mu), (f"{moved:,.1f} units of {items} ending items pass to what follows them",)
