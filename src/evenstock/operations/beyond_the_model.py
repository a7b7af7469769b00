"""What is known beyond the model, in the order in which it is laid over a forecast: launches, ends, planners' words."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenstock.domain import NodeKind
from evenstock.forecasting import DemandHistory, Forecast
from evenstock.forecasting.cold_start import offered, with_launches
from evenstock.forecasting.life_cycle import life_cycle as with_life_cycle
from evenstock.forecasting.overrides import overridden
from evenstock.operations.company import Company
from evenstock.operations.forecast_demand import Adjustment
from evenstock.operations.override_forecast import overrides_of
from evenstock.operations.ports import Snapshots, Store

_NOT_NEW: Final = frozenset({NodeKind.FBA, NodeKind.MCF})
"""Their demand is told by whoever runs them: without any there is none."""


def adjustments(store: Store, snapshots: Snapshots, company: Company) -> list[Adjustment]:
    """For `forecast_demand`: each has the name of what it does, which the forecast's snapshot records.

    On sale is what nodes have in stock: a pair without any demand gets a forecast from its siblings, its predecessor or the
    launches of its category, less the longer it is known to have stood unsold. A node that never sold anything counts as
    new and of mean volume where it is an own one, a third party's or a store; Amazon's and inactive ones expect nothing.
    """
    items = company.tables["items"]
    prices, substitutes = (company.table(name) for name in ("sale_prices", "substitutes"))
    places = _places(company)
    on_sale = None if places is None else offered(items, places)
    idle = {str(n.id): 0.0 for n in company.network.nodes.values() if n.kind in _NOT_NEW or not n.active}

    def launches(forecast: Forecast, history: DemandHistory) -> Forecast:
        return with_launches(forecast, history, on_sale, prices=prices, expected_volume=idle)

    def life_cycle(forecast: Forecast, history: DemandHistory) -> Forecast:  # noqa: ARG001
        return with_life_cycle(forecast, items, substitutes)

    found: list[Adjustment] = [launches, life_cycle]
    said = overrides_of(store, snapshots, company)
    if said is not None:
        found.append(_overrides(said, items))
    return found


def _places(company: Company) -> pl.DataFrame | None:
    """Pairs with units in stock, with the first day on which anything was said of them (`on_sale_since`; empty if nothing was)."""
    stock = company.table("stock")
    if stock is None:
        return None
    said = [
        table.select("sku", "node", on_sale_since=day)
        for name, day in (
            ("observations", pl.col("observed_at").dt.date()),
            ("counts", pl.col("counted_at").dt.date()),
            ("receipts", pl.col("received_on")),
        )
        if (table := company.table(name)) is not None
    ]
    none = pl.DataFrame(schema={"sku": pl.String, "node": pl.String, "on_sale_since": pl.Date})
    first = pl.concat([none, *said]).group_by("sku", "node").agg(pl.min("on_sale_since"))
    held = stock.filter(pl.col("on_hand") > 0).select("sku", "node").unique(maintain_order=True)
    return held.join(first, on=["sku", "node"], how="left", maintain_order="left")


def _overrides(said: pl.DataFrame, items: pl.DataFrame) -> Adjustment:
    categories = dict(items.select("sku", "category").iter_rows())

    def overrides(forecast: Forecast, history: DemandHistory) -> Forecast:  # noqa: ARG001
        return overridden(forecast, said, categories).forecast

    return overrides
