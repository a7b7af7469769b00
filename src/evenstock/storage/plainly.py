"""A look at the books, an answer written down, and all books side by side, by the single calls: what every store must equal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from evenstock.domain import CaseKind, CaseState, DecisionRecord, Event, Order, Sku
from evenstock.operations.ports import Compared, Look, Transaction

OUT = (CaseKind.CARRIER, CaseKind.NODE_DOWN)
"""Kinds of cases that say that something is out of service."""


def look(books: Transaction, skus: Sequence[Sku], days: Sequence[date], now: datetime) -> Look:
    cases = [case for kind in OUT for case in books.cases(CaseState.OPEN, kind)]
    return Look(
        books.balances(skus),
        books.prices(skus, now),
        books.quotas(skus),
        books.slots_taken(days),
        books.capacity_prices(days, now),
        sorted(cases, key=lambda case: (case.due_at, case.id)),
    )


def answer(
    books: Transaction,
    decision: DecisionRecord,
    now: datetime,
    *,
    order: Order | None,
    facts: Sequence[Event],
    key: str,
    request: str,
) -> None:
    with books.whole():
        if order is not None:
            books.put_order(order)
        books.record(decision)
        books.publish(facts)
        if key:
            books.remember(key, request, decision.canonical(), now)


def compared(books: Transaction) -> Compared:
    """Every item."""
    return Compared(books.balance_frame(), books.recompute_balances(), books.promised_frame(), books.outside_frame())
