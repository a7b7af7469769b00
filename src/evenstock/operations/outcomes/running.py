"""What running the system costs: what the company enters, by month, and what the books measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final

from evenstock.domain import rfc3339
from evenstock.operations.outcomes.period import month
from evenstock.operations.outcomes.told import Told
from evenstock.operations.ports import Entry, Store, Transaction
from evenstock.operations.runs.keeping import RunState, runs

KIND: Final = "running costs"
_RUNS: Final = 1_000


@dataclass(frozen=True, slots=True)
class RunningCosts:
    """What a company enters; holds from a month on until a later one is entered. Whole cents."""

    licence_cents_month: int = 0
    servers_cents_month: int = 0
    """Machines, database, storage, backups."""
    other_cents_month: int = 0
    """Such as the people who look after it."""
    person_cents_hour: int = 4_500
    """Of whoever answers questions; 45.00 is a guess until somebody enters his own."""
    minutes_an_answer: int = 3
    """A person's work on one question: how long it waited is measured, how long it took to answer is not."""
    call_cents_thousand: int = 0
    """Price of a thousand calls of carriers' interfaces."""
    calls_month: int = 0
    """Calls of carriers' interfaces a month, as carriers bill them."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int) or value < 0:
                raise ValueError(f"running costs: {field.name} is a whole number and not below zero, not {value!r}")


@dataclass(frozen=True, slots=True)
class Entered:
    """Running costs in force in a month, and who entered them."""

    costs: RunningCosts
    since: str
    """First month; empty where nobody entered any, and the defaults hold."""
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class CostRow:
    """One part of the cost of running."""

    what: str
    cents: int
    quantity: float
    unit: str
    entered: bool
    """Whether the company said the price, or both price and quantity; else nobody did, and the default is used."""
    definition: str


@dataclass(frozen=True, slots=True)
class Running:
    """The cost of running a period; the rows add up to it."""

    rows: tuple[CostRow, ...]
    measured: tuple[tuple[str, float, str], ...]
    """What the books measure beside it, and nobody is charged for: what, how much, definition."""
    entered: Entered

    @property
    def cents(self) -> int:
        return sum(row.cents for row in self.rows)


def enter_costs(store: Store, since: str, costs: RunningCosts, *, by: str, now: datetime) -> None:
    """Let these costs hold from a month (as 2026-10) on; entered again for the same month, the newer ones hold.

    Raises ValueError for something that is no month, or where nobody says who enters them.
    """
    month(since)
    if not by.strip():
        raise ValueError("running costs: say who enters them")
    body = {**asdict(costs), "by": by.strip(), "at": rfc3339(now)}
    with store.transaction() as books:
        found = books.entry(KIND, since)
        if found is None:
            books.enter(Entry(KIND, since, body, state="entered"))
        elif {**found.body, "at": ""} != {**body, "at": ""}:
            books.change_entry(found.step, Entry(KIND, since, body, found.step + 1, "entered"))


def costs_in(books: Transaction, wanted: str) -> Entered:
    """What holds in a month: the latest entered for it or before it; the defaults where nothing was."""
    held = [entry for entry in books.entries(KIND) if entry.id <= wanted]
    if not held:
        return Entered(RunningCosts(), "", "", "")
    last = max(held, key=lambda entry: entry.id)
    body: Mapping[str, Any] = last.body
    return Entered(
        RunningCosts(**{field.name: body[field.name] for field in fields(RunningCosts)}),
        last.id,
        body["by"],
        body["at"],
    )


def running(told: Told, answered: int, waited_minutes: float, cpu_s: float | None = None) -> Running:
    """What the period cost to run.

    Parameters
    ----------
    answered
        Recommendations that people answered in it.
    waited_minutes
        Minutes that these waited, all together.
    cpu_s
        Seconds of processor time of the period's decisions, where somebody measured it.
    """
    period = told.period
    with told.store.reading() as books:
        entered = costs_in(books, f"{period.first:%Y-%m}")
        taken = _runs_of(told, books)
    costs, known = entered.costs, bool(entered.since)
    months = period.days / _days_of_month(told)
    minutes = answered * costs.minutes_an_answer
    rows = [
        _monthly("licence", costs.licence_cents_month, months, known, "what is paid for the program: 0, it is free"),
        _monthly("servers", costs.servers_cents_month, months, known, "machines, database, storage and backups"),
        _monthly("other", costs.other_cents_month, months, known, "whatever else the company counts"),
        CostRow(
            "people", round(minutes * costs.person_cents_hour / 60), float(minutes), "minutes", known,
            f"{answered:,} answers of people, {costs.minutes_an_answer} minutes each, at"
            f" {costs.person_cents_hour / 100:,.2f} an hour",
        ),
        CostRow(
            "carrier calls", round(months * costs.calls_month * costs.call_cents_thousand / 1_000),
            months * costs.calls_month, "calls", known, "calls of carriers' interfaces at what a thousand cost",
        ),
    ]  # fmt: skip
    measured = [
        ("decisions", float(len(told.decisions)), "decisions recorded in the period, those in shadow among them"),
        ("questions answered by people", float(answered), "of recommendations made in the period: adopted, edited, refused"),
        ("minutes waited in the queue", waited_minutes, "from recommendation to a person's answer, added up"),
        ("minutes of runs", taken, "of the worker's runs of the period, by the clock on the wall"),
    ]  # fmt: skip
    if cpu_s is not None:
        measured.append(
            ("processor seconds of decisions", cpu_s, "measured a decision when the report was made, times decisions")
        )
    return Running(tuple(rows), tuple(measured), entered)


def _monthly(what: str, cents: int, months: float, known: bool, definition: str) -> CostRow:
    return CostRow(what, round(cents * months), months, "months", known, definition)


def _days_of_month(told: Told) -> int:
    return month(f"{told.period.first:%Y-%m}", told.period.zone).days


def _runs_of(told: Told, books: Transaction) -> float:
    """Minutes of the runs that began in the period and are not forgotten yet."""
    minutes, after = 0.0, ""
    while batch := runs(books, after=after, limit=_RUNS):
        for run in batch:
            if run.state is RunState.DONE and run.begun_at and run.ended_at and told.period.holds(run.begun_at):
                minutes += (run.ended_at - run.begun_at).total_seconds() / 60.0
        after = batch[-1].id
    return minutes


__all__ = ["CostRow", "Entered", "Running", "RunningCosts", "costs_in", "enter_costs", "running"]
