"""Forecasts every series from the demand last imported, and keeps the parameters from which paths can be drawn again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from evenstock.forecasting import Forecast, fit, prepare
from evenstock.operations.company import Company
from evenstock.operations.ports import Snapshots, Store


@dataclass(frozen=True)
class Forecasted:
    """A forecast and the snapshot it is kept in."""

    forecast: Forecast
    digest: str


def forecast_demand(
    store: Store,
    snapshots: Snapshots,
    company: Company,
    *,
    as_of: date,
    now: datetime,
    horizon: int = 28,
    model: str = "baseline",
) -> Forecasted:
    """Forecast from `as_of` on, as known on the day before; the result becomes the current `forecast`.

    Raises
    ------
    ValueError
        If no demand was imported, or none lies before `as_of`.
    """
    demand = company.table("demand")
    if demand is None:
        raise ValueError("no demand history: import a table named demand (date, sku, node, units)")
    history = prepare(demand, as_of, items=company.tables["items"])
    forecast = fit(history, horizon=horizon, model=model)
    about = pl.DataFrame(
        {
            "version": [forecast.version],
            "cut_off": [forecast.cut_off],
            "notes": ["\n".join(forecast.notes)],
            "demand": [company.digests["demand"]],
        }
    )
    digest = snapshots.take({"forecast": forecast.frame(), "about": about})
    with store.transaction() as books:
        books.point("forecast", digest, now)
    return Forecasted(forecast, digest)


def current_forecast(store: Store, snapshots: Snapshots, company: Company, as_of: date) -> Forecasted | None:
    """The forecast last made, if it starts on `as_of` and saw the demand that is current; else None."""
    with store.transaction() as books:
        digest = books.pointer("forecast")
    if digest is None:
        return None
    kept = snapshots.read(digest)
    about = kept["about"].row(0, named=True)
    if about["demand"] != company.digests.get("demand") or kept["forecast"].select(pl.min("date")).item() != as_of:
        return None
    notes = tuple(line for line in about["notes"].split("\n") if line)
    return Forecasted(
        Forecast.from_frame(kept["forecast"], version=about["version"], cut_off=about["cut_off"], notes=notes), digest
    )
