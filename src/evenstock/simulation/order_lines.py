"""The last weeks of the made-up brand's demand as the orders it came in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.simulation.baskets import orders_frame
from evenstock.simulation.markets import KINDS
from evenstock.simulation.places import METROS
from evenstock.simulation.world import World

ELSEWHERE: Final = 0.12
"""Share of lines that another node shipped than the one that should have."""
UNKNOWN: Final = 0.01
"""Share of lines of which nobody wrote down who shipped them."""
TWICE: Final = 0.02
"""Share of lines that a customer orders a second time by mistake, and cancels."""
ONE_LESS: Final = 0.01
"""Share of lines of which a customer cancels one unit."""
_EARLIEST_S, _LATEST_S = 2 * 3600, 22 * 3600
"""Seconds after the day opens, 06:00 UTC, between which it is the same day in every time zone of the country."""

Counts = npt.NDArray[np.int64]

ORDER_HISTORY: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "order": pl.String,
    "line": pl.String,
    "sku": pl.String,
    "units": pl.Int64,
    "cancelled": pl.Int64,
    "placed_at": pl.Datetime("us", "UTC"),
    "postal_code": pl.String,
    "country": pl.String,
    "served_by": pl.String,
    "channel": pl.String,
}


def order_history_frame(
    world: World, demand: pl.DataFrame, lost: pl.DataFrame, days: int, rng: np.random.Generator
) -> pl.DataFrame:
    """`tables.OrderHistory` of the last `days` days: ordered less cancelled is `demand`, by item, home node and local day.

    The home of a line is the node that should serve its postal code, Amazon's for marketplaces where it may hold the
    item. Orders come at the hours at which today's come. Lines of customers who were turned away (`lost`: date, sku,
    node, units) are cancelled whole.
    """
    back = min(days, world.process.past_days)
    wanted, turned = _cube(world, demand, back), _cube(world, lost, back)
    parts = [_one_day(world, ahead - back, wanted[:, :, ahead] + turned[:, :, ahead], rng) for ahead in range(back)]
    if not parts:
        return pl.DataFrame(schema=ORDER_HISTORY)
    lines = pl.concat(parts)
    item, home = _homes(world, lines)
    whole = turned[item, home, lines["day"].to_numpy() + back] > 0
    units = lines["units"].to_numpy()
    fewer = np.where(whole, 0, rng.random(units.size) < ONE_LESS).astype(np.int64)
    doubled = (rng.random(units.size) < TWICE) & ~whole
    history = lines.with_columns(
        units=pl.Series(units + fewer),
        cancelled=pl.Series(np.where(whole, units, fewer)),
        placed_at=pl.col("opens_at") + pl.duration(seconds=pl.lit(_within_the_day(lines))),
        served_by=pl.Series(_served_by(world, item, home, whole, rng), dtype=pl.String),
    )
    again = history.filter(pl.Series(doubled)).with_columns(
        order=pl.col("order") + pl.lit("-again-") + pl.col("line"),
        line=pl.lit("1"),
        cancelled=pl.col("units"),
        served_by=pl.lit(""),
    )
    return (
        pl.concat([history, again])
        .select(pl.col(name).cast(kind) for name, kind in ORDER_HISTORY.items())
        .sort("placed_at", "order", "line")
    )


def _cube(world: World, rows: pl.DataFrame, back: int) -> Counts:
    """Units of the last `back` days, shape ``(item, node, day)``."""
    at = {sku: k for k, sku in enumerate(world.frames["items"]["sku"])}
    place = {site.node: k for k, site in enumerate(world.sites)}
    first = world.as_of - timedelta(days=back)
    recent = rows.filter((pl.col("date") >= first) & (pl.col("units") > 0))
    cube = np.zeros((len(at), len(place), back), dtype=np.int64)
    cube[
        recent["sku"].replace_strict(at, return_dtype=pl.Int64).to_numpy(),
        recent["node"].replace_strict(place, return_dtype=pl.Int64).to_numpy(),
        (recent["date"] - first).dt.total_days().to_numpy(),
    ] = recent["units"].to_numpy()
    return cube


def _one_day(world: World, day: int, at_nodes: Counts, rng: np.random.Generator) -> pl.DataFrame:
    """Order lines of one day, counted from the world's own: -1 is yesterday."""
    process = world.process
    opens_at = world.opens_at + timedelta(days=day)
    return orders_frame(
        _to_markets(process.home, process.base, at_nodes, rng),
        process.markets,
        world.frames["items"],
        process.lift[:, process.past_days + day] > 1,
        opens_at=opens_at,
        habits=world.habits,
        rng=rng,
    ).with_columns(day=pl.lit(day), opens_at=pl.lit(opens_at))


def _to_markets(home: Counts, base: npt.NDArray[np.float64], at_nodes: Counts, rng: np.random.Generator) -> Counts:
    """Units of each node dealt out to the markets it should serve, by what they usually buy; ``(item, market)``.

    A multinomial draw, market by market: each takes a binomial share of what those before it left.
    """
    rows = np.arange(home.shape[0])
    left, rest = at_nodes.copy(), np.zeros(at_nodes.shape)
    for market in range(home.shape[1]):
        rest[rows, home[:, market]] += base[:, market]
    units = np.zeros(home.shape, dtype=np.int64)
    for market in range(home.shape[1]):
        node = home[:, market]
        # The last market of a node takes all; rounding must not leave a hair.
        last = ~(home[:, market + 1 :] == node[:, None]).any(axis=1)
        share = np.where(last, 1.0, np.minimum(base[:, market] / np.maximum(rest[rows, node], 1e-300), 1.0))
        units[:, market] = rng.binomial(left[rows, node], share)
        left[rows, node] -= units[:, market]
        rest[rows, node] -= base[:, market]
    return units


def _homes(world: World, lines: pl.DataFrame) -> tuple[Counts, Counts]:
    """Item, and node that should serve it, of each line."""
    market_of = {(m.marketplace, METROS[p].zip3): k for k, m in enumerate(world.process.markets) for p in m.places}
    at = {sku: k for k, sku in enumerate(world.frames["items"]["sku"])}
    item = lines["sku"].replace_strict(at, return_dtype=pl.Int64).to_numpy()
    where = zip(lines["channel"], lines["postal_code"].str.head(3), strict=True)
    market = np.array([market_of[channel == "marketplace", zip3] for channel, zip3 in where], dtype=np.int64)
    return item, world.process.home[item, market]


def _within_the_day(lines: pl.DataFrame) -> pl.Series:
    """Seconds after opening; the few of the small hours are mirrored into the day, so that local dates are the day's."""
    second = (lines["placed_at"] - lines["opens_at"]).dt.total_seconds().to_numpy()
    early = np.where(second < _EARLIEST_S, 2 * _EARLIEST_S - second, second)
    return pl.Series(np.where(early >= _LATEST_S, 2 * _LATEST_S - early - 1, early), dtype=pl.Int64)


def _served_by(
    world: World,
    item: Counts,
    home: Counts,
    cancelled: npt.NDArray[np.bool_],
    rng: np.random.Generator,
) -> list[str]:
    """The node that shipped each line: mostly its home, sometimes another that may; empty for what was cancelled."""
    may = np.array(
        [[s.kind != "mcf" and (not need or need in s.certifications) for s in world.sites] for need in KINDS]
    )
    kind = np.array([KINDS.index(need) for need in world.frames["items"]["requires"]])[item]
    others = may[kind]
    others[np.arange(item.size), home] = False
    pick = np.argmax(np.where(others, rng.random(others.shape), -1.0), axis=1)
    drawn = rng.random(item.size)
    away = (drawn < ELSEWHERE) & others.any(axis=1)
    node = np.where(away, pick, home)
    unknown = cancelled | (drawn > 1.0 - UNKNOWN)
    return ["" if lost else world.sites[k].node for k, lost in zip(node.tolist(), unknown.tolist(), strict=True)]
