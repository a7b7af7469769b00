"""Reads what decisions know beyond network and stock: beliefs about shelves, the last repricing's scenarios,
lost and damaged parcels, the gate.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from typing import Final

import numpy as np
import polars as pl

from evenstock.domain import NodeId, Sku, digest
from evenstock.inventory.buffer import LEVEL, error_quantile
from evenstock.operations.carrier_overrides.in_force import harm_with, overrides_in_force
from evenstock.operations.gate import gate_in_force
from evenstock.operations.know_damage import damage_in_force
from evenstock.operations.ports import Snapshots, Transaction
from evenstock.routing.confidence import Scenarios
from evenstock.routing.knowledge import ExpectedSales, Knowledge
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.overridden import Overridden
from evenstock.routing.term import MILLION

BELIEFS: Final = "beliefs"
"""Pointer of the beliefs about every shelf last drawn up."""
SCENARIOS: Final = "price scenarios"
"""Pointer of the possible price lists, one snapshot a repricing."""
FRESH: Final = timedelta(hours=50)
"""Older scenarios, and older doubt about shelves, are not used: what they say is no longer so."""
_NEVER_EXCEEDED: Final = np.iinfo(np.int64).max


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


def expected_sales(books: Transaction, snapshots: Snapshots, nodes: Collection[NodeId]) -> ExpectedSales | None:
    """What is expected to be sold at these nodes, from the beliefs last kept, however old they are: silence outlasts them.

    None where there are none, or where they know of no sales at all. Beliefs kept by earlier versions know only their day,
    and nothing of what orders held: they count from the beginning of that day, and no order counts as known since.
    """
    name = books.pointer(BELIEFS)
    if name is None or not nodes:
        return None
    kept = snapshots.read(name)
    if not kept["beliefs"]["velocity"].max():
        return None
    about = kept["about"].row(0, named=True)
    said = kept["beliefs"].filter(pl.col("node").is_in(sorted(nodes)), pl.col("velocity", "dispersion").is_finite())
    level = about.get("level", LEVEL)
    if "spoken_for" in kept:
        held = said.join(kept["spoken_for"], on=["sku", "node"], how="left", maintain_order="left")["units"].fill_null(
            0
        )
        spoken_for = held.to_numpy().astype(np.int64)
    else:
        spoken_for = np.full(said.height, _NEVER_EXCEEDED)
    row: dict[NodeId, dict[Sku, int]] = {}
    for at, (sku, node) in enumerate(said.select("sku", "node").iter_rows()):
        row.setdefault(NodeId(node), {})[Sku(sku)] = at
    return ExpectedSales(
        made_at=about.get("made_at") or datetime.combine(about["on"], time.min, UTC),
        level=level,
        row=row,
        a_day=said["velocity"].to_numpy(),
        dispersion=said["dispersion"].to_numpy(),
        wrong=error_quantile(said["error_mean"].to_numpy(), said["error_sd"].to_numpy(), level),
        spoken_for=spoken_for,
    )


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
