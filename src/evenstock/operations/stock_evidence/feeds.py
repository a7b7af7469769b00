"""What other systems stated about stock, and how old it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from evenstock.domain import Cause, NodeId, NodeKind
from evenstock.inventory import USUAL_DELAY_MINUTES
from evenstock.operations.company import Company
from evenstock.operations.stock_evidence.books import KEY, Floats, shelf_changes

_DAY: Final = timedelta(days=1)


def statements(company: Company, now: datetime) -> pl.DataFrame:
    """What each source last stated of each SKU-node, lots added up: source, sku, node, units, observed_at, kind, every_minutes."""
    observed = company.table("observations")
    columns = pl.Schema(
        {
            "source": pl.String(),
            **dict.fromkeys(KEY, pl.String()),
            "units": pl.Int64(),
            "observed_at": pl.Datetime("us", "UTC"),
            "kind": pl.String(),
            "every_minutes": pl.Int64(),
        }
    )
    if observed is None:
        return pl.DataFrame(schema=columns)
    sources = company.table("sources")
    known = (
        pl.DataFrame(schema={"source": pl.String, "kind": pl.String, "every_minutes": pl.Int64})
        if sources is None
        else sources.select("source", pl.col("kind").cast(pl.String), "every_minutes")
    )
    return (
        observed.filter(pl.col("observed_at") <= now)
        .sort("observed_at")
        .group_by("source", *KEY, "lot")
        .agg(pl.last("units"), pl.last("observed_at"))
        .group_by("source", *KEY)
        .agg(pl.sum("units"), pl.max("observed_at"))
        .join(known, on="source", how="left")
        .select(columns.names())
        .sort("source", *KEY)
    )


def feeds(
    company: Company, rows: pl.DataFrame, movements: pl.DataFrame, now: datetime, notes: list[str]
) -> tuple[Floats, Floats]:
    """Age in days of each SKU-node's feed, at least its usual delay, and what it says is there now; NaN where there is none.

    A node is alive when anything of it came; a statement a day older than that is no longer held against the books.
    What moved in the books since a statement is added to it.
    """
    age, stated = np.full(rows.height, np.nan), np.full(rows.height, np.nan)
    said = statements(company, now).filter(~pl.col("kind").is_in(["oms", "count"]).fill_null(value=False))
    silent = set(rows["node"]) - set(said["node"])
    if silent:
        notes.append(f"no feed from {', '.join(sorted(silent))}: the books are taken as current there")
    if said.is_empty():
        return age, stated
    newest = (
        said.sort("observed_at")
        .group_by("node")
        .agg(pl.last("source", "kind", "every_minutes"), heard=pl.last("observed_at"))
    )
    usual = [_delay(company, *row) for row in newest.select("node", "kind", "every_minutes").iter_rows()]
    newest = newest.with_columns(delay=pl.Series(usual, dtype=pl.Float64))
    at_node = rows.join(newest, on="node", how="left", maintain_order="left")
    hours = (now - at_node["heard"]).dt.total_microseconds() / (_DAY / timedelta(microseconds=1))
    age = np.maximum(
        hours.cast(pl.Float64).fill_null(float("nan")).to_numpy(), at_node["delay"].fill_null(0.0).to_numpy()
    )
    current = (
        said.join(newest.select("node", "source", "heard"), on=["node", "source"], how="inner")
        .filter(pl.col("observed_at") >= pl.col("heard") - _DAY)
        .join(rows, on=KEY, how="inner")
    )
    # Opening the books and correcting them by a count moves no goods.
    on_paper = pl.any_horizontal(pl.col("source_cause", "destination_cause").is_in([Cause.OPENING, Cause.COUNT]))
    since = (
        shelf_changes(movements.filter(~on_paper))
        .join(current.select(*KEY, "row", "observed_at"), on=KEY, how="inner", suffix="_said")
        .filter(pl.col("occurred_at") > pl.col("observed_at"))
        .group_by("row")
        .agg(moved=pl.col("units").sum())
    )
    now_there = current.join(since, on="row", how="left").with_columns(pl.col("moved").fill_null(0))
    units = (now_there["units"] + now_there["moved"]).clip(lower_bound=0)
    stated[now_there["row"].to_numpy()] = units.to_numpy()
    return age, stated


_KIND_OF_NODE: Final = {NodeKind.OWN: "wms", NodeKind.THIRD_PARTY: "3pl", NodeKind.FBA: "fba", NodeKind.MCF: "fba"}


def _delay(company: Company, node: str, kind: str | None, every_minutes: int | None) -> float:
    """Usual delay of a source in days: its own word, else its kind's, else that of the node's kind."""
    if every_minutes is not None:
        return every_minutes / 1440
    if kind is None:
        place = company.network.nodes.get(NodeId(node))
        kind = _KIND_OF_NODE.get(place.kind, "file") if place else "file"
    return USUAL_DELAY_MINUTES[kind] / 1440
