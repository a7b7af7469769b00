"""Type 2: how much of what was ordered could be served at once."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenstock.domain import DecisionRecord, Order
from evenstock.operations.kpis.evidence import CHOSEN, Evidence
from evenstock.operations.kpis.figure import frame
from evenstock.operations.kpis.figure import once as scale

NAME: Final = "fill_rate_type_2"
TITLE: Final = "Fill rate, type 2 (beta)"
DEFINITION: Final = (
    "Share of units ordered for which the first decision about the order set stock aside: the type-2 service level; what a "
    "later decision served was not served at once (Snyder and Shen, 2019)"
)
SOURCE: Final = "orders as placed, and the first decision about each in the period"
UNIT: Final = "share"


def rows(told: Evidence) -> pl.DataFrame:
    found = []
    for name, (first, _) in told.decisions.items():
        order = told.orders.get(name)
        if order is None:
            continue
        served = _served(first)
        wanted = {line.id: int(line.units) for line in order.lines}
        at_once = sum(min(units, served.get(str(line), 0)) for line, units in wanted.items())
        found.append(
            {"key": name, "nodes": _nodes(first), "part": at_once, "whole": _units(order), "order": name,
             "decision": first.id, "outcome": first.outcome.value}
        )  # fmt: skip
    return frame(found, {"order": pl.String, "decision": pl.String, "outcome": pl.String})


def _units(order: Order) -> int:
    return sum(int(line.units) for line in order.lines)


def _served(record: DecisionRecord) -> dict[str, int]:
    if record.outcome not in CHOSEN or record.choice is None:
        return {}
    units: dict[str, int] = {}
    for shipment in record.choice.shipments:
        for line in shipment.lines:
            units[str(line.line)] = units.get(str(line.line), 0) + int(line.units)
    return units


def _nodes(record: DecisionRecord) -> list[str]:
    return sorted({str(node) for node in record.choice.nodes}) if record.choice is not None else []


__all__ = ["DEFINITION", "NAME", "SOURCE", "TITLE", "UNIT", "rows", "scale"]
