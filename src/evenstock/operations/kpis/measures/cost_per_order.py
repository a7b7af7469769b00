"""What an order costs to serve."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenstock.operations.kpis.evidence import Evidence
from evenstock.operations.kpis.figure import frame
from evenstock.operations.kpis.figure import once as scale

NAME: Final = "cost_per_order"
TITLE: Final = "Cost an order"
DEFINITION: Final = (
    "Cents of the plan of each order for which stock was set aside, every term of it (freight, handling, lateness, prices of "
    "stock, ...), over those orders: what decisions are made in, foretold, not invoiced"
)
SOURCE: Final = "the last decision about each order in the period"
UNIT: Final = "cents"


def rows(told: Evidence) -> pl.DataFrame:
    found = [
        {"key": name, "nodes": sorted({str(node) for node in record.choice.nodes}), "part": int(record.choice.cents),
         "whole": 1, "order": name, "decision": record.id}
        for name, record in told.served.items()
        if record.choice is not None
    ]  # fmt: skip
    return frame(found, {"order": pl.String, "decision": pl.String})


__all__ = ["DEFINITION", "NAME", "SOURCE", "TITLE", "UNIT", "rows", "scale"]
