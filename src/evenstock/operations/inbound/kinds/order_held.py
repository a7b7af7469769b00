"""`order.held`: the order must not be released until somebody says so, such as while fraud is looked into."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from evenstock.domain import CaseKind, OrderId
from evenstock.operations.exceptions.hold import CANCEL, RELEASE, HoldOrder, hold_order
from evenstock.operations.exceptions.questions import HOLDS
from evenstock.operations.inbound.applying import Inbound, Told, done, one_word
from evenstock.operations.inbound.shapes import NAME, TEXT, one_of, record, whole
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Transaction

TYPE: Final = "order.held"
TOGETHER: Final = False
REASONS: Final = tuple(sorted(kind.value for kind in HOLDS))
_AT_DEADLINE: Final = {"cancel": CANCEL, "release": RELEASE}
DATA: Final = record(
    {"order": NAME, "reason": one_of(REASONS), "because": TEXT},
    {"within_hours": whole(1, 24 * 90), "at_deadline": one_of(_AT_DEADLINE)},
)


def subject(data: Mapping[str, Any]) -> str:
    return f"order:{one_word(data, 'order')}"


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
    """Hold it; what its hold does at the deadline is said by `at_deadline`."""
    data = told.data
    kind = CaseKind(data.one_of("reason", REASONS))
    report = HoldOrder(
        told.name,
        OrderId(data.name("order")),
        kind,
        data.text("because"),
        now,
        data.hours("within_hours", timedelta(hours=48)),
        _AT_DEADLINE[data.one_of("at_deadline", tuple(_AT_DEADLINE), "cancel")],
    )
    return done(hold_order(JoinedStore(books), at.network, at.policy, report))
