"""How often an order travels in several shipments."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenstock.operations.kpis.evidence import Evidence
from evenstock.operations.kpis.figure import frame
from evenstock.operations.kpis.figure import once as scale

NAME: Final = "split_rate"
TITLE: Final = "Split rate"
DEFINITION: Final = "Share of orders for which stock was set aside whose last plan has more than one shipment"
SOURCE: Final = "the last decision about each order in the period"
UNIT: Final = "share"


def rows(told: Evidence) -> pl.DataFrame:
    found = [
        {"key": name, "nodes": sorted({str(node) for node in record.choice.nodes}),
         "part": int(len(record.choice.shipments) > 1), "whole": 1, "order": name,
         "shipments": len(record.choice.shipments)}
        for name, record in told.served.items()
        if record.choice is not None
    ]  # fmt: skip
    return frame(found, {"order": pl.String, "shipments": pl.Int64})


__all__ = ["DEFINITION", "NAME", "SOURCE", "TITLE", "UNIT", "rows", "scale"]
