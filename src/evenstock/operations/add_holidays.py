"""Puts public holidays among the events that forecasts know of, beside those the company named itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from evenstock.forecasting import MAX_HORIZON
from evenstock.forecasting.preparation import HISTORY_DAYS
from evenstock.forecasting.public_holidays import events, with_own
from evenstock.operations.company import Company
from evenstock.operations.ports import Snapshots, Store


@dataclass(frozen=True)
class Holidays:
    """The events in force after holidays were added."""

    events: pl.DataFrame
    added: int
    digest: str


def add_holidays(store: Store, snapshots: Snapshots, company: Company, *, as_of: date, now: datetime) -> Holidays:
    """Add each node's public holidays, as far back as forecasts learn and a year ahead; the result is the current `events`.

    Where an event of the same name stands on the same day already, it stays as it is; the same again changes nothing.

    Raises
    ------
    ImportError
        If the library that knows holidays is not installed.
    """
    nodes = company.tables["nodes"].select("node", "country")
    last = as_of + timedelta(days=365 + MAX_HORIZON)
    found = events(nodes, as_of - timedelta(days=HISTORY_DAYS), last)
    own = company.table("events")
    merged = found if own is None else with_own(own, found)
    digest = snapshots.take({"events": merged})
    with store.transaction() as books:
        seen = books.pointer("events")
        if seen != digest:
            books.repoint("events", seen, digest, now)
    return Holidays(merged, merged.height - (0 if own is None else own.height), digest)
