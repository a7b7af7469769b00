"""A legal hold: what is known of an order's person must not be erased until somebody lifts it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.domain import OrderId, rfc3339
from evenstock.operations.ports import Entry, Store, StoreError, Transaction

KIND: Final = "legal_hold"
ON: Final = "on"
LIFTED: Final = "lifted"


class NotHeldError(StoreError):
    """There is no hold to lift."""


def hold(store: Store, order: OrderId, by: str, because: str, now: datetime) -> Mapping[str, Any]:
    """Hold it; one that is held already keeps its first reason. Raises ValueError without a reason."""
    if not because.strip():
        raise ValueError("a legal hold says why, such as the file number of the case")
    with store.transaction() as books:
        seen = books.entry(KIND, order)
        if seen is not None and seen.state == ON:
            return _told(seen)
        entry = Entry(KIND, order, {"by": by, "because": because, "at": rfc3339(now)}, seen.step + 1 if seen else 0, ON)
        if seen is None:
            books.enter(entry)
        else:
            books.change_entry(seen.step, entry)
        return _told(entry)


def lift(store: Store, order: OrderId, by: str, now: datetime) -> Mapping[str, Any]:
    """Raises NotHeldError where there is none."""
    with store.transaction() as books:
        seen = books.entry(KIND, order)
        if seen is None or seen.state != ON:
            raise NotHeldError(f"order {order} is not held")
        body = {**seen.body, "lifted_by": by, "lifted_at": rfc3339(now)}
        entry = Entry(KIND, order, body, seen.step + 1, LIFTED)
        books.change_entry(seen.step, entry)
        return _told(entry)


def held(books: Transaction, order: OrderId) -> str:
    """Why the order is held; empty where it is not. Locked until the transaction ends."""
    seen = books.entry(KIND, order)
    return str(seen.body["because"]) if seen is not None and seen.state == ON else ""


def _told(entry: Entry) -> dict[str, Any]:
    return {"order": entry.id, "state": entry.state, **entry.body}
