"""Who answered a plan, when and why: the plan itself keeps its state alone."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import PlanId, PlanState, rfc3339
from evenstock.operations.ports import Entry, Transaction

KIND: Final = "plan answer"


def keep_answer(books: Transaction, plan: PlanId, to: PlanState, by: str, because: str, now: datetime) -> None:
    """Keep it in the transaction that moves the plan to its last state."""
    books.enter(Entry(KIND, str(plan), {"by": by, "because": because, "at": rfc3339(now)}, state=to.value))
