"""What the figures of a period are made of, each read once and only where a figure asks for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl

from evenstock.domain import (
    Case,
    DecisionId,
    DecisionRecord,
    OrderId,
    Outcome,
    PlanId,
    PlanOutcome,
    TransferOrder,
    TransferPlan,
)
from evenstock.operations.audit.rows import AuditRow, audit_of
from evenstock.operations.company import Company
from evenstock.operations.decisions import decision_from
from evenstock.operations.demand_inputs import SUBJECT
from evenstock.operations.gate import LOG, OUTCOMES
from evenstock.operations.live_scores import read_log
from evenstock.operations.outcomes.period import Period
from evenstock.operations.ports import Snapshots, Store

_AT_ONCE: Final = 1_000
_PLANS: Final = 1_000
_ROWS: Final = 100_000
CHOSEN: Final = frozenset({Outcome.EXECUTED, Outcome.AWAITS_APPROVAL})
"""Outcomes that set stock aside."""


@dataclass(frozen=True)
class Told:
    """The company's books and tables over a period."""

    store: Store
    snapshots: Snapshots
    company: Company
    period: Period
    nodes: frozenset[str] | None = None
    """Only what belongs to these nodes; None for the whole company. An order belongs to the node that ships the first part of
    it, a transfer to its destination: each to one, so that nodes add up to the company."""

    def within(self, node: str) -> bool:
        """Whether what belongs to this node is asked about."""
        return self.nodes is None or node in self.nodes

    @cached_property
    def decisions(self) -> Sequence[DecisionRecord]:
        """Every decision made in the period, decisions in shadow among them, in the order recorded."""
        found: list[DecisionRecord] = []
        after = ""
        while True:
            with self.store.reading() as books:
                batch = books.decisions(_AT_ONCE, after)
            if not batch:
                return found
            records = [decision_from(kept) for kept in batch]
            found += [record for record in records if self.period.holds(record.decided_at)]
            after = records[-1].id

    @cached_property
    def first_decisions(self) -> Mapping[OrderId, DecisionRecord]:
        """The first decision in the period about each order, decisions in shadow apart."""
        found: dict[OrderId, DecisionRecord] = {}
        for record in self.decisions:
            if record.outcome is not Outcome.SHADOW:
                found.setdefault(record.order, record)
        return found

    @cached_property
    def served(self) -> Mapping[OrderId, DecisionRecord]:
        """The last decision in the period about each order for which stock was set aside by it."""
        last: dict[OrderId, DecisionRecord] = {}
        for record in self.decisions:
            if record.outcome is not Outcome.SHADOW:
                last[record.order] = record
        return {
            name: record
            for name, record in last.items()
            if record.outcome in CHOSEN and record.choice is not None and self.within(home(record))
        }

    @cached_property
    def shadow(self) -> int:
        """Decisions in shadow: nothing was done by them."""
        return sum(record.outcome is Outcome.SHADOW for record in self.decisions)

    @cached_property
    def cases(self) -> Sequence[Case]:
        """Opened in the period, by the moment they were."""
        with self.store.reading() as books:
            found = [case for case in books.cases() if self.period.holds(case.opened_at)]
        return sorted(found, key=lambda case: (case.opened_at, case.id))

    def behind(self, case: Case) -> DecisionRecord | None:
        """The decision that a case is about."""
        name = case.fact("decision")
        if not name:
            return None
        with self.store.reading() as books:
            kept = books.decision(DecisionId(name))
        return decision_from(kept) if kept is not None else None

    @cached_property
    def plans(self) -> Sequence[TransferPlan]:
        """The newest 1,000, newest first, of any day: one changed by hand later belongs to the one it was made from."""
        with self.store.reading() as books:
            return books.plans(_PLANS)

    @cached_property
    def plan_outcomes(self) -> Mapping[PlanId, PlanOutcome]:
        """Of plans whose goods have arrived and were judged."""
        with self.store.reading() as books:
            found = {plan.id: books.plan_outcome(plan.id) for plan in self.plans}
        return {name: outcome for name, outcome in found.items() if outcome is not None}

    @cached_property
    def transfers(self) -> Sequence[TransferOrder]:
        with self.store.reading() as books:
            return books.transfers()

    @cached_property
    def log_of_plans(self) -> Mapping[str, Sequence[AuditRow]]:
        """What the audit log says of these plans, by plan, in its order."""
        names = sorted({str(plan.id) for plan in self.plans if self.period.holds(plan.made_at)} | self._edited)
        found: dict[str, list[AuditRow]] = {}
        if names:
            with self.store.reading() as books:
                for row in audit_of(books).audit_about(names, _ROWS):
                    found.setdefault(row.about, []).append(row)
        return found

    @cached_property
    def _edited(self) -> set[str]:
        return {str(plan.id) for plan in self.plans if plan.edited_from is not None}

    @cached_property
    def scored(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Forecast days and sums of the period that came, see `operations.live_scores`; sums are known of the company alone."""
        days, sums, _ = read_log(self.store, self.snapshots, SUBJECT)
        inside = pl.col("date").is_between(self.period.first, self.period.last)
        if self.nodes is not None:
            days, sums = days.filter(pl.col("node").is_in(sorted(self.nodes))), sums.clear()
        return days.filter(inside), sums.filter(inside)

    @cached_property
    def regrets(self) -> pl.DataFrame:
        """Expected and realised regret of the period's decisions, in the columns of `operations.gate.OUTCOMES`."""
        with self.store.reading() as books:
            digest = books.pointer(LOG)
        if digest is None:
            return pl.DataFrame(schema=OUTCOMES)
        kept = next(iter(self.snapshots.read(digest).values()))
        seen = kept.filter(pl.col("day").is_between(self.period.first, self.period.last))
        if self.nodes is None:
            return seen
        own = [str(one.id) for one in self.decisions if one.choice is not None and self.within(home(one))]
        return seen.filter(pl.col("decision").is_in(own))

    def table(self, name: str) -> pl.DataFrame | None:
        """A table of what happens; None where it was not imported."""
        return self.company.table(name)


def home(record: DecisionRecord) -> str:
    """The one node to which an order's decision belongs: that of its first shipment; empty where none was chosen."""
    return str(record.choice.nodes[0]) if record.choice is not None else ""


def who_of(row: AuditRow) -> str:
    """Whoever did what a row of the log says: the person on whose behalf it was done, where one is named."""
    who: Mapping[str, Any] = json.loads(row.said)["who"]
    return str(who.get("on_behalf_of") or who.get("id", ""))
