"""A believable brand to try things in: three to six nodes, a few thousand items, a year behind it and days to come.

`make_world` gives every table a company would bring, valid by the data dictionary. What customers will do next is drawn
from the same hidden process, but is in none of the tables: `future_orders` and `future_demand` tell, for evaluation only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock import tables
from evenstock.simulation.baskets import Habits, orders_frame
from evenstock.simulation.carriage import Trucking, freight_frames, lanes_frame
from evenstock.simulation.catalogue import items_frame
from evenstock.simulation.markets import markets as make_markets
from evenstock.simulation.opening import Opening, stock_frame
from evenstock.simulation.places import METROS
from evenstock.simulation.process import DemandTraits, Process, make_process, outages
from evenstock.simulation.rulebook import costs_frame, rules_frame
from evenstock.simulation.sites import SITES, Site, nodes_frame

DEFAULT_AS_OF: Final = date(2026, 9, 15)
"""A Tuesday without a feast near it."""
DAY_BEGINS: Final = time(6, 0)
"""UTC: midnight or one o'clock in Texas, when a day of orders begins."""
_ITEMS, _STOCK, _BASKETS = 101, 102, 103

DEMAND: Final = {
    "date": pl.Date,
    "sku": pl.String,
    "node": pl.String,
    "units": pl.Int64,
    "in_stock": pl.Boolean,
    "promotion": pl.Boolean,
}


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A brand on one morning: its tables, and the process behind them that only an evaluation may look at."""

    frames: dict[str, pl.DataFrame]
    """Tables by their names in `tables.INPUT`; `orders` holds today's."""
    seed: int
    as_of: date
    sites: tuple[Site, ...]
    habits: Habits
    process: Process

    @property
    def opens_at(self) -> datetime:
        """When the day begins: stock was observed before, today's orders come after."""
        return datetime.combine(self.as_of, DAY_BEGINS, UTC)


def make_world(
    seed: int = 0,
    *,
    nodes: int = 4,
    skus: int = 2000,
    days: int = 365,
    orders_per_day: int = 600,
    as_of: date = DEFAULT_AS_OF,
    traits: DemandTraits | None = None,
    habits: Habits | None = None,
    opening: Opening | None = None,
    trucking: Trucking | None = None,
) -> World:
    """A brand with a year behind it on the morning of `as_of`; the same arguments give the same bytes.

    Parameters
    ----------
    nodes
        3 to 6: Texas, Pennsylvania, California, then Amazon's, Georgia, Nevada.
    skus, days, orders_per_day
        Items, days of demand history, and the usual number of orders; at least 1, 7 and 1.
    traits, habits, opening, trucking
        Numbers behind demand, orders, opening stock and pallet freight, where the defaults do not serve.
    """
    if not 3 <= nodes <= len(SITES):
        raise ValueError(f"the brand has 3 to {len(SITES)} nodes, not {nodes}")
    if skus < 1 or days < 7 or orders_per_day < 1 or seed < 0:
        raise ValueError("a world wants at least one item, seven days of history, one order a day and a seed from 0 on")
    sites, habits = SITES[:nodes], habits or Habits()
    items = items_frame(skus, np.random.default_rng([seed, _ITEMS]))
    process, units = make_process(
        items,
        make_markets(sites),
        n_nodes=nodes,
        units_per_day=orders_per_day * habits.units_per_order,
        first_day=as_of - timedelta(days=days),
        days=days,
        seed=seed,
        traits=traits or DemandTraits(),
    )
    world = World({}, seed, as_of, sites, habits, process)
    services = tuple(dict.fromkeys(s for site in sites for s in site.services))
    world.frames.update(
        {
            "nodes": nodes_frame(sites, orders_per_day).with_columns(pl.col("kind").cast(_KINDS)),
            "items": items,
            "lanes": lanes_frame(sites, trucking or Trucking()),
            **freight_frames(services, as_of),
            "places": pl.DataFrame(
                {
                    "zip3": [m.zip3 for m in METROS],
                    "latitude": [m.latitude for m in METROS],
                    "longitude": [m.longitude for m in METROS],
                }
            ).sort("zip3"),
            "stock": stock_frame(
                items,
                sites,
                process.expected(28).mean(axis=2),
                opens_at=world.opens_at,
                opening=opening or Opening(),
                rng=np.random.default_rng([seed, _STOCK]),
            ),
            "demand": _demand(world, items, units),
            "rules": rules_frame(sites, frozenset(items["category"])),
            "costs": costs_frame(),
        }
    )
    world.frames["orders"] = future_orders(world, as_of)
    complete(world.frames)
    return world


def complete(frames: dict[str, pl.DataFrame]) -> None:
    """Give every table the columns that it may leave out."""
    frames |= {name: tables.with_defaults(tables.INPUT[name], frame) for name, frame in frames.items()}


_KINDS: Final = pl.Enum(["own", "3pl", "mcf", "fba", "store"])


def future_units(world: World, days: int, *, draw: int = 0) -> npt.NDArray[np.int64]:
    """Units wanted on each of the `days` days from `as_of` on, shape ``(item, node, day)``.

    Items in the order of `frames["items"]`, nodes in that of `frames["nodes"]`: the node that should serve. Day k is
    the same however many days are asked for, and adds up the orders of `future_orders` on that day.
    """
    return np.asarray(world.process.at_nodes(world.process.future(days, draw)[1]), dtype=np.int64)


def future_demand(world: World, days: int, *, draw: int = 0) -> pl.DataFrame:
    """`future_units` as `tables.Demand`: rows where something was wanted or promoted, nothing hidden."""
    units = future_units(world, days, draw=draw)
    begin = world.process.past_days
    promoted = world.process.lift[:, begin : begin + days] > 1
    return _long(world, world.frames["items"], units, np.zeros(promoted.shape, np.bool_), promoted, world.as_of)


def future_orders(world: World, day: date, *, draw: int = 0) -> pl.DataFrame:
    """`tables.Orders` of one day from `as_of` on; the day `as_of` of draw 0 is today's orders."""
    ahead = (day - world.as_of).days
    if ahead < 0:
        raise ValueError(f"{day} is before {world.as_of}: the past is in the table of demand")
    units = world.process.future(ahead + 1, draw)[1][:, :, ahead]
    found = orders_frame(
        units,
        world.process.markets,
        world.frames["items"],
        world.process.lift[:, world.process.past_days + ahead] > 1,
        opens_at=world.opens_at + timedelta(days=ahead),
        habits=world.habits,
        rng=np.random.default_rng([world.seed, _BASKETS, draw, ahead]),
    )
    return tables.with_defaults(tables.Orders, found)


def _demand(world: World, items: pl.DataFrame, units: npt.NDArray[np.int64]) -> pl.DataFrame:
    """The history as the brand saw it: nothing while an item was out of stock."""
    process = world.process
    out = outages(process)
    seen = np.where(out[:, None, :], 0, process.at_nodes(units))
    alive = np.arange(process.past_days)[None, :] >= process.begin[:, None]
    promoted = (process.lift[:, : process.past_days] > 1) & alive
    return _long(world, items, seen, out, promoted, process.first_day)


def _long(
    world: World,
    items: pl.DataFrame,
    units: npt.NDArray[np.int64],
    out: npt.NDArray[np.bool_],
    promoted: npt.NDArray[np.bool_],
    first: date,
) -> pl.DataFrame:
    """Rows of units above zero, and of nodes that should serve an item while it was out of stock or promoted."""
    process = world.process
    serves = np.zeros((items.height, len(world.sites)), dtype=np.bool_)
    np.put_along_axis(serves, process.home, values=True, axis=1)
    item, node, day = np.nonzero((units > 0) | (serves[:, :, None] & (out | promoted)[:, None, :]))
    frame = pl.DataFrame(
        {
            "date": np.datetime64(first, "D") + day.astype("timedelta64[D]"),
            "sku": items["sku"].gather(item),
            "node": pl.Series([s.node for s in world.sites]).gather(node),
            "units": units[item, node, day],
            "in_stock": ~out[item, day],
            "promotion": promoted[item, day],
        }
    )
    return frame.select(pl.col(name).cast(kind) for name, kind in DEMAND.items())
