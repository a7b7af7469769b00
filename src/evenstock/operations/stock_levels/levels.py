"""Levels, order points and orders of every item-node, from the books, a forecast and lead times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.domain import Item
from evenstock.forecasting import Forecast
from evenstock.inventory import reorder
from evenstock.inventory.lead_days import moments, trimmed, within
from evenstock.inventory.safety_stock import Levels, levels, textbook
from evenstock.inventory.segments import Policy, Segment, Trait
from evenstock.operations.company import Company
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.stock_levels import words
from evenstock.operations.stock_levels.demand import Demand, demand
from evenstock.operations.stock_levels.segmenting import segments
from evenstock.operations.stock_levels.situation import DAYS, REACH, Situation, situation
from evenstock.operations.stock_levels.ways import Key, Way
from evenstock.operations.tonight.question import holding_millicents
from evenstock.operations.tonight.targets import targets
from evenstock.tables import StockLevels

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

PATHS: Final = 256
IN_SIGHT: Final = 28
"""Days within which an order is suggested."""
_CELLS: Final = 12_000_000
"""Units drawn at once: 48 MB."""
_NAMED: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Item-nodes that have both a forecast and a way to be refilled, with what their level is reckoned from."""

    keys: tuple[Key, ...]
    ways: tuple[Way, ...]
    demand: Demand
    lead: Floats
    """Shares of lead days, ``(row, day)``."""
    wait: Ints
    """Days to the next order day, ``(row,)``."""
    review: Ints
    """Days from that to the next, ``(row,)``."""
    segments: tuple[Segment, ...]
    cycle: Floats
    fill: Floats
    quantity: Ints
    """Units of one order, ``(row,)``."""
    position: Ints
    most: Ints
    """Units the node accepts, ``(row,)``."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundLevels:
    """The levels, and what they rest on."""

    frame: pl.DataFrame
    """`tables.StockLevels`, by item and node."""
    notes: tuple[str, ...]
    rows: Rows
    situation: Situation
    seed: int
    n_paths: int


def stock_levels(
    store: Store,
    snapshots: Snapshots,
    company: Company,
    forecast: Forecast,
    *,
    as_of: date,
    seed: int = 0,
    n_paths: int = PATHS,
) -> FoundLevels:
    """Levels, order points and orders of every item at every node that has stock, a forecast or a supply.

    What has no forecast, or no way to be refilled, keeps its row with the reason.

    Parameters
    ----------
    as_of
        The day of the look; the forecast starts with it.
    seed, n_paths
        Of the demand paths.

    Raises
    ------
    ValueError
        If the forecast starts on another day.
    """
    if forecast.as_of != as_of:
        raise ValueError(f"the forecast starts on {forecast.as_of}, not on {as_of}: forecast again with that day")
    here = situation(store, snapshots, company, forecast, as_of)
    every = demand(forecast, here.keys, here.ways, 1).members
    left = {
        key: words.NO_WAY if wanted else words.NO_FORECAST
        for key, wanted in zip(here.keys, every, strict=True)
        if not wanted or key not in here.ways
    }
    rows = _rows(here, [key for key in here.keys if key not in left])
    found = reckoned(rows, seed, n_paths)
    frame = pl.concat([_frame(here, rows, found), _left_out(here, left)]).sort("sku", "node")
    return FoundLevels(StockLevels.validate(frame), here.notes + _notes(rows, left), rows, here, seed, n_paths)


def _rows(here: Situation, keys: Sequence[Key]) -> Rows:
    """Everything about the rows but their levels."""
    network = here.company.network
    of = tuple(here.ways[key] for key in keys)
    k, w = here.at(keys)
    said = demand(here.forecast, keys, here.ways, REACH)
    lead = trimmed(np.stack([way.lead for way in of])) if of else np.zeros((0, 1))
    wait, review = calendar(of, here.as_of)
    wishes = targets(network.targets, here.items, here.nodes)
    daily = said.mean()[:, : here.forecast.horizon].mean(axis=1)
    soonest = wait + np.rint(moments(lead)[0]).astype(np.int64)
    kinds = segments(
        keys,
        network.items,
        here.company.tables["items"],
        here.history,
        expected=_daily_by_item(here.forecast),
        ends_before_sale=_ends(here, keys) <= soonest,
        constrained=_constrained(here, keys, soonest, said),
        as_of=here.as_of,
    )
    cycle, fill = wishes.cycle_service[k, w], wishes.fill_rate[k, w]
    by_segment = [kind.treatment for kind in kinds]
    silent = (cycle <= 0) & (fill <= 0)
    ended = np.array([each.policy is Policy.RUN_DOWN for each in by_segment], np.bool_)
    cycle = np.where(ended, 0.0, np.where(silent, [each.cycle_service for each in by_segment], cycle))
    fill = np.where(ended, 0.0, np.where(silent, [each.fill_rate for each in by_segment], fill))
    bp = network.costs.holding_bp_per_year + network.costs.capital_bp_per_year
    fixed = [way.order_cents if s.policy is Policy.MIN_MAX else 0.0 for way, s in zip(of, by_segment, strict=True)]
    return Rows(
        keys=tuple(keys),
        ways=of,
        demand=said.widened(np.array([kind.trait is Trait.NEW for kind in kinds], np.bool_)),
        lead=lead,
        wait=wait,
        review=review,
        segments=tuple(kinds),
        cycle=cycle,
        fill=fill,
        quantity=reorder.order_quantity(
            daily,
            fixed,
            holding_millicents(here.items, here.nodes, bp)[k, w] / 1000,
            [way.multiple for way in of],
            [way.minimum for way in of],
        ),
        position=here.here[k, w] + here.coming[k, w].sum(axis=1),
        most=wishes.most_units[k, w],
    )


def _daily_by_item(forecast: Forecast) -> dict[str, float]:
    by_item = forecast.keys.select("sku").with_columns(daily=pl.Series(forecast.mu.mean(axis=1)))
    return dict(by_item.group_by("sku").agg(pl.sum("daily")).iter_rows())


def calendar(ways: Sequence[Way], on: date) -> tuple[Ints, Ints]:
    """Days from `on` to the next order of each way, and from that to the one after, each ``(row,)``."""
    known: dict[tuple[frozenset[int], int], tuple[int, int]] = {}
    for way in ways:
        if (way.order_days, way.review_days) not in known:
            wait, gap = reorder.next_orders(way.order_days, on.weekday())
            known[way.order_days, way.review_days] = wait, way.review_days or gap
    both = np.array([known[way.order_days, way.review_days] for way in ways], np.int64).reshape(-1, 2)
    return both[:, 0].copy(), both[:, 1].copy()


def _ends(here: Situation, keys: Sequence[Key]) -> Ints:
    """Days until each item is no longer sold; very many where no end is known."""
    ends = _end_days(here)
    return np.array([(ends[sku] - here.as_of).days if sku in ends else 10**6 for sku, _ in keys], np.int64)


def _end_days(here: Situation) -> dict[str, date]:
    about = here.company.tables["items"]
    if "discontinued_on" not in about.columns:
        return {}
    return dict(about.filter(pl.col("discontinued_on").is_not_null()).select("sku", "discontinued_on").iter_rows())


def _constrained(here: Situation, keys: Sequence[Key], soonest: Ints, said: Demand) -> Mask:
    """Items of which all there is, and what comes until an order of today could, falls short of what is wanted until then.

    By a tenth and more than a unit, as a forecast is not exact.
    """
    k, _ = here.at(keys)
    first: dict[int, int] = {}
    for row, item in enumerate(k.tolist()):
        if not here.ways[keys[row]].origin:
            first[item] = min(first.get(item, DAYS), int(soonest[row]))
    wanted = np.zeros(len(here.items))
    for row, item in enumerate(k.tolist()):
        if item in first and said.own[row] >= 0:
            wanted[item] += said.mu[said.own[row], : first[item]].sum()
    there = here.here.sum(axis=1).astype(np.float64)
    for item, days in first.items():
        there[item] += here.coming[item, :, :days].sum()
    return np.asarray((0.9 * wanted > there + 1)[k])


def reckoned(rows: Rows, seed: int, n_paths: int) -> Levels:
    """Levels of all rows, drawn and reckoned in parts of like reach."""
    n = len(rows.keys)
    found = Levels(np.zeros((n, 1), np.int64), *(np.zeros((n, 1)) for _ in range(3)))
    for part, days in _parts(rows, n_paths):
        done = levels(
            rows.demand.paths(part, days, n_paths, seed),
            rows.lead[part],
            wait=rows.wait[part, None],
            review=rows.review[part, None],
            cycle_service=rows.cycle[part],
            fill_rate=rows.fill[part],
            quantity=rows.quantity[part],
            position=rows.position[part],
        )
        for name in ("level", "mean", "sd", "short"):
            getattr(found, name)[part] = getattr(done, name)
    return found


def _parts(rows: Rows, n_paths: int) -> Iterator[tuple[Ints, int]]:
    """Rows by how far ahead a refill may reach, so many at once as memory allows, with that many days."""
    if not rows.keys:
        return
    last = rows.lead.shape[1] - 1 - np.argmax(rows.lead[:, ::-1] > 0, axis=1)
    reach = rows.wait + rows.review + last
    order = np.argsort(reach, kind="stable")
    begin = 0
    while begin < order.size:
        end, series = begin, 0
        while end < order.size:
            series += len(rows.demand.members[order[end]])
            if end > begin and series * n_paths * reach[order[end]] > _CELLS:
                break
            end += 1
        yield order[begin:end], int(reach[order[end - 1]])
        begin = end


def _frame(here: Situation, rows: Rows, found: Levels) -> pl.DataFrame:
    """The rows of the table."""
    level, mean = found.level[:, 0], found.mean[:, 0]
    ended = np.array([kind.trait is Trait.ENDED for kind in rows.segments], np.bool_)
    at, up_to = reorder.order_points(level, rows.quantity)
    tight = (up_to > rows.most) & ~ended
    at, up_to = np.minimum(at, rows.most - 1), np.minimum(up_to, rows.most)
    at, up_to = np.where(ended, -1, at), np.where(ended, 0, np.maximum(up_to, 0))
    daily = rows.demand.mean()
    until = np.where(ended, reorder.NEVER, reorder.days_until(rows.position, at, daily))
    units = reorder.units_to_order(
        np.minimum(rows.position, at),
        at,
        up_to,
        np.array([way.multiple for way in rows.ways], np.int64),
        np.array([way.minimum for way in rows.ways], np.int64),
        rows.most,
    )
    units = np.where((until <= IN_SIGHT) & ~ended, units, 0)
    by = [
        _order_day(way, here.as_of + timedelta(days=int(days))) if count else None
        for way, days, count in zip(rows.ways, until, units, strict=True)
    ]
    lead_mean = moments(rows.lead)[0]
    items: list[Item] = [here.company.network.items[sku] for sku, _ in rows.keys]
    lost = np.array([here.company.network.costs.lost_unit_cents(item) for item in items], np.float64)
    return _typed(
        {
            "sku": [key[0] for key in rows.keys],
            "node": [key[1] for key in rows.keys],
            "segment": [str(kind) for kind in rows.segments],
            "policy": [kind.treatment.policy.value for kind in rows.segments],
            "cycle_service": rows.cycle,
            "fill_rate": rows.fill,
            "way": [way.name for way in rows.ways],
            "lead_mean_days": lead_mean,
            "lead_p95_days": within(rows.lead, 0.95),
            "review_days": rows.review,
            "daily_units": daily[:, : here.forecast.horizon].mean(axis=1),
            "safety_stock": np.where(ended, 0, np.rint(level - mean)).astype(np.int64),
            "textbook_stock": _textbook(rows, daily[:, : here.forecast.horizon].mean(axis=1)),
            "reorder_point": at,
            "order_up_to": up_to,
            "position": rows.position,
            "days_to_reorder": until,
            "order_units": units,
            "order_by": by,
            "suggestion": [words.suggestion(int(u), d, way) for u, d, way in zip(units, by, rows.ways, strict=True)],
            "risk_cents": np.where(ended, 0, np.rint(found.short[:, 0] * lost)).astype(np.int64),
            "because": _because(here, rows, found, at, tight),
        }
    )


def _because(here: Situation, rows: Rows, found: Levels, at: Ints, tight: Mask) -> list[str]:
    ends = _end_days(here)
    days = rows.wait + rows.review + moments(rows.lead)[0]
    return [
        words.ended(ends[rows.keys[row][0]])
        if rows.segments[row].trait is Trait.ENDED
        else words.because(
            position=int(rows.position[row]),
            at=int(at[row]),
            mean=float(found.mean[row, 0]),
            level=int(found.level[row, 0]),
            days=float(days[row]),
            service=words.asked(float(rows.cycle[row]), float(rows.fill[row])),
            way=way,
            tight=bool(tight[row]),
            full=bool(tight[row] and rows.position[row] >= rows.most[row]),
        )
        for row, way in enumerate(rows.ways)
    ]


def _order_day(way: Way, on: date) -> date:
    return on + timedelta(days=reorder.next_orders(way.order_days, on.weekday())[0])


def _textbook(rows: Rows, daily: Floats) -> list[int | None]:
    mean, sd = moments(rows.lead)
    spread = rows.demand.daily_sd()
    return [
        round(
            max(
                textbook(
                    daily[r], spread[r], mean[r] + rows.wait[r], sd[r], cycle_service=a, review_days=rows.review[r]
                ),
                0,
            )
        )
        if a > 0
        else None
        for r, a in enumerate(rows.cycle.tolist())
    ]


def _left_out(here: Situation, left: dict[Key, str]) -> pl.DataFrame:
    keys = list(left)
    k, w = here.at(keys)
    n = len(keys)
    nothing: dict[str, Any] = {name: [None] * n for name in StockLevels.columns()}
    return _typed(
        nothing
        | {
            "sku": [key[0] for key in keys],
            "node": [key[1] for key in keys],
            "segment": [""] * n,
            "policy": [""] * n,
            "cycle_service": [0.0] * n,
            "fill_rate": [0.0] * n,
            "way": [here.ways[key].name if key in here.ways else "" for key in keys],
            "position": here.here[k, w] + here.coming[k, w].sum(axis=1),
            "order_units": [0] * n,
            "suggestion": [""] * n,
            "risk_cents": [0] * n,
            "because": list(left.values()),
        }
    )


def _typed(columns: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(
        columns, schema={name: spec.dtype for name, spec in StockLevels.columns().items()}, strict=False
    )


def _notes(rows: Rows, left: dict[Key, str]) -> tuple[str, ...]:
    said = []
    for reason in dict.fromkeys(left.values()):
        names = [f"{sku} at {node}" for (sku, node), why in left.items() if why == reason]
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        said.append(f"{', '.join(names[:_NAMED])}{more}: {reason}")
    unknown = sum(not way.name for way in rows.ways)
    if unknown:
        said.append(
            f"{unknown:,} of {len(rows.ways):,} item-nodes have no supplier in receipts or supplies: "
            "lead times of their category are taken"
        )
    return tuple(said)
