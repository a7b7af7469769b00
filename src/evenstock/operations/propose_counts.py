"""Proposes what to count today, node by node, by what knowing it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.inventory import CountCosts, count_list
from evenstock.operations.believe_stock import beliefs_of_today
from evenstock.operations.company import Company
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.spill import regions_from, shortage
from evenstock.operations.tonight.stock import stock_matrix


@dataclass(frozen=True)
class ProposedCounts:
    """A list to walk with, and what it stands on."""

    lines: pl.DataFrame
    """Columns of `inventory.count_list`."""
    worth_counting: int
    """SKU-nodes whose count is worth its cost, whether or not today's budget reaches them."""
    notes: tuple[str, ...]


def propose_counts(
    store: Store,
    snapshots: Snapshots,
    company: Company,
    *,
    now: datetime,
    per_node: int | None = None,
    costs: CountCosts | None = None,
) -> ProposedCounts:
    """What to count first, at most `per_node` SKUs at each node; a missing unit is priced as rebalancing prices it.

    A unit that is wanted and not there costs the smaller of lost margin with goodwill and the dearer way from the next
    lawful node with stock; without rate cards, lost margin with goodwill.
    """
    beliefs = beliefs_of_today(store, snapshots, company, now)
    network = company.network
    told = costs or CountCosts(capital_bp_per_year=network.costs.capital_bp_per_year)
    known = beliefs.frame.filter(pl.col("sku").is_in(sorted(network.items)))
    items = [network.items[sku] for sku in known["sku"]]
    with store.reading() as books:
        balances = books.balance_frame()
    missing = _missing_cents(company, known, balances, now.date())
    unit_cost = np.array([float(item.unit_cost_cents) for item in items])
    everything = count_list(known, missing, unit_cost, told)
    today = everything if per_node is None else count_list(known, missing, unit_cost, told, per_node=per_node)
    return ProposedCounts(today, everything.height, beliefs.notes)


def _missing_cents(company: Company, known: pl.DataFrame, balances: pl.DataFrame, on: date) -> NDArray[np.float64]:
    """Cents for each unit wanted and not there, by row of `known`."""
    network = company.network
    items = [network.items[sku] for sku in sorted(network.items)]
    nodes = [network.nodes[node] for node in sorted(network.nodes)]
    skus = {str(item.sku): row for row, item in enumerate(items)}
    at_node = {str(node.id): row for row, node in enumerate(nodes)}
    lost = np.array([network.costs.lost_unit_cents(item) for item in items], np.float64)
    by_place = np.repeat(lost[:, None], len(nodes), axis=1)
    if network.rates is not None:
        regions = regions_from(network.rates, nodes, company.table("orders"), company.tables.get("places"))
        stock = stock_matrix(balances, skus, at_node)
        priced = shortage(network.rates, nodes, items, stock, regions, network.costs, on)
        by_place = priced.shortage_cents.astype(np.float64)
    return np.array(
        [
            by_place[skus[sku], at_node[node]] if node in at_node else lost[skus[sku]]
            for sku, node in known.select("sku", "node").iter_rows()
        ],
        np.float64,
    )
