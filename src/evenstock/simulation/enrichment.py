"""The made-up brand with everything it could bring: what moved demand, its orders, feeds, counts, parcels and purchases.

`enrich` adds tables to a world and tells beside them what is true. Each table has a stream of chance of its own, so
that none changes another, and without faults and substitution the tables that were there stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.simulation import (
    assortment,
    deliveries,
    drivers,
    order_lines,
    past_books,
    purchases,
    shelf,
    statements,
)
from evenstock.simulation.faults import RecordFaults, make_faults, no_faults, turned_away
from evenstock.simulation.world import World, complete

ORDER_DAYS: Final = 28
PARCELS: Final = 4000
_PROMOTIONS, _ORDERS, _FAULTS, _OBSERVATIONS, _COUNTS, _PICKS, _PARCELS, _RECEIPTS, _SUBSTITUTES = range(201, 210)


@dataclass(frozen=True, slots=True, eq=False)
class Enriched:
    """A world with all its tables, and the truth behind them that only an evaluation may look at."""

    world: World
    true_stock: pl.DataFrame
    """sku, node, lot, on_hand as in the stock table, and units: what is really there."""
    faults: pl.DataFrame
    """Where and since when the two differ: fault, kind, sku, node, began_on, units (truth less record), noticed."""
    turned_away: pl.DataFrame
    """date, sku, node, units that customers wanted where the books had stock and the shelf had none."""
    true_transit: pl.DataFrame
    """service, zone, days, probability that hold by now; the transit table says what held until lately."""
    suppliers: pl.DataFrame
    """supplier, mode, promised_days; median_days and spread of the log-normal days that it takes."""


def enrich(
    world: World,
    *,
    faults: float = 0.0,
    substitution: float = 0.0,
    order_days: int = ORDER_DAYS,
    parcels: int = PARCELS,
) -> Enriched:
    """The world with all tables that its process can fill, valid by the data dictionary; the same arguments give the same bytes.

    Added are promotions, sale_prices, order_history, sources, observations, counts, short_picks, deliveries, receipts,
    the columns introduced_on, discontinued_on and replaces of items; events and signals if the traits of demand have
    paydays and spending, substitutes if `substitution` is above zero.

    Parameters
    ----------
    faults
        Share of stock rows whose record is wrong, 0 to 0.5. Above zero, demand of items at nodes where nothing is left
        of what the books have becomes zero from the day the fault began, as a shop sees it.
    substitution
        Share of an item's customers who take its substitute while it is out, 0 to 1. Above zero, demand of the
        substitutes grows on those days of the history; the future is drawn without.
    order_days
        Days of order lines.
    parcels
        About how many parcels of the last 90 days.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    if not 0.0 <= faults <= 0.5 or not 0.0 <= substitution <= 1.0:
        raise ValueError(f"faults lie between 0 and 0.5, substitution between 0 and 1; not {faults} and {substitution}")
    if order_days < 0 or parcels < 0:
        raise ValueError(f"days of orders and parcels are counts, not {order_days} and {parcels}")
    frames = dict(world.frames)
    items, stock, demand = frames["items"], frames["stock"], frames["demand"]
    if substitution:
        frames["substitutes"] = assortment.substitutes_frame(items, demand, substitution)
        demand = assortment.with_substitution(demand, frames["substitutes"], _rng(world, _SUBSTITUTES))
    wrong = _faults(world, faults)
    lost = demand.select("date", "sku", "node", "units").head(0)
    if faults:
        demand, lost = turned_away(demand, wrong.empty(stock))
    frames["demand"] = demand
    frames["items"] = assortment.dated_items(world.process, items, demand, world.as_of)
    frames |= _outside(world) | _inside(world, demand, lost, wrong.frame)
    frames["order_history"] = order_lines.order_history_frame(world, demand, lost, order_days, _rng(world, _ORDERS))
    frames["deliveries"] = deliveries.deliveries_frame(
        world.sites, frames["transit"], world.opens_at, parcels, _rng(world, _PARCELS)
    )
    complete(frames)
    return Enriched(
        replace(world, frames=frames),
        wrong.true_stock(stock),
        wrong.frame,
        lost,
        deliveries.true_transit(frames["transit"]),
        purchases.suppliers_frame(),
    )


def _rng(world: World, stream: int) -> np.random.Generator:
    return np.random.default_rng([world.seed, stream])


def _outside(world: World) -> dict[str, pl.DataFrame]:
    """Tables of what moved demand from outside; none for what did not."""
    process, items = world.process, world.frames["items"]
    promotions = drivers.promotions_frame(process, items, world.habits, world.as_of, _rng(world, _PROMOTIONS))
    found = {
        "promotions": promotions,
        "sale_prices": drivers.sale_prices_frame(process, items, promotions, world.habits),
        "events": drivers.events_frame(process),
        "signals": drivers.signals_frame(process, world.as_of),
    }
    return {name: frame for name, frame in found.items() if frame is not None}


def _faults(world: World, share: float) -> RecordFaults:
    if not share:
        return no_faults()
    return make_faults(
        world.frames["stock"],
        world.sites,
        _daily(world),
        world.as_of,
        share=share,
        longest_days=world.process.past_days,
        rng=_rng(world, _FAULTS),
    )


def _inside(world: World, demand: pl.DataFrame, lost: pl.DataFrame, faults: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Tables of what came in, what systems said and what people found."""
    stock, daily = world.frames["stock"], _daily(world)
    sold = past_books.units_since(demand, stock, world.as_of)
    receipts = purchases.receipts_frame(
        stock, world.frames["items"], daily, sold, faults, world.as_of, _rng(world, _RECEIPTS)
    )
    came = receipts.drop_nulls("received_on").select("sku", "node", date="received_on", units="units_received")
    books = past_books.PastBooks(stock, world.opens_at, sold, past_books.units_since(came, stock, world.as_of))
    return {
        "receipts": receipts,
        "sources": statements.sources_frame(world.sites),
        "observations": statements.observations_frame(books, world.sites, faults, _rng(world, _OBSERVATIONS)),
        "counts": shelf.counts_frame(books, world.sites, daily, faults, _rng(world, _COUNTS)),
        "short_picks": shelf.short_picks_frame(lost, demand, world.sites, world.opens_at, _rng(world, _PICKS)),
    }


def _daily(world: World) -> npt.NDArray[np.float64]:
    """Units expected a day in each row of stock, over the next four weeks."""
    stock = world.frames["stock"]
    at = {sku: k for k, sku in enumerate(world.frames["items"]["sku"])}
    place = {site.node: k for k, site in enumerate(world.sites)}
    item = stock["sku"].replace_strict(at, return_dtype=pl.Int64).to_numpy()
    node = stock["node"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    return np.asarray(world.process.expected(28).mean(axis=2)[item, node], dtype=np.float64)
