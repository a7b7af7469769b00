"""Forecasts that planners changed: each is an edit of what the model recommends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from evenstock.operations.outcomes.recommendation import Became, Recommendation
from evenstock.operations.outcomes.told import Told
from evenstock.operations.override_forecast import overrides_said

LAYER: Final = "forecast"
KIND: Final = "forecast override"
MONEY: Final = "none: what a forecast override is worth is told in units, as forecast value added"


def rows(told: Told) -> Iterable[Recommendation]:
    for row in overrides_said(told.store, told.snapshots, told.company).iter_rows(named=True):
        if told.period.holds(row["made_at"]):
            node = row["node"] or ""
            about = " ".join(filter(None, (row["sku"], row["category"], node))) or "everything"
            yield Recommendation(
                f"{KIND}|{row['override']}", LAYER, KIND, f"{about}: {row['kind']} {row['value']:g}", node,
                (node,) if node else (), "forecast", Became.EDITED, row["made_at"], row["author"], row["reason"],
                row["made_at"],
            )  # fmt: skip


__all__ = ["KIND", "LAYER", "MONEY", "rows"]
