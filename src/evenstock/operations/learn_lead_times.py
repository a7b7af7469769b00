"""Learns suppliers' lead times and reliability from purchases, and keeps what safety stock needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import polars as pl

from evenstock.freight import lead_times
from evenstock.operations.company import Company
from evenstock.operations.ports import Snapshots, Store

POINTER: Final = "lead_times"


@dataclass(frozen=True, slots=True, eq=False)
class LearnedLeadTimes:
    """Lead times learned from purchases, and the snapshot they are kept in."""

    fitted_on: date
    lead_times: pl.DataFrame
    """By supplier, sku, node and mode; see `freight.lead_times.LeadTimeModel.frame`."""
    reliability: pl.DataFrame
    """By supplier and, below it, item: lines, on_time, on_time_share, low, high, bias_days, spread_days."""
    notes: tuple[str, ...]
    digest: str


def learn_lead_times(
    store: Store, snapshots: Snapshots, company: Company, *, as_of: date, now: datetime
) -> LearnedLeadTimes:
    """Learn from the receipts last imported, as known on the morning of `as_of`, and make it the current `lead_times`.

    Raises
    ------
    ValueError
        If no receipts were imported, or nothing was received yet.
    """
    receipts = company.table("receipts")
    if receipts is None:
        raise ValueError("no purchases: import a table named receipts (purchase, line, supplier, sku, ordered_on, …)")
    purchases = lead_times.read(receipts, as_of)
    model = lead_times.learn(purchases)
    frame, reliability = model.frame(), _reliability(purchases)
    leaning = frame.filter(~pl.col("basis").str.contains("supplier and item"))
    notes = purchases.notes + (
        (f"{leaning.height:,} of {frame.height:,} supplier-items have too few lines and lean on their supplier or all",)
        if leaning.height
        else ()
    )
    about = pl.DataFrame({"fitted_on": [as_of], "receipts": [company.digests["receipts"]], "notes": ["\n".join(notes)]})
    digest = snapshots.take({"lead_times": frame, "reliability": reliability, "about": about})
    with store.transaction() as books:
        books.point(POINTER, digest, now)
    return LearnedLeadTimes(as_of, frame, reliability, notes, digest)


def current_lead_times(store: Store, snapshots: Snapshots) -> LearnedLeadTimes | None:
    """What was learned last; None if nothing was. Its date says how old it is."""
    with store.transaction() as books:
        digest = books.pointer(POINTER)
    if digest is None:
        return None
    kept = snapshots.read(digest)
    about = kept["about"].row(0, named=True)
    notes = tuple(line for line in about["notes"].split("\n") if line)
    return LearnedLeadTimes(about["fitted_on"], kept["lead_times"], kept["reliability"], notes, digest)


def _reliability(purchases: lead_times.Purchases) -> pl.DataFrame:
    found = [
        *lead_times.supplier_reliability(purchases),
        *lead_times.supplier_reliability(purchases, by_item=True),
    ]
    return pl.DataFrame(
        [
            (r.supplier, r.sku, r.lines, r.on_time, r.on_time_share, r.low, r.high, r.bias_days, r.spread_days)
            for r in found
        ],
        schema={
            "supplier": pl.String,
            "sku": pl.String,
            "lines": pl.Float64,
            "on_time": pl.Float64,
            "on_time_share": pl.Float64,
            "low": pl.Float64,
            "high": pl.Float64,
            "bias_days": pl.Float64,
            "spread_days": pl.Float64,
        },
        orient="row",
    ).sort("supplier", "sku")
