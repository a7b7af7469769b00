"""What a report of an exception gives back, and how a report that comes twice is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from evenstock.domain import Case, CaseId, CaseState, OrderId, Refuse, canonical_json, plain
from evenstock.operations.ports import Store, Transaction


class Report(Protocol):
    """Somebody says that something went wrong."""

    @property
    def id(self) -> str:
        """Made by whoever reports it: the same report has the same id."""

    @property
    def now(self) -> datetime: ...

    @property
    def request(self) -> str:
        """Digest of what it says: under one id it says one thing."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A report that was taken in: what was done at once, and the cases in which the rest goes on."""

    sentence: str
    cases: tuple[CaseId, ...] = ()


@dataclass(frozen=True, slots=True)
class Handled:
    """How things stand after a report."""

    report: str
    sentence: str
    """What was done at once."""
    cases: tuple[Case, ...]
    """Everything that followed from it, as it stands now; the open ones by their deadline."""
    repeated: bool = False
    """The same report had come before: nothing was changed."""

    @property
    def waiting(self) -> tuple[Case, ...]:
        return tuple(sorted((c for c in self.cases if c.state is CaseState.OPEN), key=lambda c: (c.due_at, c.id)))

    @property
    def state(self) -> str:
        return "open" if self.waiting else "settled"

    @property
    def next_action(self) -> str:
        """What happens next, in words; empty where nothing does."""
        return self.waiting[0].suggestion if self.waiting else ""

    @property
    def deadline(self) -> datetime | None:
        """When it happens by itself; None where nothing does."""
        return self.waiting[0].due_at if self.waiting else None

    @property
    def needs_person(self) -> bool:
        return any(case.role for case in self.waiting)


def seen(books: Transaction, report: Report, request: str) -> Taken | Refuse | None:
    """What this report did when it came before, a refusal if it came with other content, None if it is new."""
    kept = books.recall(f"exception:{report.id}")
    if kept is None:
        return None
    if kept.request != request:
        return Refuse(f"report {report.id} came before with other content; give each report its own id")
    said = json.loads(kept.response)
    return Taken(said["sentence"], tuple(CaseId(name) for name in said["cases"]))


def keep(books: Transaction, report: Report, request: str, taken: Taken) -> None:
    """Keep what a report did with its effect."""
    said = canonical_json({"sentence": taken.sentence, "cases": list(taken.cases)})
    books.remember(f"exception:{report.id}", request, said, report.now)


def take_once(
    store: Store, report: Report, take_in: Callable[[Transaction], Taken | Refuse]
) -> tuple[Taken | Refuse, bool]:
    """Take a report in with its effect, in one transaction; or what it did when it came before, and that it did.

    A report that `take_in` refuses has changed nothing and is not kept.
    """
    with store.transaction() as books:
        told = seen(books, report, report.request)
        if told is not None:
            return told, isinstance(told, Taken)
        told = take_in(books)
        if isinstance(told, Taken):
            keep(books, report, report.request, told)
        return told, False


def answered(store: Store, report: Report, once: tuple[Taken | Refuse, bool]) -> Handled | Refuse:
    """What whoever reported reads, from what `take_once` gave."""
    told, repeated = once
    return told if isinstance(told, Refuse) else handled(store, report, told, repeated=repeated)


def handled(store: Store, report: Report, taken: Taken, *, repeated: bool) -> Handled:
    """The report with its cases as they stand now."""
    with store.reading() as books:
        cases = tuple(case for name in taken.cases if (case := books.case(name)) is not None)
    return Handled(report.id, taken.sentence, cases, repeated)


def reported(store: Store, name: str) -> Handled | None:
    """How things stand after the report of this id; None if none came."""
    with store.reading() as books:
        kept = books.recall(f"exception:{name}")
        if kept is None:
            return None
        told = json.loads(kept.response)
        cases = tuple(case for each in told["cases"] if (case := books.case(CaseId(each))) is not None)
    return Handled(name, told["sentence"], cases, repeated=True)


def document(answer: Handled) -> dict[str, object]:
    """What a report came to, as JSON."""
    return {
        "report": answer.report,
        "repeated": answer.repeated,
        "state": answer.state,
        "sentence": answer.sentence,
        "next_action": answer.next_action,
        "deadline": answer.deadline,
        "needs_person": answer.needs_person,
        "cases": [plain(case) for case in answer.cases],
    }


# --- cases about orders ----------------------------------------------------------------------------------------------


def about_order(order: OrderId) -> str:
    return f"order:{order}"


def order_of(case: Case) -> OrderId:
    """The order a case is about; empty where it is about something else."""
    kind, _, name = case.about.partition(":")
    return OrderId(name if kind == "order" else "")


def with_facts(case: Case, **facts: str) -> Case:
    """The same case with these facts in the place of those of the same name; its step is left alone."""
    return replace(case, facts=tuple((dict(case.facts) | facts).items()))


def close_all(books: Transaction, cases: Sequence[Case], now: datetime, by: str, resolution: str) -> None:
    for case in cases:
        books.change_case(case.step, case.closed(now, by, resolution))
