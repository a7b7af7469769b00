"""What forecasting demand reads of a company: its history, what drives it, and the snapshots these came from."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from evenstock.forecasting import DemandHistory, Drivers, prepare
from evenstock.forecasting.drivers import NAMES
from evenstock.forecasting.substitution import without_spill
from evenstock.operations.company import OVERRIDES, Company

SUBJECT: Final = "demand"
FALLBACK: Final = "baseline"
"""The forecaster that serves where no other may."""
TABLES: Final = ("demand", *NAMES)
BEYOND: Final = ("overrides", "substitutes", OVERRIDES)
"""What changes a forecast without being learned from."""


def demand_history(company: Company, as_of: date, *, imported: bool = False) -> DemandHistory:
    """Daily history of every series up to the day before `as_of`, less what substitutes sold for missing items.

    Parameters
    ----------
    imported
        Whether it ends with the last day imported, if that is earlier: days of which nobody has said anything yet are no
        zeros to learn from or to score against.

    Raises
    ------
    ValueError
        If no demand was imported, or none lies before `as_of`.
    """
    demand = company.table("demand")
    if demand is None:
        raise ValueError("no demand history: import a table named demand (date, sku, node, units)")
    last = demand["date"].max() if imported else None
    end = min(as_of, last + timedelta(days=1)) if isinstance(last, date) else as_of
    history = prepare(demand, end, items=company.tables["items"])
    substitutes = company.table("substitutes")
    return history if substitutes is None else without_spill(history, substitutes)


def demand_drivers(company: Company) -> Drivers:
    """Events, promotions, prices and signals as last imported."""
    frames = {name: frame for name in NAMES if (frame := company.table(name)) is not None}
    return Drivers.from_frames(frames)


def forecast_digests(company: Company) -> dict[str, str]:
    """Snapshot of each table that a forecast is made from, what is laid over the model's own included; in name order."""
    beyond = {name: company.digests[name] for name in BEYOND if name in company.digests}
    return dict(sorted((data_digests(company) | beyond).items()))


def data_digests(company: Company) -> dict[str, str]:
    """Snapshot of each table that a model learns from, in name order."""
    return {name: company.digests[name] for name in sorted((*TABLES, "network")) if name in company.digests}
