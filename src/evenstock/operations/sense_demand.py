"""Holds what came in against what was foretold: corrects the forecast for the days left, and tells whom when demand has shifted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from evenstock.domain import Event, refuse_naive
from evenstock.forecasting import DemandHistory, Forecast
from evenstock.forecasting.attribution import attribute
from evenstock.forecasting.local_days import with_local_day
from evenstock.forecasting.sensing import (
    ALERTS,
    DayProfile,
    Seen,
    Thresholds,
    day_profile,
    followed,
    shifts,
    thresholds,
    watched,
    watched_totals,
)
from evenstock.forecasting.sensing.false_alarms import FALSE_ALARMS, PATHS
from evenstock.forecasting.sensing.groups import Groups
from evenstock.operations.attribute_demand import POINTER as FROM_ORDERS
from evenstock.operations.company import Company
from evenstock.operations.demand_inputs import demand_history
from evenstock.operations.forecast_demand import read_forecast
from evenstock.operations.home_regions import item_groups
from evenstock.operations.ports import ConflictError, Snapshots, Store

POINTER: Final = "demand alerts"
"""What was last sensed: the alerts, the corrected forecast, and what both stand on."""
OPEN_DAYS: Final = 14
"""Days that an alert stays open after the forecast it was raised against is followed no longer."""
PROFILE_DAYS: Final = 56
"""Days of orders from which the course of a day is learned."""
TOGETHER: Final = 2
"""Series from which a total is followed beside them."""
SCOPES: Final = ("series", "item", "node")
SEED: Final = 3
_TRIES: Final = 5
_REMEMBERED_DAYS: Final = 60
_ALERTS: Final = ALERTS | {"baseline": pl.Date}
"""The alerts, and the first day of the forecast that each was raised against."""


@dataclass(frozen=True)
class Sensed:
    """What came in says this."""

    alerts: pl.DataFrame
    """Columns of `forecasting.sensing.ALERTS` and `baseline`, the surest first; series before items before nodes."""
    forecast: Forecast
    """The current forecast from today on, levels corrected; its first day is the rest of today."""
    digest: str
    """Snapshot of alerts, forecast, limits (thresholds and what they let one find) and about."""
    new: int
    """Alerts told for the first time."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Today:
    """Orders of the day that still runs."""

    units: pl.DataFrame
    """Columns sku, node, units."""
    upto: Mapping[str, tuple[date, float]]
    """For each node the calendar day of the last moment heard of, by its own clock, and the share of it that had gone."""
    whole: bool
    """Whether the demand table has days only as far as those orders tell them."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _State:
    """What was sensed before."""

    digest: str | None
    alerts: pl.DataFrame
    told: frozenset[str]
    limits: pl.DataFrame | None
    baseline: str


def sense_demand(
    store: Store,
    snapshots: Snapshots,
    company: Company,
    *,
    as_of: date,
    now: datetime,
    false_alarms: float = FALSE_ALARMS,
    seed: int = SEED,
    n_paths: int = PATHS,
) -> Sensed:
    """Correct the current forecast by the days since it was made, today's part too, and tell every shift of demand once.

    Shifts are told by whole days, for which the rate of false alarms was calibrated; looking thrice within each day as well
    would raise it by a half.

    Series, items over all nodes and nodes over all items are held against one forecast, the *baseline*, for as long as its
    thresholds hold: 28 days or its horizon. It is the forecast that was current when the watch began; nightly forecasts that
    follow do not set the evidence back, though they follow the demand themselves. Each new alert is published as
    `DemandShifted`, which asks for a review of where stock stands. The same again tells nothing new.

    Parameters
    ----------
    as_of
        Today. Demand before it is taken as whole days; orders of today, if imported, as the part of the day that has
        usually gone by the last of them.
    now
        The moment of sensing.
    false_alarms
        Expected within 28 days of 1,000 series, items or nodes that have not shifted. Another number begins a new watch.
    seed, n_paths
        Of the paths on which a new watch is calibrated, by speed of series.

    Raises
    ------
    ValueError
        If there is no forecast, or none that speaks of today, or no demand.
    """
    refuse_naive(now, "now")
    history = demand_history(company, as_of, imported=True)
    today = _today(store, snapshots, company, as_of, now)
    for tried in range(_TRIES):
        sensed, frames, facts, before = _sensed(
            store, snapshots, history, today, as_of=as_of, now=now, rate=(false_alarms, seed, n_paths)
        )
        digest = snapshots.take(frames)
        try:
            with store.transaction() as books:
                if digest != before:
                    books.repoint(POINTER, before, digest, now)
                books.publish(facts)
        except ConflictError:
            if tried == _TRIES - 1:
                raise
        else:
            break
    return replace(sensed, digest=digest)


def open_alerts(store: Store, snapshots: Snapshots) -> pl.DataFrame:
    """Shifts of demand that stand, in the columns of `Sensed.alerts`; no rows where nothing was sensed yet."""
    return _read(store, snapshots).alerts


def sensed_forecast(store: Store, snapshots: Snapshots, as_of: date) -> Forecast | None:
    """The corrected forecast, if one was sensed that starts on `as_of` and the forecast it corrects is still current."""
    with store.reading() as books:
        digest, current = books.pointer(POINTER), books.pointer("forecast")
    if digest is None:
        return None
    kept = snapshots.read(digest)
    about = kept["about"].row(0, named=True)
    forecast = read_forecast(kept)
    return forecast if forecast.as_of == as_of and about["corrects"] == current else None


def _sensed(
    store: Store,
    snapshots: Snapshots,
    history: DemandHistory,
    today: _Today | None,
    *,
    as_of: date,
    now: datetime,
    rate: tuple[float, int, int],
) -> tuple[Sensed, dict[str, pl.DataFrame], list[Event], str | None]:
    before = _read(store, snapshots)
    current, digest = _current(store, snapshots, as_of)
    base, baseline, kept = _baseline(snapshots, before, current, digest, as_of, rate[0])
    totals = _totals(base, history)
    limits = kept or {
        scope: thresholds(of, seed=rate[1], false_alarms=rate[0], n_paths=rate[2]) for scope, of, _ in totals
    }
    # Looking for shifts several times a day would make more false alarms than said: they are told by days that are over.
    seen = _seen(base, history, today, as_of).first((as_of - base.as_of).days)
    parts = []
    for scope, of, groups in totals:
        there = seen if groups is None else groups.seen(base, seen)
        parts.append(shifts(of, there, limits[scope], scope=scope))
    found = pl.concat(parts).with_columns(baseline=pl.lit(base.as_of))
    alerts = _with_older(found, before.alerts, base.as_of, as_of)
    forecast = followed(current, _seen(current, history, today, as_of), first=as_of)
    facts = [_event(row, now) for row in found.iter_rows(named=True) if _name(row) not in before.told]
    notes = (*(today.notes if today else ()), *_blind(base, limits["series"]))
    about = {
        "version": [forecast.version], "cut_off": [forecast.cut_off], "notes": ["\n".join(forecast.notes)],
        "as_of": [as_of], "corrects": [digest], "baseline": [baseline],
        "told": ["\n".join(sorted(_lately(before.told, as_of) | {_name(row) for row in found.iter_rows(named=True)}))],
    }  # fmt: skip
    frames = {
        "alerts": alerts,
        "forecast": forecast.frame(),
        "limits": pl.concat([limits[scope].frame().with_columns(scope=pl.lit(scope)) for scope, _, _ in totals]),
        "about": pl.DataFrame(about),
    }
    return Sensed(alerts, forecast, "", len(facts), notes), frames, facts, before.digest


def _current(store: Store, snapshots: Snapshots, as_of: date) -> tuple[Forecast, str]:
    with store.reading() as books:
        digest = books.pointer("forecast")
    if digest is None:
        raise ValueError("no forecast to hold demand against: run `evenstock forecast predict` first")
    forecast = read_forecast(snapshots.read(digest))
    if not forecast.days[0] <= as_of <= forecast.days[-1]:
        raise ValueError(
            f"the current forecast speaks of {forecast.days[0]} to {forecast.days[-1]}, not of {as_of}: forecast again"
        )
    return forecast, digest


def _baseline(
    snapshots: Snapshots, before: _State, current: Forecast, digest: str, as_of: date, false_alarms: float
) -> tuple[Forecast, str, dict[str, Thresholds] | None]:
    """The forecast that is followed, its snapshot, and its thresholds where they are known already."""
    if before.limits is None:
        return current, digest, None
    limits = {scope: Thresholds.from_frame(before.limits.filter(scope=scope)) for scope in SCOPES}
    base = read_forecast(snapshots.read(before.baseline))
    days = (as_of - base.as_of).days
    if limits["series"].false_alarms != false_alarms or not 0 <= days < limits["series"].days:
        return current, digest, None
    return base, before.baseline, limits


def _totals(base: Forecast, history: DemandHistory) -> list[tuple[str, Forecast, Groups | None]]:
    """What is followed: every series, and totals. A total of one series is that series: it keeps still."""
    past = history.before(base.as_of) if history.first_day <= base.as_of <= history.as_of else None
    found: list[tuple[str, Forecast, Groups | None]] = [("series", watched(base), None)]
    for scope, by in (("item", "sku"), ("node", "node")):
        groups = watched_totals(base, past, by=by)
        alone = np.bincount(groups.of, minlength=groups.forecast.keys.height) < TOGETHER
        quiet = replace(groups.forecast, mu=np.where(alone[:, None], 0.0, groups.forecast.mu))
        found.append((scope, quiet, replace(groups, forecast=quiet)))
    return found


def _seen(forecast: Forecast, history: DemandHistory, today: _Today | None, as_of: date) -> Seen:
    """What came of the forecast's days before `as_of`, and of that day as far as it was heard."""
    gone = (as_of - forecast.as_of).days
    width = gone + (today is not None)
    n = forecast.keys.height
    units, share = np.zeros((n, width)), np.zeros((n, width))
    begin = (forecast.as_of - history.first_day).days
    first, last = max(-begin, 0), min(history.n_days - begin, gone)
    if last > first:
        at = forecast.keys.select("sku", "node").join(
            history.keys.select("sku", "node").with_row_index("row"),
            on=["sku", "node"],
            how="left",
            maintain_order="left",
        )["row"]
        known = at.is_not_null().to_numpy()
        row = at.fill_null(0).to_numpy().astype(np.int64)
        window = slice(begin + first, begin + last)
        # A series of which nobody ever sold anything has no row: it sold nothing.
        share[:, first:last] = 1.0
        units[:, first:last] = np.where(known[:, None], history.units[row, window], 0)
        if history.hidden is not None:
            share[:, first:last] -= known[:, None] & history.hidden[row, window]
    if today is not None:
        _add_today(forecast, units, share, today, gone)
    return Seen(units, share)


def _add_today(forecast: Forecast, units: np.ndarray, share: np.ndarray, today: _Today, gone: int) -> None:
    """Fill the last column; where demand is made of the same orders, cut the day at which they end."""
    came = forecast.keys.select("sku", "node").join(today.units, on=["sku", "node"], how="left", maintain_order="left")
    units[:, gone] = came["units"].fill_null(0).to_numpy()
    for node, (day, part) in today.upto.items():
        rows = (forecast.keys["node"] == node).to_numpy()
        column = (day - forecast.as_of).days
        share[rows, gone] = 1.0 if column > gone else part if column == gone else 0.0
        if today.whole and 0 <= column < gone:
            share[rows, column] *= part
            share[rows, column + 1 : gone] = 0.0


def _today(store: Store, snapshots: Snapshots, company: Company, as_of: date, now: datetime) -> _Today | None:
    """Today's orders at their homes; None where no order history was imported."""
    orders = company.table("order_history")
    if orders is None:
        return None
    orders = orders.filter(pl.col("placed_at") <= now)
    if orders.is_empty():
        return None
    nodes = pl.DataFrame(
        [(node.id, node.timezone) for node in company.network.nodes.values()],
        schema={"node": pl.String, "timezone": pl.String},
        orient="row",
    )
    with store.reading() as books:
        attributed = books.pointer(FROM_ORDERS)
    heard = max(orders["placed_at"])
    profile = _profile(orders, nodes, as_of, now)
    upto = {node: (local.date(), part) for node, (local, part) in profile.elapsed_at(heard).items()}
    recent = orders.filter(pl.col("placed_at") >= pl.lit(now) - timedelta(days=3))
    whole = attributed is not None and company.digests.get("demand") == attributed
    if attributed is not None:
        homes = snapshots.read(attributed)["homes"]
        units, notes = _at_home(recent, homes, nodes, item_groups(company.network).select("sku", "group"), as_of)
    else:
        units, notes = _as_served(recent, nodes, as_of)
    if units is None:
        units, upto = pl.DataFrame(schema={"sku": pl.String, "node": pl.String, "units": pl.Int64}), {}
    return _Today(units, upto, whole, (*profile.notes, *notes))


def _profile(orders: pl.DataFrame, nodes: pl.DataFrame, as_of: date, now: datetime) -> DayProfile:
    """From whole days before today, by the node that served: whose customers order when hardly depends on who serves them."""
    first = pl.lit(now) - timedelta(days=PROFILE_DAYS)
    past = orders.filter((pl.col("placed_at") >= first) & (pl.col("placed_at").dt.date() < as_of - timedelta(days=1)))
    return day_profile(past.select(pl.col("served_by").alias("node"), "placed_at"), nodes)


def _at_home(
    recent: pl.DataFrame, homes: pl.DataFrame, nodes: pl.DataFrame, groups: pl.DataFrame, as_of: date
) -> tuple[pl.DataFrame | None, tuple[str, ...]]:
    if recent.is_empty():
        return None, ("no orders were heard of in three days: today is left out",)
    try:
        found = attribute(recent, homes, nodes, groups=groups)
    except ValueError as error:
        return None, (f"today is left out: {error}",)
    return found.demand.filter(pl.col("date") == as_of).select("sku", "node", "units"), found.notes


def _as_served(recent: pl.DataFrame, nodes: pl.DataFrame, as_of: date) -> tuple[pl.DataFrame | None, tuple[str, ...]]:
    """Without homes, the node that served stands for the one that should have, where every order says which that was."""
    known = recent.filter(pl.col("served_by").is_in(nodes["node"].to_list()))
    if known.height < recent.height or recent.is_empty():
        return None, (
            "today is left out: not every order says who served it; make demand from orders once, which finds their homes",
        )
    lines = with_local_day(known.rename({"served_by": "node"}), "placed_at", nodes, day="day")
    net = (pl.col("units") - pl.col("cancelled")).clip(0)
    units = lines.filter(pl.col("day") == as_of).group_by("sku", "node").agg(net.sum().alias("units"))
    return units, ("orders of today count where they were served: no homes are known",)


def _with_older(found: pl.DataFrame, before: pl.DataFrame, baseline: date, as_of: date) -> pl.DataFrame:
    """Alerts raised against earlier baselines stay open for a while, if nothing newer is said of the same."""
    older = before.filter(
        (pl.col("baseline") != baseline) & (pl.col("raised_on") >= as_of - timedelta(days=OPEN_DAYS))
    ).join(found, on=["scope", "sku", "node"], how="anti")
    return _ordered(pl.concat([found, older]))


def _ordered(alerts: pl.DataFrame) -> pl.DataFrame:
    """Series before items before nodes, the surest first; snapshots keep rows in no order."""
    scope = pl.col("scope").replace_strict({name: k for k, name in enumerate(SCOPES)}, return_dtype=pl.Int64)
    return alerts.sort(scope, pl.col("evidence"), "sku", "node", descending=[False, True, False, False])


def _blind(base: Forecast, limits: Thresholds) -> tuple[str, ...]:
    rise, fall = limits.blind(base).T
    note = (
        f"of {rise.size} series, {int(rise.sum())} sell too little or too unevenly for even a rise to four times as much to "
        f"be told within three weeks, {int(fall.sum())} for a fall to a quarter; their totals over nodes may tell"
    )
    return (note,)


def _name(row: Mapping[str, Any]) -> str:
    return f"shift:{row['scope']}:{row['sku']}@{row['node']}:{row['direction']}:{row['baseline']}"


def _lately(told: frozenset[str], as_of: date) -> set[str]:
    """Names of what was told against forecasts that may still be followed; the others can never come again."""
    oldest = (as_of - timedelta(days=_REMEMBERED_DAYS)).isoformat()
    return {name for name in told if name.rsplit(":", 1)[1] >= oldest}


def _event(row: Mapping[str, Any], now: datetime) -> Event:
    # As text: numbers that are not whole have no one spelling, and a fact must be the same bytes wherever it is told.
    body = {name: f"{value:.4g}" if isinstance(value, float) else str(value) for name, value in row.items()}
    return Event(_name(row), "DemandShifted", f"demand:{row['sku']}@{row['node']}", now, body)


def _read(store: Store, snapshots: Snapshots) -> _State:
    with store.reading() as books:
        digest = books.pointer(POINTER)
    if digest is None:
        return _State(None, pl.DataFrame(schema=_ALERTS), frozenset(), None, "")
    kept = snapshots.read(digest)
    about = kept["about"].row(0, named=True)
    told = frozenset(line for line in about["told"].split("\n") if line)
    return _State(digest, _ordered(kept["alerts"]), told, kept["limits"], about["baseline"])
