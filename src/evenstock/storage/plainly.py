"""A look at the books, answers written down, and all books side by side, by the single calls: what every store must equal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from evenstock.domain import CaseKind, CaseState, DecisionRecord, Event, Order, Sku
from evenstock.operations.audit.rows import audit_of
from evenstock.operations.autonomy.halting import KIND as HALT
from evenstock.operations.autonomy.halting import ON
from evenstock.operations.ports import Answer, Compared, ConflictError, Look, Remembered, Transaction

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
        books.entries(HALT, state=ON),
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


class _SingleError(Exception):
    """Takes back answers that cannot be kept together."""


def recall_and_look(
    books: Transaction, keys: Sequence[str], skus: Sequence[Sku], days: Sequence[date], now: datetime
) -> tuple[Mapping[str, Remembered], Look]:
    # In the order of the keys, so that two never wait for each other in a circle.
    known = {key: found for key in sorted(set(keys)) if (found := books.recall(key)) is not None}
    return known, books.look(skus, days, now)


def keep_together(
    books: Transaction,
    answers: Sequence[Answer],
    now: datetime,
    said: Sequence[tuple[str, str]],
    halts: Collection[str],
) -> bool:
    if any(entry.id not in halts for entry in books.entries(HALT, state=ON)):
        return False
    skus = {line.sku for one in answers for line in one.reservation.lines}
    if books.quotas(sorted(skus)):
        return False
    try:
        with books.whole():
            for one in answers:
                _keep(books, one, now)
            if said:
                audit_of(books).append_audit(said)
    except (_SingleError, ConflictError):
        return False
    return True


def _keep(books: Transaction, one: Answer, now: datetime) -> None:
    there = books.order(one.order.id) is not None or books.reservation(one.reservation.id) is not None
    if there or books.decision(one.decision.id) is not None:
        raise _SingleError
    if books.reserve(one.reservation, one.slots, order_class=one.order.order_class) is not None:
        raise _SingleError
    books.answer(one.decision, now, order=one.order, facts=one.facts, key=one.key, request=one.request)
    for said in one.also:
        books.remember(said.key, said.request, said.response, now)


def compared(books: Transaction) -> Compared:
    """Every item."""
    return Compared(books.balance_frame(), books.recompute_balances(), books.promised_frame(), books.outside_frame())
