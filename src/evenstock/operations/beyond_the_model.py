"""What is known beyond the model, in the order in which it is laid over a forecast: launches, ends, planners' words."""

from __future__ import annotations

import polars as pl

from evenstock.forecasting import DemandHistory, Forecast
from evenstock.forecasting.cold_start import offered, with_launches
from evenstock.forecasting.life_cycle import life_cycle as with_life_cycle
from evenstock.forecasting.overrides import overridden
from evenstock.operations.company import Company
from evenstock.operations.forecast_demand import Adjustment
from evenstock.operations.override_forecast import overrides_of
from evenstock.operations.ports import Snapshots, Store


def adjustments(store: Store, snapshots: Snapshots, company: Company) -> list[Adjustment]:
    """For `forecast_demand`: each has the name of what it does, which the forecast's snapshot records.

    On sale is what the stock table names, in stock or not, at its nodes: a pair without any demand gets a forecast from its
    siblings, its predecessor or the launches of its category.
    """
    items = company.tables["items"]
    places, prices, substitutes = (company.table(name) for name in ("stock", "sale_prices", "substitutes"))
    on_sale = None if places is None else offered(items, places)

    def launches(forecast: Forecast, history: DemandHistory) -> Forecast:
        return with_launches(forecast, history, on_sale, prices=prices)

    def life_cycle(forecast: Forecast, history: DemandHistory) -> Forecast:  # noqa: ARG001
        return with_life_cycle(forecast, items, substitutes)

    found: list[Adjustment] = [launches, life_cycle]
    said = overrides_of(store, snapshots, company)
    if said is not None:
        found.append(_overrides(said, items))
    return found


def _overrides(said: pl.DataFrame, items: pl.DataFrame) -> Adjustment:
    categories = dict(items.select("sku", "category").iter_rows())

    def overrides(forecast: Forecast, history: DemandHistory) -> Forecast:  # noqa: ARG001
        return overridden(forecast, said, categories).forecast

    return overrides
