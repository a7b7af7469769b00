"""What haste costs in buying."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenstock.domain import NodeId, PlanState, Sku
from evenstock.operations.kpis.evidence import Evidence
from evenstock.operations.kpis.figure import frame
from evenstock.operations.kpis.figure import once as scale

NAME: Final = "expedite_cost"
TITLE: Final = "Expedite cost"
DEFINITION: Final = (
    "What units bought by a faster and dearer mode cost beyond the cheapest mode of the same supplier to the same node, of "
    "purchases of plans made in the period and approved; at today's prices of supply"
)
SOURCE: Final = "purchases of approved plans; table supplies"
UNIT: Final = "cents"
RATIO: Final = False


def rows(told: Evidence) -> pl.DataFrame:
    price: dict[tuple[Sku, NodeId, str], int] = {}
    cheapest: dict[tuple[Sku, NodeId, str], int] = {}
    supplier: dict[tuple[Sku, NodeId, str], str] = {}
    for one in told.company.network.supplies:
        price[one.sku, one.node, one.way] = int(one.price_cents)
        supplier[one.sku, one.node, one.way] = one.supplier
        key = (one.sku, one.node, one.supplier)
        cheapest[key] = min(cheapest.get(key, int(one.price_cents)), int(one.price_cents))
    found = []
    for plan in told.plans:
        if plan.state is not PlanState.APPROVED or not told.within(plan.made_at.date()):
            continue
        for number, bought in enumerate(plan.purchases):
            way = (bought.sku, bought.node, bought.way)
            if way not in price:
                continue
            more = price[way] - cheapest[bought.sku, bought.node, supplier[way]]
            if more > 0:
                found.append(
                    {"key": f"{plan.id}|{number:06d}", "nodes": [str(bought.node)], "part": more * int(bought.units),
                     "whole": 0, "plan": str(plan.id), "sku": str(bought.sku), "way": bought.way,
                     "units": int(bought.units), "more_cents": more}
                )  # fmt: skip
    text = dict.fromkeys(("plan", "sku", "way"), pl.String)
    return frame(found, {**text, "units": pl.Int64, "more_cents": pl.Int64})


__all__ = ["DEFINITION", "NAME", "RATIO", "SOURCE", "TITLE", "UNIT", "rows", "scale"]
