"""What figures are made of: decisions, orders, movements, plans and tables, each read once and only where a figure asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Final

import polars as pl

from evenstock.domain import DecisionRecord, Order, OrderId, Outcome, TransferOrder, TransferPlan
from evenstock.forecasting import Forecast
from evenstock.operations.company import Company
from evenstock.operations.decisions import decision_from
from evenstock.operations.demand_inputs import SUBJECT
from evenstock.operations.forecast_demand import read_forecast
from evenstock.operations.live_scores import read_log
from evenstock.operations.ports import Snapshots, Store

_AT_ONCE: Final = 1_000
_PLANS: Final = 1_000
CHOSEN: Final = frozenset({Outcome.EXECUTED, Outcome.AWAITS_APPROVAL})
"""Outcomes that set stock aside."""


@dataclass(frozen=True)
class Evidence:
    """The company's books and tables over a period, whole days by UTC."""

    store: Store
    snapshots: Snapshots
    company: Company
    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"a period ends after it begins, not from {self.first} to {self.last}")

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time.min, UTC)

    def within(self, day: date) -> bool:
        return self.first <= day <= self.last

    @cached_property
    def decisions(self) -> Mapping[OrderId, tuple[DecisionRecord, DecisionRecord]]:
        """Of each order decided in the period its first and its last decision in it, decisions in shadow apart."""
        found: dict[OrderId, tuple[DecisionRecord, DecisionRecord]] = {}
        for record in self._records():
            if record.outcome is not Outcome.SHADOW and self.within(record.decided_at.astimezone(UTC).date()):
                first, _ = found.get(record.order, (record, record))
                found[record.order] = (first, record)
        return found

    @cached_property
    def orders(self) -> Mapping[OrderId, Order]:
        """Those decided in the period, as they were placed."""
        with self.store.reading() as books:
            return {name: order for name in self.decisions if (order := books.order(name)) is not None}

    @cached_property
    def served(self) -> Mapping[OrderId, DecisionRecord]:
        """The last decision of each order for which stock was set aside by it."""
        return {
            name: last
            for name, (_, last) in self.decisions.items()
            if last.outcome in CHOSEN and last.choice is not None and name in self.orders
        }

    @cached_property
    def movements(self) -> pl.DataFrame:
        with self.store.reading() as books:
            return books.movement_frame()

    @cached_property
    def balances(self) -> pl.DataFrame:
        with self.store.reading() as books:
            return books.balance_frame()

    @cached_property
    def transfers(self) -> list[TransferOrder]:
        with self.store.reading() as books:
            return books.transfers()

    @cached_property
    def plans(self) -> list[TransferPlan]:
        """The newest 1,000."""
        with self.store.reading() as books:
            return books.plans(_PLANS)

    @cached_property
    def forecast(self) -> Forecast | None:
        """The forecast last made; None before the first."""
        with self.store.reading() as books:
            digest = books.pointer("forecast")
        return read_forecast(self.snapshots.read(digest)) if digest else None

    @cached_property
    def scored(self) -> pl.DataFrame:
        """Forecast days that came, see `operations.live_scores.DAYS`."""
        return read_log(self.store, self.snapshots, SUBJECT)[0]

    def table(self, name: str) -> pl.DataFrame | None:
        return self.company.table(name)

    def _records(self) -> Iterator[DecisionRecord]:
        after = ""
        while True:
            with self.store.reading() as books:
                batch = books.decisions(_AT_ONCE, after)
            if not batch:
                return
            for kept in batch:
                record = decision_from(kept)
                yield record
                after = record.id
