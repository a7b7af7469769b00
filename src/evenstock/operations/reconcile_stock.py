"""Holds our books against what other systems stated in the last week."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from evenstock.inventory import Reconciliation, reconcile
from evenstock.operations.believe_stock import beliefs_of_today
from evenstock.operations.company import Company
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.stock_evidence import KEY, records, statements

WEEK: Final = timedelta(days=7)


def reconcile_stock(
    store: Store,
    snapshots: Snapshots,
    company: Company,
    *,
    now: datetime,
    nodes: Sequence[str] = (),
    sources: Sequence[str] = (),
    within: timedelta = WEEK,
    seed: int = 0,
) -> Reconciliation:
    """The books against the newest statement of each source about each SKU-node, of those made `within` the last week.

    A source is held against the books at every node of which it stated anything; a SKU that only one side has is a
    line of its own, and one that both have none of is no line. Without `nodes` or `sources` all are looked at.
    """
    said = statements(company, now).filter(pl.col("observed_at") > now - within)
    if nodes:
        said = said.filter(pl.col("node").is_in(list(nodes)))
    if sources:
        said = said.filter(pl.col("source").is_in(list(sources)))
    with store.reading() as books:
        balances = books.balance_frame()
    ours = records(balances).rename({"record": "ours"})
    heard = said.group_by("node", "source").agg(heard=pl.max("observed_at"))
    lines = (
        ours.join(heard, on="node", how="inner")
        .join(said.select("source", *KEY, "units", "observed_at"), on=["source", *KEY], how="full", coalesce=True)
        .rename({"units": "theirs"})
        .filter((pl.col("ours").fill_null(0) > 0) | (pl.col("theirs").fill_null(0) > 0))
    )
    believed = beliefs_of_today(store, snapshots, company, now).frame.select(
        *KEY, "velocity", "dispersion", "p_phantom"
    )
    costs = company.tables["items"].select("sku", "unit_cost_cents")
    # Allocated units may have left already; units under way may have come.
    unposted = pl.when(pl.col("ours") > pl.col("theirs")).then(pl.col("allocated")).otherwise(pl.col("in_transit"))
    age = (now - pl.coalesce("observed_at", "heard")).dt.total_seconds() / timedelta(days=1).total_seconds()
    pairs = (
        lines.join(believed, on=list(KEY), how="left")
        .join(costs, on="sku", how="left")
        .with_columns(
            pl.col("velocity", "dispersion").fill_null(0.0),
            pl.col("unit_cost_cents").fill_null(0),
            unposted=unposted.fill_null(0),
            apart_days=age,
        )
    )
    return reconcile(pairs, seed=seed)
