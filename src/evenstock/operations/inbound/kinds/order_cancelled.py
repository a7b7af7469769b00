"""`order.cancelled`: the order, or some of its lines, shall not ship."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.domain import LineId, OrderId
from evenstock.operations.exceptions.cancel import CancelOrder, cancel_order
from evenstock.operations.inbound.applying import Inbound, Told, done, one_word
from evenstock.operations.inbound.shapes import NAME, TEXT, names, record, said
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Transaction

TYPE: Final = "order.cancelled"
TOGETHER: Final = False
DATA: Final = record(
    {"order": NAME}, {"because": TEXT, "by": NAME, "lines": said("Of the order; all where none is named", names(1_000))}
)


def subject(data: Mapping[str, Any]) -> str:
    return f"order:{one_word(data, 'order')}"


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
    """What was given back. One that comes before its order waits for it."""
    data = told.data
    report = CancelOrder(
        told.name,
        OrderId(data.name("order")),
        data.text("because", "cancelled"),
        data.name("by", told.received.source),
        now,
        tuple(LineId(line) for line in data.names("lines", most=1_000)),
    )
    return done(cancel_order(JoinedStore(books), at.network, at.policy, report))
