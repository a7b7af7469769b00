"""What opens a case: a plan to be reviewed, an order that nothing serves, stock that nobody released in time.

Apart from the queue that answers them, so that what decides about orders can open one in its own transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from evenstock.domain import (
    Case,
    CaseId,
    CaseKind,
    CaseState,
    DecisionRecord,
    OrderPlan,
    ReservationId,
    ReservationState,
)
from evenstock.operations.exceptions.questions import orders_in_question
from evenstock.operations.ports import Store, Transaction

OPERATIONS: Final = "operations lead"
REVIEW_WITHIN: Final = timedelta(hours=4)
"""How long a person has, unless the promise, the rule or the stock set aside leaves less."""
EXECUTE: Final = "execute"
_AT_DEADLINE: Final = {"cancel": "cancel_order"}
"""Actions by the word that a rule uses for them, where it differs."""
RETRY: Final = "retry"
FIRST_RETRY: Final = timedelta(hours=1)
LONGEST_RETRY: Final = timedelta(hours=24)
"""Between attempts at an order that nothing can serve: an hour, then twice as long each time, up to this."""
ASK_AFTER: Final = timedelta(days=2)
"""How long such an order is tried again in silence before a person is asked."""
OUT_OF_USE: Final = "out of service, or could not pick this order"
ANEW: Final = "anew"
"""Fact of a case whose order is decided again even where all of it is set aside."""


def open_review(
    books: Transaction,
    record: DecisionRecord,
    reservation: ReservationId,
    because: str,
    *,
    role: str = OPERATIONS,
    within: timedelta = REVIEW_WITHIN,
    latest: datetime | None = None,
    at_deadline: str = EXECUTE,
    suggestion: str = "",
) -> Case:
    """Ask a person about a plan that is reserved; in the transaction that reserves and records it.

    Parameters
    ----------
    reservation
        Holds the plan's stock: the deadline is never later than its time.
    within
        How long the person has.
    latest
        The last moment at which a release still keeps the promise: the deadline is never later either.
    at_deadline
        `execute`, `cancel` or `wait`, as rules say it, or the name of any action.
    """
    assert record.choice is not None, f"{record.id}: a person is asked about a plan"
    held = books.reservation(reservation)
    opened_at = record.decided_at
    limits = [opened_at + within, *([latest] if latest else []), *([held.expires_at] if held else [])]
    facts = {
        "decision": str(record.id),
        "reservation": str(reservation),
        "plan_cents": str(record.choice.cents),
        "next_cents": str(record.alternatives[0].cents) if record.alternatives else "",
    }
    case = Case(
        CaseId(f"review:{record.id}"),
        CaseKind.REVIEW,
        f"order:{record.order}",
        because,
        suggestion or f"ship {ways(record.choice)} for {dollars(record.choice.cents)}",
        _AT_DEADLINE.get(at_deadline, at_deadline),
        role,
        opened_at,
        max(opened_at, min(limits)),
        tuple(facts.items()),
    )
    close_overtaken(books, record, opened_at)
    books.put_case(case)
    return case


def open_unserved(books: Transaction, record: DecisionRecord) -> Case:
    """See to an order that nothing can serve now: tried again later, and a person is asked if that goes on.

    In the transaction that records the decision; an order of which such a case is open keeps that one.
    """
    about = f"order:{record.order}"
    there = books.cases(CaseState.OPEN, CaseKind.UNSERVED, about)
    if there:
        return there[0]
    case = Case(
        CaseId(f"unserved:{record.id}"),
        CaseKind.UNSERVED,
        about,
        record.sentence,
        "try again when stock or rules have changed",
        RETRY,
        "",
        record.decided_at,
        record.decided_at + FIRST_RETRY,
        (("decision", str(record.id)), ("tries", "1")),
    )
    books.put_case(case)
    return case


def close_overtaken(books: Transaction, record: DecisionRecord, now: datetime) -> None:
    """Close reviews of earlier plans of the order that this decision has replaced."""
    for case in books.cases(CaseState.OPEN, CaseKind.REVIEW, f"order:{record.order}"):
        if case.fact("decision") != record.id:
            books.change_case(case.step, case.closed(now, "system", f"overtaken: decided again as {record.id}"))


def ask_about_overdue(store: Store, now: datetime, limit: int = 1_000) -> list[Case]:
    """A case for each order whose reserved stock was not released in time: it keeps its stock until that is answered.

    A node may have picked it and not said so: therefore a person looks before it is decided again.
    """
    with store.reading() as books:
        kept = orders_in_question(books)
        # Those that are asked about already stay at the head: they must not use the limit up.
        due = [
            found for name in books.due(now, limit + 2 * len(kept)) if (found := books.reservation(name)) is not None
        ]
        late = [found for found in due if found.order not in kept and books.order(found.order) is not None][:limit]
    asked = []
    for found in late:
        nodes = ", ".join(dict.fromkeys(line.node for line in found.lines))
        case = Case(
            CaseId(f"overdue:{found.id}"),
            CaseKind.UNSERVED,
            f"order:{found.order}",
            f"set aside at {nodes} since {found.made_at:%Y-%m-%d %H:%M} UTC, and no pick was released by {found.expires_at:%Y-%m-%d %H:%M} UTC",
            f"ask {nodes} whether it was picked; else it is decided again",
            RETRY,
            OPERATIONS,
            now,
            now + REVIEW_WITHIN,
            (("reservation", str(found.id)), (ANEW, "1")),
        )
        with store.transaction() as books:
            again = books.reservation(found.id)
            if again is not None and again.state is ReservationState.PENDING and books.case(case.id) is None:
                books.put_case(case)
                asked.append(case)
    return asked


def ways(plan: OrderPlan) -> str:
    """How a plan ships, in words: `TX by ups:ground + PA by usps:priority`."""
    return " + ".join(f"{s.candidate.node} by {s.candidate.service}" for s in plan.shipments)


def dollars(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
