"""How much of what customers pay for goods goes to carriers."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenstock.operations.kpis.evidence import Evidence
from evenstock.operations.kpis.figure import frame
from evenstock.operations.kpis.figure import once as scale
from evenstock.operations.review_outcomes import FREIGHT
from evenstock.routing.explain import by_term

NAME: Final = "freight_share"
TITLE: Final = "Freight share"
DEFINITION: Final = (
    "Freight over the price of the goods, of orders for which stock was set aside: as invoiced where every shipment of the "
    "order is, else as foretold (base freight, fuel, surcharges)"
)
SOURCE: Final = "the last decision about each order in the period; table shipments: cents"
UNIT: Final = "share"


def rows(told: Evidence) -> pl.DataFrame:
    billed = _billed(told.table("shipments"))
    found = []
    for name, record in told.served.items():
        assert record.choice is not None
        foretold = sum(cents for term, cents in by_term(record.choice).items() if term in FREIGHT)
        invoiced = billed.get(str(name))
        goods = sum(int(line.price_cents) * int(line.units) for line in told.orders[name].lines)
        found.append(
            {"key": name, "nodes": sorted({str(node) for node in record.choice.nodes}),
             "part": foretold if invoiced is None else invoiced, "whole": goods, "order": name,
             "by": "foretold" if invoiced is None else "invoiced"}
        )  # fmt: skip
    return frame(found, {"order": pl.String, "by": pl.String})


def _billed(shipments: pl.DataFrame | None) -> dict[str, int]:
    """Cents of each order all of whose shipments are invoiced, those sent again apart."""
    if shipments is None or "cents" not in shipments.columns:
        return {}
    first = shipments.filter(~pl.col("reship")) if "reship" in shipments.columns else shipments
    whole = first.group_by("order").agg(pl.col("cents").sum(), known=pl.col("cents").is_not_null().all())
    return dict(whole.filter("known").select("order", "cents").iter_rows())


__all__ = ["DEFINITION", "NAME", "SOURCE", "TITLE", "UNIT", "rows", "scale"]
