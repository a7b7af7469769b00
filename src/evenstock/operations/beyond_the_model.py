"""What is known beyond the model, in the order in which it is laid over a forecast: how items come and go, then planners' words."""

from __future__ import annotations

from functools import partial

from evenstock.forecasting import Forecast
from evenstock.forecasting.life_cycle import life_cycle
from evenstock.forecasting.overrides import overridden
from evenstock.operations.company import Company
from evenstock.operations.forecast_demand import Adjustment
from evenstock.operations.override_forecast import overrides_of
from evenstock.operations.ports import Snapshots, Store


def adjustments(store: Store, snapshots: Snapshots, company: Company) -> list[Adjustment]:
    """For `forecast_demand`: each keeps the name of what it does, which the forecast's snapshot records."""
    items = company.tables["items"]
    found: list[Adjustment] = [partial(life_cycle, items=items, substitutes=company.table("substitutes"))]
    said = overrides_of(store, snapshots, company)
    if said is not None:
        categories = dict(items.select("sku", "category").iter_rows())

        def overrides(forecast: Forecast) -> Forecast:
            return overridden(forecast, said, categories).forecast

        found.append(overrides)
    return found
