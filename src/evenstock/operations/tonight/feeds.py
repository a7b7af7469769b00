"""Nodes whose stock cannot have changed as a feed says it did: nothing is decided on them until a person has looked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.domain import TransferPlan
from evenstock.operations.ports import Snapshots
from evenstock.operations.tonight.evening import EVENING
from evenstock.rebalancing.options.breaker import held_feeds

Ints = NDArray[np.int64]


def doubtful_feeds(
    snapshots: Snapshots, before: TransferPlan | None, balances: pl.DataFrame, movements: pl.DataFrame
) -> dict[str, str]:
    """Reason by node, against the evening of the plan made before; nothing without one that kept its evening.

    Parameters
    ----------
    balances, movements : as of now, from the books.
    """
    kept = dict(before.inputs).get(EVENING) if before is not None else None
    if before is None or kept is None:
        return {}
    stock = snapshots.read(kept)["evening_stock"].sort("sku", "node")
    skus = {sku: k for k, sku in enumerate(stock["sku"].unique(maintain_order=True))}
    nodes = {node: w for w, node in enumerate(stock["node"].unique(maintain_order=True).sort())}
    yesterday = stock["available"].to_numpy().reshape(len(skus), len(nodes))
    today = _table(balances.group_by("sku", "node").agg(pl.col("available").sum().alias("units")), skus, nodes)
    since = movements.filter(pl.col("recorded_at") > before.made_at)
    counted = (pl.col("source_cause") == "count") | (pl.col("destination_cause") == "count")
    flows = since.filter(~counted)
    out = _flow(flows, "source", skus, nodes)
    came = _flow(flows, "destination", skus, nodes)
    held = held_feeds(list(nodes), today, yesterday, out, came)
    return {feed.node: feed.because for feed in held}


def _flow(movements: pl.DataFrame, end: str, skus: Mapping[str, int], nodes: Mapping[str, int]) -> Ints:
    """Units through `available` at this end of movements, by item and node."""
    rows = movements.filter(pl.col(f"{end}_bucket") == "available")
    rows = rows.group_by("sku", pl.col(f"{end}_node").alias("node")).agg(pl.col("units").sum())
    return _table(rows, skus, nodes)


def _table(rows: pl.DataFrame, skus: Mapping[str, int], nodes: Mapping[str, int]) -> Ints:
    found = np.zeros((len(skus), len(nodes)), np.int64)
    for sku, node, units in rows.select("sku", "node", "units").iter_rows():
        if sku in skus and node in nodes:
            found[skus[sku], nodes[node]] += units
    return found
