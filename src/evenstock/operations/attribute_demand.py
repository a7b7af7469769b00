"""Makes demand from the orders last imported, at the nodes that should have served them, and keeps it beside its homes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import polars as pl

from evenstock.domain import NodeKind
from evenstock.forecasting.attribution import AREA, Attributed, attribute
from evenstock.forecasting.stock_outs import most_on_hand, stock_outs
from evenstock.operations.company import Company
from evenstock.operations.home_regions import home_regions, item_groups
from evenstock.operations.ports import Snapshots, Store

POINTER: Final = "attributed_demand"
"""Means the demand last made from orders, whichever demand is in force."""


@dataclass(frozen=True)
class AttributedDemand:
    """Demand made from orders, and where it is kept."""

    attributed: Attributed
    homes: pl.DataFrame
    """Columns country, area, channel, group, node, because."""
    digest: str
    """Snapshot of the tables demand, homes and moved."""
    in_force: bool
    """Whether it is the current `demand`: an imported one is never replaced."""
    notes: tuple[str, ...]


def attribute_demand(store: Store, snapshots: Snapshots, company: Company, *, now: datetime) -> AttributedDemand:
    """Make demand from `order_history`: net of cancellations, by the home node's calendar day, stock-outs marked.

    Homes are reckoned with the network and the rules of `now` for the whole past, so that no change of routing looks like a
    change of demand. Days without stock come from `observations` and from the books; where orders can be re-routed, a day
    counts only if the whole pool was empty. The result becomes the current `demand` where none was imported, or where the
    current one was itself made from orders; it is kept under `attributed_demand` in any case.

    Raises
    ------
    ValueError
        If no order history was imported, the network has no rate cards, or not one line has a home.
    """
    orders = company.table("order_history")
    if orders is None or orders.is_empty():
        raise ValueError(
            "no order history: import a table named order_history (order, line, sku, units, placed_at, ...)"
        )
    network, shipping = company.network, company.shipping
    homes = home_regions(network, shipping, _regions(orders), now, company.tables.get("places"))
    nodes = pl.DataFrame(
        [(node.id, node.timezone) for node in network.nodes.values()],
        schema={"node": pl.String, "timezone": pl.String},
        orient="row",
    )
    out = _stock_outs(store, company, nodes, now)
    groups = item_groups(network).select("sku", "group")
    attributed = attribute(orders, homes, nodes, groups=groups, stock_outs=out)
    if attributed.demand.is_empty():
        raise ValueError(
            f"all {attributed.ordered} units of the order history were cancelled: there is no demand in it"
        )
    digest = snapshots.take({"demand": attributed.demand, "homes": homes, "moved": attributed.moved})
    in_force = _point(store, digest, now)
    notes = attributed.notes
    if not in_force:
        notes += ("the demand that was imported stays in force; what was made from orders is kept beside it",)
    return AttributedDemand(attributed, homes, digest, in_force, notes)


def _regions(orders: pl.DataFrame) -> pl.DataFrame:
    """Each region and channel that ordered, with the first of its postal codes."""
    area = pl.col("postal_code").str.strip_chars().str.slice(0, AREA).str.to_uppercase()
    return (
        orders.group_by("country", area.alias("area"), "channel")
        .agg(pl.col("postal_code").min())
        .sort("country", "area", "channel")
    )


def _stock_outs(store: Store, company: Company, nodes: pl.DataFrame, now: datetime) -> pl.DataFrame | None:
    last = now.astimezone(UTC).date()
    found = []
    observed = company.table("observations")
    if observed is not None and observed.height:
        found.append(most_on_hand(observed.join(nodes, on="node", how="semi"), nodes, last=last))
    books = available_history(store).join(nodes, on="node", how="semi")
    if books.height:
        found.append(most_on_hand(books, nodes, last=last, carry_days=None))
    return stock_outs(pl.concat(found), _pools(company)) if found else None


def _pools(company: Company) -> pl.DataFrame:
    """Nodes that stand in for each other: those of one stock pool; a store serves whoever stands in it."""
    return pl.DataFrame(
        [
            (node.id, node.id if node.kind is NodeKind.STORE else f"pool {node.pool}")
            for node in company.network.nodes.values()
        ],
        schema={"node": pl.String, "pool": pl.String},
        orient="row",
    )


def available_history(store: Store) -> pl.DataFrame:
    """What the books had to promise after each moment in which it changed: the columns of `tables.Observations`."""
    with store.reading() as books:
        moves = books.movement_frame()
    ends = [
        moves.filter(pl.col(f"{end}_bucket") == "available").select(
            "sku", "lot", node=f"{end}_node", observed_at="occurred_at", change=sign * pl.col("units")
        )
        for end, sign in (("source", -1), ("destination", 1))
    ]
    key = ["sku", "node", "lot"]
    change = pl.concat(ends).group_by(*key, "observed_at").agg(pl.col("change").sum()).sort(*key, "observed_at")
    units = pl.col("change").cum_sum().over(key)
    return change.select(pl.lit("books").alias("source"), *key, "observed_at", units=units)


def _point(store: Store, digest: str, now: datetime) -> bool:
    """Keep the demand made from orders; True where it is in force."""
    with store.transaction() as books:
        current, ours = books.pointer("demand"), books.pointer(POINTER)
        if ours != digest:
            books.point(POINTER, digest, now)
        in_force = current is None or current in {ours, digest}
        if in_force and current != digest:
            books.repoint("demand", current, digest, now)
    return in_force
