"""Puts tonight's question to rebalancing: books, forecast, freight and rules as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.domain import Item, Lane, TransferOrder, TransferState
from evenstock.forecasting import Forecast
from evenstock.freight.lanes import pallet_shares
from evenstock.operations.baskets import basket_factor
from evenstock.operations.network import Network
from evenstock.operations.spill import Shortage, regions_from, shortage
from evenstock.rebalancing.problem import Lanes, Problem

_LONGEST_WAIT_DAYS = 7
_SERIES_AT_ONCE = 2000
_UNDER_WAY = frozenset({TransferState.RELEASED, TransferState.DISPATCHED, TransferState.RECEIVED})


@dataclass(frozen=True)
class Tonight:
    """The question, and what was left out of it or used although doubtful."""

    problem: Problem
    shortage: Shortage
    ship_on: tuple[date, ...]
    """The day each lane leaves next."""
    notes: tuple[str, ...]


def next_departure(lane: Lane, on: date) -> date:
    """The first day from `on` on which the lane leaves."""
    days = (on + timedelta(days=wait) for wait in range(_LONGEST_WAIT_DAYS))
    return next(day for day in days if day.weekday() in lane.dispatch_days)


def _lanes(lanes: Sequence[Lane], index: dict[str, int], on: date) -> tuple[Lanes, tuple[date, ...]]:
    departures = tuple(next_departure(lane, on) for lane in lanes)

    def column(values: Sequence[int]) -> NDArray[np.int64]:
        return np.array(values, np.int64)

    arrays = Lanes(
        origin=column([index[lane.origin] for lane in lanes]),
        destination=column([index[lane.destination] for lane in lanes]),
        fixed_cents=column([lane.fixed_cents for lane in lanes]),
        pallet_cents=column([lane.pallet_cents for lane in lanes]),
        unit_cents=column([lane.unit_cents for lane in lanes]),
        lead_days=column([(day - on).days + lane.lead_days for day, lane in zip(departures, lanes, strict=True)]),
        leaves=np.ones(len(lanes), np.bool_),
    )
    return arrays, departures


def stock_matrix(balances: pl.DataFrame, skus: dict[str, int], nodes: dict[str, int]) -> NDArray[np.int64]:
    """Units available to promise (available less buffer, not below zero) by item and node, lots added up."""
    found = np.zeros((len(skus), len(nodes)), np.int64)
    atp = balances.with_columns((pl.col("available") - pl.col("buffer")).clip(lower_bound=0).alias("atp"))
    for sku, node, units in atp.group_by("sku", "node").agg(pl.sum("atp")).iter_rows():
        if sku in skus and node in nodes:
            found[skus[sku], nodes[node]] = units
    return found


def inbound_matrix(
    transfers: Sequence[TransferOrder],
    lanes: Sequence[Lane],
    skus: dict[str, int],
    nodes: dict[str, int],
    on: date,
    days: int,
) -> NDArray[np.int64]:
    """Units under way by item, node and day of arrival; what is overdue is expected today.

    A transfer leaves on its lane's first day from `ship_by` on, and is sellable the lane's lead time later.
    """
    by_ends = {(lane.origin, lane.destination): lane for lane in reversed(lanes)}
    coming = np.zeros((len(skus), len(nodes), days), np.int64)
    for transfer in transfers:
        if transfer.state not in _UNDER_WAY or transfer.destination not in nodes:
            continue
        lane = by_ends.get((transfer.origin, transfer.destination))
        leaves = transfer.ship_by if lane is None else next_departure(lane, transfer.ship_by)
        day = max(0, (leaves - on).days + (0 if lane is None else lane.lead_days))
        if day >= days:
            continue
        for line in transfer.lines:
            units = line.units if transfer.state is TransferState.RELEASED else line.outstanding
            if line.sku in skus:
                coming[skus[line.sku], nodes[transfer.destination], day] += units
    return coming


def promised_away(transfers: Sequence[TransferOrder], skus: dict[str, int], nodes: dict[str, int]) -> NDArray[np.int64]:
    """Units that released transfers will take from their origin, by item and node: still there, but spoken for."""
    leaving = np.zeros((len(skus), len(nodes)), np.int64)
    for transfer in transfers:
        if transfer.state is TransferState.RELEASED and transfer.origin in nodes:
            for line in transfer.lines:
                if line.sku in skus:
                    leaving[skus[line.sku], nodes[transfer.origin]] += line.units
    return leaving


def demand_paths(
    forecast: Forecast, skus: dict[str, int], nodes: dict[str, int], n_paths: int, seed: int
) -> tuple[NDArray[np.uint16], NDArray[np.float64], tuple[str, ...]]:
    """Sample paths by item and node, shape ``(item, node, path, day)``, and the mean units a day; no forecast means none sells.

    Path s is one possible world: nodes of an item share part of how far the forecast is off in it, so stock at one is worth
    less to another than if they were strangers.
    """
    horizon = forecast.mu.shape[1]
    paths = np.zeros((len(skus), len(nodes), n_paths, horizon), np.uint16)
    mean = np.zeros((len(skus), len(nodes)))
    keys = forecast.keys.select("sku", "node")
    rows, at_sku, at_node, unknown = [], [], [], 0
    for row, (sku, node) in enumerate(keys.iter_rows()):
        if sku in skus and node in nodes:
            rows.append(row)
            at_sku.append(skus[sku])
            at_node.append(nodes[node])
        else:
            unknown += 1
    picked = np.array(rows, np.int64)
    # In parts: as drawn, a unit takes twice the memory that it is kept in. Nodes of an item co-move whatever the parts.
    for begin in range(0, picked.size, _SERIES_AT_ONCE):
        part = slice(begin, begin + _SERIES_AT_ONCE)
        drawn = forecast.paths(n_paths, seed, rows=picked[part])
        paths[at_sku[part], at_node[part]] = np.minimum(drawn, np.iinfo(np.uint16).max)
    mean[at_sku, at_node] = forecast.mu[picked].mean(axis=1)
    notes = (
        (f"{unknown} forecast series are of items or nodes not in the network and were left out",) if unknown else ()
    )
    return paths, mean, notes


def _pallet_units(items: Sequence[Item]) -> NDArray[np.int64]:
    """Units on a full pallet; where the item does not say, by weight and volume, at least one."""
    said, weight, volume = (
        np.array([getattr(item, name) for item in items], np.int64)
        for name in ("pallet_units", "weight_g", "volume_mm3")
    )
    share = pallet_shares(said, weight, volume)
    fits = np.floor(np.divide(1.0, share, out=np.zeros(len(items)), where=share > 0) + 1e-9)
    return np.where(said > 0, said, np.maximum(fits, share > 0)).astype(np.int64)


def tonight(
    network: Network,
    *,
    balances: pl.DataFrame,
    transfers: Sequence[TransferOrder],
    forecast: Forecast,
    on: date,
    n_paths: int,
    seed: int,
    orders: pl.DataFrame | None = None,
    places: pl.DataFrame | None = None,
) -> Tonight:
    """Tonight's question; items and nodes stand in the order of their names.

    Parameters
    ----------
    on : the day the first trucks can leave; the forecast starts with it.
    orders, places : where customers are, to price an empty node; see `spill`.

    Raises
    ------
    ValueError
        If the network has no rate cards: without them nobody knows what an empty node costs.
    """
    shipping = network.shipping("")
    book = shipping.book
    nodes = [network.nodes[name] for name in sorted(network.nodes)]
    items = [network.items[name] for name in sorted(network.items)]
    lanes, costs = network.lanes, network.costs
    at_sku = {item.sku: k for k, item in enumerate(items)}
    at_node = {node.id: w for w, node in enumerate(nodes)}
    skus = {str(sku): k for sku, k in at_sku.items()}
    places_of = {str(node): w for node, w in at_node.items()}
    on_hand = np.maximum(0, stock_matrix(balances, skus, places_of) - promised_away(transfers, skus, places_of))
    paths, mean, notes = demand_paths(forecast, skus, places_of, n_paths, seed)
    days = min(costs.horizon_days, paths.shape[3])
    bounds = network.policy.transfer_bounds(
        [(lane.origin, lane.destination) for lane in lanes], [n.id for n in nodes], [i.sku for i in items], on
    )
    arrays, departures = _lanes(lanes, places_of, on)
    regions = regions_from(book, nodes, orders, places)
    short = shortage(book, nodes, items, on_hand, regions, costs, on)
    if orders is not None and len(orders):
        stock = {(items[k].sku, nodes[w].id): int(on_hand[k, w]) for k, w in zip(*np.nonzero(on_hand), strict=True)}
        factor = basket_factor(network, shipping, orders, stock, short.spill_cents, (at_sku, at_node))
        notes += (f"a unit that is missing at home costs {factor:.2f} times what it would as a parcel of its own",)
        short = short.times(factor)
    unit_cost = np.array([item.unit_cost_cents for item in items], np.int64)
    problem = Problem(
        skus=[item.sku for item in items],
        nodes=[node.id for node in nodes],
        on_hand=on_hand,
        paths=np.ascontiguousarray(paths[:, :, :, :days]),
        shortage_cents=short.shortage_cents,
        unit_cost_cents=unit_cost,
        lanes=arrays,
        holding_millicents=unit_cost * costs.holding_bp_per_year // (10 * 365),
        capital_rate=costs.capital_bp_per_year / 10_000,
        handling_out_cents=np.array([node.pick_unit_cents for node in nodes], np.int64),
        handling_in_cents=np.array([node.receive_unit_cents for node in nodes], np.int64),
        case_units=np.array([item.case_units for item in items], np.int64),
        pallet_units=_pallet_units(items),
        source_floor=np.ceil(bounds.floor_days.T * mean).astype(np.int64),
        barred=np.ascontiguousarray(bounds.closed.T),
        inbound=inbound_matrix(transfers, lanes, skus, places_of, on, days),
    )
    closed = tuple(f"rule {rule} closes {count} item-lanes" for rule, count in bounds.closed_by)
    return Tonight(problem, short, departures, notes + closed)
