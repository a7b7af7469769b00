"""Reads what decisions know beyond network and stock: beliefs about shelves, the last repricing's scenarios,
lost and damaged parcels, the gate.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from evenstock.domain import NodeId, Sku, digest
from evenstock.operations.carrier_overrides.in_force import harm_with, overrides_in_force
from evenstock.operations.gate import gate_in_force
from evenstock.operations.know_damage import damage_in_force
from evenstock.operations.ports import Snapshots, Transaction
from evenstock.routing.confidence import Scenarios
from evenstock.routing.knowledge import Knowledge
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.overridden import Overridden
from evenstock.routing.term import MILLION

BELIEFS: Final = "beliefs"
"""Pointer of the beliefs about every shelf last drawn up."""
SCENARIOS: Final = "price scenarios"
"""Pointer of the possible price lists, one snapshot a repricing."""
FRESH: Final = timedelta(hours=50)
"""Older beliefs and scenarios are not used: what they say of shelves and demand is no longer so."""


def knowledge_in_force(books: Transaction, snapshots: Snapshots, network: ShippingNetwork, now: datetime) -> Knowledge:
    """What is known now. What is missing or too old is left out, and decisions do without."""
    beliefs, prices = books.pointer(BELIEFS), books.pointer(SCENARIOS)
    gate = gate_in_force(books, snapshots)
    phantom = _phantom(snapshots, beliefs, now) if beliefs else {}
    today = now.astimezone(UTC).date()
    damage, damage_kept = damage_in_force(books, snapshots, today)
    slowed = overrides_in_force(books, snapshots, today)
    damage = harm_with(damage, slowed, {str(node.id): node.postal_code for node in network.nodes})
    scenarios = _scenarios(snapshots, prices, network, now) if prices else None
    sources = [
        beliefs if phantom else "",
        scenarios.digest if scenarios else "",
        gate.digest if gate else "",
        # Only where it is known, so that what was decided without keeps its name.
        *([damage_kept] if damage_kept else []),
        *([slowed.digest] if slowed else []),
    ]
    threshold = None if gate is None else gate.limit_millicents
    overridden = {service: tuple(map(Overridden, said)) for service, said in slowed.said.items()} if slowed else {}
    return Knowledge(phantom, scenarios, threshold, digest(sources) if any(sources) else "", damage, overridden)


def _phantom(snapshots: Snapshots, name: str, now: datetime) -> dict[tuple[Sku, NodeId], int]:
    kept = snapshots.read(name)
    on = kept["about"].row(0, named=True)["on"]
    if not timedelta(0) <= now.astimezone(UTC).date() - on <= FRESH:
        return {}
    doubted = kept["beliefs"].filter(pl.col("p_phantom") > 0).select("sku", "node", "p_phantom")
    return {
        (Sku(sku), NodeId(node)): millionths
        for sku, node, p in doubted.iter_rows()
        if (millionths := round(p * MILLION))
    }


def _scenarios(snapshots: Snapshots, name: str, network: ShippingNetwork, now: datetime) -> Scenarios | None:
    kept = snapshots.read(name)
    made = kept["about"].row(0, named=True)["made_at"]
    node = {one.id: k for k, one in enumerate(network.nodes)}
    known = kept["scenarios"].filter(pl.col("node").is_in(sorted(node)))
    if not timedelta(0) <= now - made <= FRESH or known.is_empty():
        return None
    column = {Sku(sku): i for i, sku in enumerate(sorted(set(known["sku"].to_list())))}
    count = int(known["scenario"].to_numpy().max()) + 1
    cents = np.zeros((count, len(node), len(column)), np.int64)
    for sku, where, scenario, value in known.select("sku", "node", "scenario", "cents").iter_rows():
        cents[scenario, node[NodeId(where)], column[Sku(sku)]] = value
    return Scenarios(cents, column, name)
