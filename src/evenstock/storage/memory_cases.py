"""Orders as they were placed, and cases that wait, in memory."""

from __future__ import annotations

import heapq
from datetime import datetime

from evenstock.domain import Case, CaseId, CaseKind, CaseState, Order, OrderId
from evenstock.storage import bookkeeping as book
from evenstock.storage.memory_books import UnitOfWork


class CasesInMemory(UnitOfWork):
    """What was ordered, and what waits for a person or a moment."""

    def put_order(self, order: Order) -> None:
        seen = self._books.orders.get(order.id)
        if seen is None:
            self._put(self._books.orders, order.id, order)
        elif seen != order:
            raise book.other_order(order.id)

    def order(self, order: OrderId) -> Order | None:
        return self._books.orders.get(order)

    def put_case(self, case: Case) -> None:
        opened_as = book.opened(case)
        seen = self._books.cases.get(case.id)
        if seen is None:
            about = self._books.cases_about.get(case.about, ())
            self._put(self._books.cases, case.id, (case, opened_as))
            self._put(self._books.cases_about, case.about, (*about, case.id))
            self._put(self._books.open_cases, case.id, case.due_at)
        elif seen[1] != opened_as:
            raise book.opened_otherwise(case.id)

    def case(self, case: CaseId) -> Case | None:
        found = self._books.cases.get(case)
        return found[0] if found else None

    def cases(self, state: CaseState | None = None, kind: CaseKind | None = None, about: str = "") -> list[Case]:
        books = self._books
        # The few that are open, or about one thing, are found without looking through all there ever were.
        names = (
            books.cases_about.get(about, ()) if about else books.open_cases if state is CaseState.OPEN else books.cases
        )
        found = [
            case
            for case, _ in (books.cases[name] for name in names)
            if (state is None or case.state is state) and (kind is None or case.kind is kind)
        ]
        return sorted(found, key=lambda case: (case.due_at, case.id))

    def due_cases(self, now: datetime, limit: int) -> list[CaseId]:
        due = [(due_at, name) for name, due_at in self._books.open_cases.items() if due_at <= now]
        return [name for _, name in heapq.nsmallest(limit, due)]

    def change_case(self, seen_step: int, case: Case) -> None:
        book.next_step(seen_step, case)
        seen = self._books.cases.get(case.id)
        if seen is None or seen[0].step != seen_step:
            raise book.case_moved(case.id, seen_step, seen[0].step if seen else None)
        self._put(self._books.cases, case.id, (case, seen[1]))
        if case.state is CaseState.OPEN:
            self._put(self._books.open_cases, case.id, case.due_at)
        elif case.id in self._books.open_cases:
            self._drop(self._books.open_cases, case.id)
