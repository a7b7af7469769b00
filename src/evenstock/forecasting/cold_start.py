"""What will sell of an item where it has no past yet: siblings, predecessors and earlier launches, until its own sales tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.forecast import Forecast
from evenstock.forecasting.history import DemandHistory
from evenstock.forecasting.launch_model import LaunchModel, fit_launches
from evenstock.forecasting.launches import QUIET_DAYS, launch_days, log_prices, observe, siblings_now
from evenstock.forecasting.node_volume import SeriesCodes, node_volumes, with_new_nodes

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

HANDOVER_DAYS: Final = 21
"""Age from which the usual forecaster speaks for a series alone; until then its share grows day by day."""
PREDECESSOR_VARIANCE: Final = 0.4
"""Squared relative error of a level that is taken over from the item it replaces: assumed, not learned."""
LEVEL_DAYS: Final = 91
_WEEKDAY_DAYS: Final = 56
_WEEKDAY_PRIOR_UNITS: Final = 50.0
_OFFERED: Final = {
    "sku": pl.String,
    "node": pl.String,
    "category": pl.String,
    "introduced_on": pl.Date,
    "discontinued_on": pl.Date,
    "replaces": pl.String,
    "price_cents": pl.Int64,
    "on_sale_since": pl.Date,
}


def offered(items: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """What is or will be on sale where: the item's own columns for each (sku, node) that `places` (such as stock) names.

    `places` may say `on_sale_since`, the first day at that very node, where it is known. Pairs of items that the item table
    does not have are left out.
    """
    told = [name for name in ("sku", "node", "on_sale_since") if name in places.columns]
    pairs = places.select(told).unique(["sku", "node"], keep="first", maintain_order=True)
    return _completed(pairs.join(items.unique("sku", keep="first"), on="sku", how="inner", maintain_order="left"))


@dataclass(frozen=True, slots=True, eq=False)
class _Young:
    """Series to be spoken for: new ones and young ones, every array ``(row,)``."""

    keys: pl.DataFrame
    """Columns of `_OFFERED`."""
    at: Codes
    """Row in the forecast; -1 for a new one."""
    begin: Codes
    """Column of its launch; the number of days of the history where that is still to come."""
    dated: Mask
    starts_on: Codes
    """Days ahead of its first day on sale, 0 for one that is."""


def with_launches(
    forecast: Forecast,
    history: DemandHistory,
    on_sale: pl.DataFrame | None = None,
    *,
    prices: pl.DataFrame | None = None,
    expected_volume: Mapping[str, float] | None = None,
    most_launches: int = 4000,
) -> Forecast:
    """The forecast with rows for what has no past, and with series younger than `HANDOVER_DAYS` spoken for again.

    A level starts from the same item's sales at other nodes times the node's volume ratio, drawn towards the launches of
    its category as past launches teach (`launch_model`); without siblings from the item it replaces, where that sells at the
    node; else from its category's launches alone. Its own days then weigh against that start by credibility: the start
    counts as many days as a launch's level is uncertain, usually one to five, so that after a week its own sales lead.

    Parameters
    ----------
    forecast
        Of the usual forecaster, made from `history`.
    on_sale
        As `offered` returns it; without it only young series are spoken for. A pair that has no series gets one. A pair
        introduced within the horizon is zero before that day. What takes over from another item within the horizon is left to
        `life_cycle`, which comes after this.
    prices
        Columns of `tables.SalePrices`; else the item's price counts.
    expected_volume
        Volume of nodes beside the mean node. One without history that is not named counts as a mean node; one of 0, such as a
        store room that no customer is served from, gets no launch.

    Notes
    -----
    Level error and daily dispersion are those of past launches within the history, so that a day-0 forecast is as wide as
    they were off. The credibility weight is Buehlmann's (1967): prior days ``k = (1/m + a) / v`` for rate m, daily
    dispersion a and level error v.
    """
    if forecast.as_of != history.as_of or not forecast.keys.equals(history.keys.select("sku", "node")):
        raise ValueError(
            f"the forecast as of {forecast.as_of} was not made from this history as of {history.as_of}: other day or series"
        )
    odd = sorted(node for node, size in (expected_volume or {}).items() if not (np.isfinite(size) and size >= 0))
    if odd:
        raise ValueError(
            f"expected volume of {', '.join(odd)}: say how large a node is beside the mean one, such as 0.5"
        )
    closed = [node for node, size in (expected_volume or {}).items() if size == 0]
    listed = _completed(on_sale if on_sale is not None else pl.DataFrame(schema=_OFFERED))
    listed = listed.filter(~pl.col("node").is_in(closed))
    young, notes = _young(forecast, history, listed)
    if not young.at.size:
        return replace(forecast, notes=(*forecast.notes, *notes))
    codes = SeriesCodes.of(history)
    introduced = listed.filter(pl.col("introduced_on").is_not_null()).select("sku", "introduced_on")
    launches = observe(history, introduced=introduced, prices=_priced(prices, listed), most=most_launches)
    model = fit_launches(launches, len(codes.categories), history.n_days, fallback=_usual(history, codes))
    rate, variance, basis, said = _start(forecast, history, codes, model, young, prices, expected_volume or {})
    k = (1.0 / np.maximum(rate, 1e-6) + model.dispersion) / variance
    units, days = _own(history, young)
    level = (k * rate + units) / (k + days)
    left = variance * k / (k + days)
    notes += _said(basis, days, model) + said
    return _spoken(forecast, young, level, left, model, tuple(notes), history.n_days)


def _completed(frame: pl.DataFrame) -> pl.DataFrame:
    for name in ("sku", "node"):
        if name not in frame.columns:
            raise ValueError(f"what is on sale needs the column {name}; see `offered`")
    rest = [pl.lit(None, dtype=kind).alias(name) for name, kind in _OFFERED.items() if name not in frame.columns]
    whole = frame.with_columns(rest).select(pl.col(name).cast(kind) for name, kind in _OFFERED.items())
    return whole.with_columns(pl.col("category", "replaces").fill_null("")).unique(
        ["sku", "node"], keep="first", maintain_order=True
    )


def _young(forecast: Forecast, history: DemandHistory, listed: pl.DataFrame) -> tuple[_Young, list[str]]:
    """Series that are new, never sold, or younger than the hand-over; those whose sale lies beyond the horizon stay out."""
    as_of, horizon, last = history.as_of, forecast.horizon, history.n_days
    ahead = (pl.col("introduced_on") - as_of).dt.total_days().clip(0)
    coming = listed.filter(
        (pl.col("discontinued_on").is_null() | (pl.col("discontinued_on") > as_of))
        & (pl.col("introduced_on").is_null() | (ahead < horizon))
    )
    notes = []
    absent = listed.join(coming, on=["sku", "node"], how="anti").join(forecast.keys, on=["sku", "node"], how="anti")
    if absent.height:
        notes.append(f"{absent.height} SKU-nodes are not on sale within {horizon} days: no launch forecast")
    rows = forecast.keys.with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))
    new = coming.join(rows, on=["sku", "node"], how="left", maintain_order="left")
    begin, dated = launch_days(history, listed.filter(pl.col("introduced_on").is_not_null()))
    sold = history.start < last
    recent = sold & (begin > last - HANDOVER_DAYS) & ((begin >= min(QUIET_DAYS, last)) | dated)
    again = np.flatnonzero(recent)
    inherits = new.select(_inherits(forecast, listed)).to_series()
    if (left := int((inherits & new["at"].is_null()).sum())) > 0:
        notes.append(f"{left} SKU-nodes take over from the item they replace within {horizon} days: no launch forecast")
    new = new.filter(~inherits)
    known = new.filter(pl.col("at").is_not_null() & ~pl.col("at").is_in(np.flatnonzero(sold).tolist()))
    fresh = new.filter(pl.col("at").is_null())
    known_young = _completed(history.keys[again.tolist()].join(
        listed.drop("category"), on=["sku", "node"], how="left", maintain_order="left"
    )).with_columns(at=pl.Series(again, dtype=pl.Int64))  # fmt: skip
    table = pl.concat([known_young, known.select(known_young.columns), fresh.select(known_young.columns)])
    at = table["at"].fill_null(-1).to_numpy().astype(np.int64)
    starts = table.select(ahead.fill_null(0)).to_series().to_numpy().astype(np.int64)
    # An item introduced long ago at other nodes may have come to this one today: only its first weeks say that nobody took it.
    lately = pl.when(pl.col("introduced_on") > as_of - timedelta(days=HANDOVER_DAYS)).then("introduced_on")
    # What stands in the history without a sale and without an introduction was on sale all along.
    unsold, fresh_since = (
        table.select((pl.coalesce("on_sale_since", day) - history.first_day).dt.total_days())
        .to_series().fill_null(unknown).clip(0, last).to_numpy().astype(np.int64)
        for day, unknown in (("introduced_on", 0), (lately, last))
    )  # fmt: skip
    own = np.where(at >= 0, np.where(sold[at], begin[at], unsold), fresh_since)
    of_dated = np.where((at >= 0) & sold[at], dated[at], True)
    return _Young(table.drop("at"), at, own.astype(np.int64), of_dated, starts), notes


def _inherits(forecast: Forecast, listed: pl.DataFrame) -> pl.Expr:
    """Whether `life_cycle` will hand a predecessor's demand over at that node, so that it must not be foretold twice."""
    selling = forecast.keys.filter(pl.Series(forecast.mu.sum(axis=1) > 0))
    pairs = (selling["sku"] + "\x1f" + selling["node"]).to_list()
    as_of, horizon = forecast.as_of, forecast.horizon
    ends = (pl.col("discontinued_on") - as_of).dt.total_days()
    ending = listed.filter(ends.is_between(0, horizon - 1))["sku"].unique().to_list()
    at_node = pl.concat_str("replaces", "node", separator="\x1f").is_in(pairs)
    coming = (pl.col("introduced_on") >= as_of).fill_null(value=False)
    return at_node & (coming | (pl.col("introduced_on").is_null() & pl.col("replaces").is_in(ending)))


def _usual(history: DemandHistory, codes: SeriesCodes) -> Floats:
    """Units a day of series that sold, by category, and last of all."""
    days = min(LEVEL_DAYS, history.n_days)
    seen = history.seen(days)
    units = np.where(seen, history.units[:, history.n_days - days :], 0).sum(axis=1)
    n = len(codes.categories)
    sold = np.bincount(codes.category, units, minlength=n)
    exposed = np.bincount(codes.category, seen.sum(axis=1), minlength=n)
    rates = np.divide(sold, exposed, out=np.zeros(n), where=exposed > 0)
    return np.append(rates, sold.sum() / max(float(exposed.sum()), 1.0))


def _priced(prices: pl.DataFrame | None, listed: pl.DataFrame) -> pl.DataFrame | None:
    """Sale prices, with the item's own where it has none."""
    own = listed.filter(pl.col("price_cents") > 0).select(
        "sku", node=pl.lit(""), valid_from=pl.lit(date.min), cents="price_cents"
    ).unique("sku", keep="first")  # fmt: skip
    if prices is None or prices.is_empty():
        return own
    told = prices.select("sku", "node", "valid_from", pl.col("cents").cast(pl.Int64))
    return pl.concat([told, own.join(told, on="sku", how="anti")])


def _start(
    forecast: Forecast,
    history: DemandHistory,
    codes: SeriesCodes,
    model: LaunchModel,
    young: _Young,
    prices: pl.DataFrame | None,
    expected: Mapping[str, float],
) -> tuple[Floats, Floats, npt.NDArray[np.str_], list[str]]:
    """Rate and level error before own sales, on what each stands, and what was assumed of nodes."""
    item, node, category = (
        np.array([places.get(name, -1) for name in young.keys[column]], dtype=np.int64)
        for column, places in (("sku", codes.items), ("node", codes.nodes), ("category", codes.categories))
    )
    ratios = node_volumes(history, codes)
    volume, unknown = with_new_nodes(ratios, codes, young.keys["node"].to_numpy().astype(str), category, expected)
    siblings = siblings_now(history, codes, item, node, category, ratios)
    days = pl.Series([forecast.as_of] * young.at.size, dtype=pl.Date)
    price = log_prices(_priced(prices, young.keys), young.keys, days)
    rate, variance = model.rates(category, volume, siblings, price)
    basis = np.where(siblings.long_days > 0, "siblings", "category").astype("<U12")
    row_of = {key: k for k, key in enumerate(forecast.keys.iter_rows())}
    for k in np.flatnonzero(siblings.long_days <= 0):
        before = row_of.get((young.keys["replaces"][int(k)], young.keys["node"][int(k)]))
        if before is not None and forecast.mu[before].sum() > 0:
            rate[k], variance[k], basis[k] = forecast.mu[before].mean(), PREDECESSOR_VARIANCE, "predecessor"
    told = [
        f"node {name} has no history: taken for a node of mean volume; give its expected volume" for name in unknown
    ]
    return rate, variance, basis, told


def _own(history: DemandHistory, young: _Young) -> tuple[Floats, Floats]:
    """Own units and days since the launch, each day weighed by its weekday at the node."""
    units, days = np.zeros(young.at.size), np.zeros(young.at.size)
    factor = _weekdays(history)
    weekday = (history.first_day.weekday() + np.arange(history.n_days)) % 7
    nodes = {str(name): k for k, name in enumerate(np.unique(history.keys["node"].to_numpy().astype(str)))}
    for k in range(young.at.size):
        row, begin = int(young.at[k]), int(young.begin[k])
        if row < 0:
            # On sale without a single sale.
            days[k] = history.n_days - begin
            continue
        # The first sale dates the launch: that it sold on that day is no news.
        part = slice(begin + (not young.dated[k]), history.n_days)
        seen = np.ones(history.n_days, np.bool_)[part] if history.hidden is None else ~history.hidden[row, part]
        units[k] = history.units[row, part][seen].sum()
        days[k] = factor[nodes[young.keys["node"][int(k)]], weekday[part]][seen].sum()
    return units, days


def _weekdays(history: DemandHistory) -> Floats:
    """Weekday factors of each node, shape ``(node, 7)``, Monday first; each row averages 1."""
    _, node = np.unique(history.keys["node"].to_numpy().astype(str), return_inverse=True)
    weeks = min(history.n_days, _WEEKDAY_DAYS) // 7
    if not weeks:
        return np.ones((int(node.max()) + 1, 7))
    totals = np.zeros((int(node.max()) + 1, 7 * weeks))
    np.add.at(totals, node, history.units[:, history.n_days - 7 * weeks :].astype(np.float64))
    of_day = totals.reshape(-1, weeks, 7).sum(axis=1)
    mean = of_day.mean(axis=1, keepdims=True)
    factor = (of_day + _WEEKDAY_PRIOR_UNITS) / (mean + _WEEKDAY_PRIOR_UNITS)
    # Columns count back from the last day; the weekday of column 0 puts Monday first.
    first = (history.first_day.weekday() + history.n_days) % 7
    return np.roll(factor, first, axis=1)


def _said(basis: npt.NDArray[np.str_], days: Floats, model: LaunchModel) -> list[str]:
    words = {
        "siblings": "from the same item at other nodes",
        "predecessor": "from the item they replace",
        "category": f"from {model.n_launches} earlier launches of their category or others" if model.n_launches
        else "from usual series of their category, for want of any earlier launch",
    }  # fmt: skip
    fresh = days <= 0
    notes = [
        f"{count} SKU-nodes without a past are forecast {text}"
        for name, text in words.items()
        if (count := int((fresh & (basis == name)).sum()))
    ]
    if (~fresh).any():
        notes.append(
            f"{int((~fresh).sum())} SKU-nodes younger than {HANDOVER_DAYS} days or never sold lean on launches too"
        )
    return notes


def _spoken(
    forecast: Forecast,
    young: _Young,
    level: Floats,
    left: Floats,
    model: LaunchModel,
    notes: tuple[str, ...],
    today: int,
) -> Forecast:
    """The forecast with these rows in it, new ones last; with age a row's numbers pass over to those of the forecaster."""
    spoken_for = np.zeros(forecast.keys.height, np.bool_)
    spoken_for[young.at[young.at >= 0]] = True
    usual = np.flatnonzero(~spoken_for & (forecast.mu.sum(axis=1) > 0))
    drift, base = (float(np.median(values[usual])) if usual.size else 0.0
                   for values in (forecast.path_drift, forecast.path_variance))  # fmt: skip
    on = np.arange(forecast.horizon)[None, :] >= young.starts_on[:, None]
    variance = left + base
    rows: dict[str, npt.NDArray[Any]] = {
        "mu": level[:, None] * _shape(forecast, usual, young.keys["node"]) * on,
        "alpha": model.dispersion + variance * (1.0 + model.dispersion),
        "path_variance": variance,
        "path_drift": np.full(level.size, drift),
        "shared": np.full(level.size, model.shared),
    }
    # Of what never sold the forecaster says nothing: there the launch alone speaks.
    share = np.where(young.at >= 0, np.clip(1.0 - (today - young.begin) / HANDOVER_DAYS, 0.0, 1.0), 1.0)
    share[(young.at >= 0) & (forecast.mu[young.at].sum(axis=1) <= 0)] = 1.0
    for name, said in rows.items():
        w = share.reshape(-1, *[1] * (said.ndim - 1))
        rows[name] = w * said + (1.0 - w) * getattr(forecast, name)[young.at]
    return _put(forecast, young.keys.select("sku", "node"), young.at, rows, notes)


def _shape(forecast: Forecast, usual: Codes, nodes: pl.Series) -> Floats:
    """How the days ahead differ at each row's node, by what usual series there are expected to sell; rows average 1."""
    overall = forecast.mu[usual].sum(axis=0) if usual.size else np.ones(forecast.horizon)
    names = forecast.keys["node"].to_numpy().astype(str)
    found = np.empty((len(nodes), forecast.horizon))
    for name in nodes.unique():
        rows = usual[names[usual] == name]
        total = forecast.mu[rows].sum(axis=0) if rows.size else overall
        mean = float(total.mean())
        found[(nodes == name).to_numpy()] = (total + 1.0) / (mean + 1.0)
    return found


def _put(
    forecast: Forecast, keys: pl.DataFrame, at: Codes, rows: Mapping[str, npt.NDArray[Any]], notes: tuple[str, ...]
) -> Forecast:
    """Rows written over those `at`, and after the last where that is -1; a field not named takes the middle of its column."""
    old, new = at >= 0, at < 0
    values: dict[str, Any] = {}
    for field in fields(forecast):
        column = getattr(forecast, field.name)
        if not isinstance(column, np.ndarray):
            continue
        filled = np.median(column, axis=0) if column.shape[0] else np.zeros(column.shape[1:])
        said = rows.get(field.name, np.broadcast_to(filled, (at.size, *column.shape[1:])))
        changed = column.copy()
        if field.name in rows:
            changed[at[old]] = said[old]
        values[field.name] = np.concatenate([changed, said[new]])
    both = pl.concat([forecast.keys, keys.filter(pl.Series(new))])
    return replace(forecast, keys=both, notes=(*forecast.notes, *notes), **values)
