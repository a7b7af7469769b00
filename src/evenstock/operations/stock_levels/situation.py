"""Where a company's stock stands on a morning, and how each item-node is refilled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.domain import Item, Node, NodeId, Sku
from evenstock.forecasting import DemandHistory, Forecast
from evenstock.operations.company import Company
from evenstock.operations.demand_inputs import demand_history
from evenstock.operations.learn_lead_times import current_lead_times
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.stock_levels.ways import Key, Way, ways
from evenstock.operations.tonight.stock import inbound_matrix, promised_away, purchases_matrix, stock_matrix
from evenstock.tables import Receipts, with_defaults

Ints = npt.NDArray[np.int64]

DAYS: Final = 180
"""How far ahead arrivals are counted on."""
REACH: Final = 280
"""How far ahead means are wanted: for the longest start, wait, lead time and review together."""


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """What levels and orders are reckoned from."""

    company: Company
    forecast: Forecast
    history: DemandHistory | None
    items: tuple[Item, ...]
    nodes: tuple[Node, ...]
    here: Ints
    """Units free to promise, less what released transfers will take away, ``(item, node)``."""
    coming: Ints
    """Units under way by day of arrival, ``(item, node, DAYS)``."""
    keys: tuple[Key, ...]
    """Every item-node with stock, goods under way, a forecast or a supply, sorted."""
    ways: Mapping[Key, Way]
    as_of: date
    notes: tuple[str, ...]

    def at(self, keys: Sequence[Key]) -> tuple[Ints, Ints]:
        """Places of items and of nodes in the matrices."""
        skus, names = _numbered(self.items, self.nodes)
        return np.array([skus[k[0]] for k in keys], np.int64), np.array([names[k[1]] for k in keys], np.int64)


def situation(store: Store, snapshots: Snapshots, company: Company, forecast: Forecast, as_of: date) -> Situation:
    """Read it from the books, the tables last imported and the lead times last learned."""
    network = company.network
    items = tuple(network.items[sku] for sku in sorted(network.items))
    nodes = tuple(network.nodes[name] for name in sorted(network.nodes))
    skus, names = _numbered(items, nodes)
    learned = current_lead_times(store, snapshots)
    lead_times = None if learned is None else learned.lead_times
    with store.reading() as books:
        balances, transfers = books.balance_frame(), books.transfers()
    purchases = company.table("receipts")
    receipts = None if purchases is None else with_defaults(Receipts, purchases)
    bought, notes = purchases_matrix(receipts, _median_days(lead_times), (skus, names), as_of, DAYS)
    here = np.maximum(stock_matrix(balances, skus, names) - promised_away(transfers, skus, names), 0)
    coming = inbound_matrix(transfers, network.lanes, skus, names, as_of, DAYS) + bought
    keys = {(items[k].sku, nodes[w].id) for k, w in np.argwhere((here > 0) | coming.any(axis=2)).tolist()}
    keys |= {(s.sku, s.node) for s in network.supplies}
    told = forecast.keys.select("sku", "node").iter_rows()
    keys |= {(Sku(sku), NodeId(node)) for sku, node in told if sku in skus and node in names}
    if learned is None:
        notes = (*notes, "no lead times are learned: run `evenstock learn lead-times` once receipts are imported")
    ordered = sorted(keys)
    return Situation(
        company=company,
        forecast=forecast,
        history=None if company.table("demand") is None else demand_history(company, as_of),
        items=items,
        nodes=nodes,
        here=here,
        coming=coming,
        keys=tuple(ordered),
        ways=ways(network, ordered, lead_times=lead_times, receipts=receipts, transfers=transfers, as_of=as_of),
        as_of=as_of,
        notes=notes,
    )


def _numbered(items: Sequence[Item], nodes: Sequence[Node]) -> tuple[dict[str, int], dict[str, int]]:
    return {str(i.sku): k for k, i in enumerate(items)}, {str(n.id): w for w, n in enumerate(nodes)}


def _median_days(lead_times: pl.DataFrame | None) -> dict[tuple[str, str], int]:
    """Median days from order to receipt by supplier and item; of several nodes the one with most lines."""
    if lead_times is None:
        return {}
    rows = lead_times.sort("supplier", "sku", "received").select("supplier", "sku", "q50").iter_rows()
    return {(supplier, sku): round(days) for supplier, sku, days in rows}
