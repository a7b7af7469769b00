"""Puts tonight's question to rebalancing: books, forecast, freight, rules and wishes as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.domain import Costs, Item, Node, NodeKind, TransferOrder
from evenstock.forecasting import Forecast
from evenstock.freight.lanes import pallet_shares
from evenstock.operations.baskets import basket_factor
from evenstock.operations.network import Network
from evenstock.operations.spill import Shortage, regions_from, shortage
from evenstock.operations.tonight.calendar import Calendar, calendar
from evenstock.operations.tonight.closed import closed
from evenstock.operations.tonight.demand import demand_paths
from evenstock.operations.tonight.limits import limits
from evenstock.operations.tonight.stock import (
    available_matrix,
    inbound_matrix,
    promised_away,
    purchases_matrix,
    returns_matrix,
    stock_matrix,
)
from evenstock.operations.tonight.substitutes import substitute_cents
from evenstock.operations.tonight.targets import Targets, targets
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.evaluate import Rerouting

_NAMED: Final = 5
"""Items named in a note; the rest are counted."""


@dataclass(frozen=True)
class Happenings:
    """Tables of what happens that the question looks at; None where a company does not bring one."""

    orders: pl.DataFrame | None = None
    places: pl.DataFrame | None = None
    receipts: pl.DataFrame | None = None
    returns: pl.DataFrame | None = None
    demand: pl.DataFrame | None = None
    substitutes: pl.DataFrame | None = None
    lots: pl.DataFrame | None = None
    lead_times: pl.DataFrame | None = None
    """Learned, as `freight.lead_times.LeadTimeModel.frame` says them."""


@dataclass(frozen=True)
class Tonight:
    """The question, and what was left out of it or used although doubtful."""

    problem: Problem
    shortage: Shortage
    calendar: Calendar
    targets: Targets
    items: tuple[Item, ...]
    nodes: tuple[Node, ...]
    on: date
    reasons: tuple[str, ...]
    """Why item-lanes are closed."""
    because: NDArray[np.int64]
    """Number of the reason, ``(K, A)``; -1 where it is open."""
    notes: tuple[str, ...]
    available: NDArray[np.int64]
    """Units available by the record, buffers included, ``(K, W)``."""
    balances: pl.DataFrame
    transfers: tuple[TransferOrder, ...]
    happened: Happenings
    routes: Rerouting
    """How orders are served while their own node is empty: plans are played with it."""
    excluded: tuple[tuple[str, str], ...] = ()
    """Items (or nodes) that stay as they are tonight, and why."""

    @property
    def ship_on(self) -> tuple[date, ...]:
        """The day each lane leaves next."""
        return self.calendar.leaves_on


def _pallet_units(items: Sequence[Item]) -> NDArray[np.int64]:
    """Units on a full pallet; where the item does not say, by weight and volume, at least one."""
    said, weight, volume = (
        np.array([getattr(item, name) for item in items], np.int64)
        for name in ("pallet_units", "weight_g", "volume_mm3")
    )
    share = pallet_shares(said, weight, volume)
    fits = np.floor(np.divide(1.0, share, out=np.zeros(len(items)), where=share > 0) + 1e-9)
    return np.where(said > 0, said, np.maximum(fits, share > 0)).astype(np.int64)


def holding_millicents(items: Sequence[Item], nodes: Sequence[Node], bp_per_year: int) -> NDArray[np.int64]:
    """Storing one unit one day, ``(item, node)``: a share of its cost (space, insurance, capital), and the node's own fee by volume."""
    share = np.array([item.unit_cost_cents for item in items], np.int64) * bp_per_year // (10 * 365)
    volume = np.array([item.volume_mm3 for item in items], np.float64) / 1e9
    fee = np.array([node.storage_cents_m3_month for node in nodes], np.float64)
    return share[:, None] + np.rint(np.outer(volume, fee) * 1000 * 12 / 365).astype(np.int64)


def tonight(
    network: Network,
    *,
    balances: pl.DataFrame,
    transfers: Sequence[TransferOrder],
    forecast: Forecast,
    on: date,
    n_paths: int,
    seed: int,
    happened: Happenings | None = None,
    excluded_nodes: Mapping[str, str] | None = None,
) -> Tonight:
    """Tonight's question; items and nodes stand in the order of their names.

    An item without a forecast anywhere stays where it is, and so does everything at a node in `excluded_nodes`.

    Parameters
    ----------
    on : the day the first trucks can leave; the forecast starts with it.
    excluded_nodes : nodes whose stock record is not believed tonight, with the reason.

    Raises
    ------
    ValueError
        If the network has no rate cards: without them nobody knows what an empty node costs.
    """
    happened = happened or Happenings()
    nodes = [network.nodes[name] for name in sorted(network.nodes)]
    items = [network.items[name] for name in sorted(network.items)]
    lanes, costs = network.lanes, network.costs
    skus = {str(item.sku): k for k, item in enumerate(items)}
    places = {str(node.id): w for w, node in enumerate(nodes)}
    on_hand = np.maximum(0, stock_matrix(balances, skus, places) - promised_away(transfers, skus, places))
    paths, mean, notes = demand_paths(forecast, skus, places, n_paths, seed)
    days = min(costs.horizon_days, paths.shape[3])
    dated = calendar(lanes, places, on, days, costs.nights_between_plans)
    short, said = _shortage(network, (items, nodes), on_hand, happened, on)
    moving = inbound_matrix(transfers, lanes, skus, places, on, days)
    bought, lost_sight = purchases_matrix(happened.receipts, _lead_days(happened), (skus, places), on, days)
    coming = moving + bought + returns_matrix(happened.returns, happened.demand, (skus, places), on, days)
    out = _excluded(forecast, items, on_hand, excluded_nodes or {})
    shut = closed(network, items, nodes, on, out)
    wishes = targets(network.targets, items, nodes)
    arrays: dict[str, Any] = {
        "skus": [item.sku for item in items],
        "nodes": [node.id for node in nodes],
        "on_hand": on_hand,
        "paths": np.ascontiguousarray(paths[:, :, :, :days]),
        "shortage_cents": short.shortage_cents,
        "lanes": dated.lanes,
        "source_floor": np.ceil(shut.floor_days * mean).astype(np.int64),
        "barred": shut.barred,
        "inbound": coming,
        "bands": wishes.bands(mean),
    }
    problem = _problem(items, nodes, costs, arrays, moving, mean)
    later = sum(not leaves for leaves in dated.lanes.leaves)
    decided_later = (f"{later} of {len(lanes)} lanes leave only after the next plan and are decided by that",)
    return Tonight(
        problem=problem,
        shortage=short,
        calendar=dated,
        targets=wishes,
        items=tuple(items),
        nodes=tuple(nodes),
        on=on,
        reasons=shut.reasons,
        because=shut.because,
        notes=notes + said + lost_sight + shut.notes + (decided_later if later else ()) + _said(out),
        balances=balances,
        transfers=tuple(transfers),
        happened=happened,
        routes=_routes(network, nodes, short),
        available=available_matrix(balances, skus, places),
        excluded=out,
    )


def _problem(
    items: Sequence[Item],
    nodes: Sequence[Node],
    costs: Costs,
    arrays: Mapping[str, Any],
    moving: NDArray[np.int64],
    daily: NDArray[np.float64],
) -> Problem:
    """The arrays with what items, nodes and the company's numbers say; `moving` are the transfers among what is inbound."""
    pallet_units = _pallet_units(items)
    return Problem(
        **arrays,
        unit_cost_cents=np.array([item.unit_cost_cents for item in items], np.int64),
        holding_millicents=holding_millicents(items, nodes, costs.holding_bp_per_year + costs.capital_bp_per_year),
        capital_rate=costs.capital_bp_per_year / 10_000,
        handling_out_cents=np.array([node.pick_unit_cents for node in nodes], np.int64),
        handling_in_cents=np.array([node.receive_unit_cents for node in nodes], np.int64),
        case_units=np.array([item.case_units for item in items], np.int64),
        pallet_units=pallet_units,
        limits=limits(
            nodes,
            costs,
            on_hand=arrays["on_hand"],
            inbound=arrays["inbound"],
            transfers_in=moving,
            daily=daily,
            pallet_units=pallet_units,
        ),
    )


def _shortage(
    network: Network, ends: tuple[list[Item], list[Node]], on_hand: NDArray[np.int64], happened: Happenings, on: date
) -> tuple[Shortage, tuple[str, ...]]:
    """What a missing unit costs: the smallest of a lost sale, of serving from elsewhere, and of what is taken instead."""
    items, nodes = ends
    shipping = network.shipping("")
    regions = regions_from(shipping.book, nodes, happened.orders, happened.places)
    short = shortage(shipping.book, nodes, items, on_hand, regions, network.costs, on)
    notes: tuple[str, ...] = ()
    if happened.orders is not None and len(happened.orders):
        stock = {(items[k].sku, nodes[w].id): int(on_hand[k, w]) for k, w in zip(*np.nonzero(on_hand), strict=True)}
        at = {item.sku: k for k, item in enumerate(items)}, {node.id: w for w, node in enumerate(nodes)}
        factor = basket_factor(network, shipping, happened.orders, stock, short.spill_cents, at)
        notes = (f"a unit that is missing at home costs {factor:.2f} times what it would as a parcel of its own",)
        short = short.times(factor)
    instead = substitute_cents(happened.substitutes, items, short.lost_cents, on_hand)
    return short.or_instead(instead), notes


def _routes(network: Network, nodes: Sequence[Node], short: Shortage) -> Rerouting:
    """Nodes that serve instead, the nearest zone first; Amazon's own pool serves nobody else, and nobody serves for it."""
    book = network.shipping("").book
    order = []
    for here in nodes:
        others = [
            (zone if (zone := book.zone(other.postal_code, here.postal_code)) is not None else 10**6, w)
            for w, other in enumerate(nodes)
            if NodeKind.FBA not in {here.kind, other.kind} and other.id != here.id and other.active
        ]
        places = [w for _, w in sorted(others)]
        order.append(places + [-1] * (len(nodes) - 1 - len(places)))
    spill = np.minimum(short.spill_cents, short.lost_cents)
    return Rerouting(short.lost_cents, spill, np.array(order, np.int64).reshape(len(nodes), -1))


def _lead_days(happened: Happenings) -> dict[tuple[str, str], int]:
    """Median days from order to receipt by supplier and item, as learned."""
    if happened.lead_times is None:
        return {}
    rows = happened.lead_times.sort("supplier", "sku", "received").select("supplier", "sku", "q50").iter_rows()
    return {(supplier, sku): round(days) for supplier, sku, days in rows}


def _excluded(
    forecast: Forecast, items: Sequence[Item], on_hand: NDArray[np.int64], nodes: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """Items with stock that nobody forecast, and nodes that are not believed."""
    known = set(forecast.keys["sku"].to_list())
    stocked = on_hand.sum(axis=1) > 0
    missing = [str(item.sku) for k, item in enumerate(items) if stocked[k] and item.sku not in known]
    return tuple((sku, "no forecast") for sku in missing) + tuple(sorted(nodes.items()))


def _said(excluded: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """One note a reason."""
    reasons: dict[str, list[str]] = {}
    for name, because in excluded:
        reasons.setdefault(because, []).append(name)
    return tuple(
        f"{', '.join(names[:_NAMED])}{f' and {len(names) - _NAMED} more' if len(names) > _NAMED else ''} "
        f"left out of the plan: {because}"
        for because, names in reasons.items()
    )
