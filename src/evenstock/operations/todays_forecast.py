"""The day's forecast: the one that is kept, or one made now with what planners and sensing say of it."""

from __future__ import annotations

from datetime import datetime

from evenstock.operations.beyond_the_model import adjustments
from evenstock.operations.company import Company
from evenstock.operations.forecast_demand import Forecasted, current_forecast, forecast_demand
from evenstock.operations.ports import Snapshots, Store


def todays_forecast(store: Store, snapshots: Snapshots, company: Company, now: datetime) -> Forecasted:
    """For the day of `now` in UTC. Raises ValueError where there is no demand to forecast from."""
    on = now.date()
    return current_forecast(store, snapshots, company, on) or forecast_demand(
        store, snapshots, company, as_of=on, now=now, adjust=adjustments(store, snapshots, company)
    )
