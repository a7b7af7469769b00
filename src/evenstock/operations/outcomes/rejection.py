"""Who rejected a plan, and why: the plan itself keeps its state alone."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import PlanId, rfc3339
from evenstock.operations.ports import Entry, Transaction

KIND: Final = "plan answer"


def keep_rejection(books: Transaction, plan: PlanId, by: str, because: str, now: datetime) -> None:
    """Keep it in the transaction that rejects the plan."""
    books.enter(Entry(KIND, str(plan), {"by": by, "because": because, "at": rfc3339(now)}, state="rejected"))
