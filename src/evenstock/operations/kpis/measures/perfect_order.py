"""How many orders were right in every way."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import polars as pl

from evenstock.domain import DecisionRecord, Order
from evenstock.operations.kpis.evidence import Evidence
from evenstock.operations.kpis.figure import frame
from evenstock.operations.kpis.figure import once as scale

NAME: Final = "perfect_order"
TITLE: Final = "Perfect order"
DEFINITION: Final = (
    "Share of orders that came in full, on the day committed to, undamaged and with the right documents (SCOR RL.1.1), of orders "
    "with a committed day whose shipments have all arrived; no table states documents: they are taken as right"
)
SOURCE: Final = "the last decision about each order in the period; tables shipments (delivered_on) and claims"
UNIT: Final = "share"
_MORE: Final = dict.fromkeys(("in_full", "on_time", "undamaged"), pl.Boolean)
_HARM: Final = frozenset({"damaged", "lost"})


def rows(told: Evidence) -> pl.DataFrame:
    arrived, claimed = _arrived(told.table("shipments")), _claimed(told.table("claims"))
    found: list[dict[str, Any]] = []
    for name, record in told.served.items():
        order, came = told.orders[name], arrived.get(str(name))
        by = _committed(order, record)
        assert record.choice is not None
        if came is None or by is None or came[0] < len(record.choice.shipments):
            continue
        kinds = claimed.get(str(name), frozenset())
        flags = {
            "in_full": _in_full(order, record) and "missing" not in kinds,
            "on_time": came[1] <= by,
            "undamaged": not kinds & _HARM,
        }
        found.append(
            {"key": name, "nodes": sorted({str(node) for node in record.choice.nodes}),
             "part": int(all(flags.values())), "whole": 1, "order": name, "committed_for": by, "arrived_on": came[1]}
            | flags
        )  # fmt: skip
    return frame(found, {"order": pl.String, "committed_for": pl.Date, "arrived_on": pl.Date, **_MORE})


def _committed(order: Order, record: DecisionRecord) -> date | None:
    if record.commitment is not None:
        return record.commitment.deliver_by
    return order.promise.deliver_by if order.promise is not None else None


def _in_full(order: Order, record: DecisionRecord) -> bool:
    assert record.choice is not None
    sent = sum(int(line.units) for shipment in record.choice.shipments for line in shipment.lines)
    return sent >= sum(int(line.units) for line in order.lines)


def _arrived(shipments: pl.DataFrame | None) -> dict[str, tuple[int, date]]:
    """Shipments and the last day of each order that has arrived whole."""
    if shipments is None or "delivered_on" not in shipments.columns:
        return {}
    whole = shipments.group_by("order").agg(
        n=pl.len(), last=pl.col("delivered_on").max(), known=pl.col("delivered_on").is_not_null().all()
    )
    return {order: (n, last) for order, n, last in whole.filter("known").select("order", "n", "last").iter_rows()}


def _claimed(claims: pl.DataFrame | None) -> dict[str, frozenset[str]]:
    if claims is None:
        return {}
    kinds = claims.group_by("order").agg(pl.col("kind").cast(pl.String).unique())
    return {order: frozenset(found) for order, found in kinds.iter_rows()}


__all__ = ["DEFINITION", "NAME", "SOURCE", "TITLE", "UNIT", "rows", "scale"]
