"""`order.hold_released`: the doubt about a held order is gone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.domain import CaseKind, OrderId
from evenstock.operations.exceptions.hold import ReleaseHold, release_hold
from evenstock.operations.exceptions.questions import HOLDS
from evenstock.operations.inbound.applying import Inbound, Told, done, one_word
from evenstock.operations.inbound.shapes import NAME, TEXT, one_of, record
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Transaction

TYPE: Final = "order.hold_released"
TOGETHER: Final = False
REASONS: Final = tuple(sorted(kind.value for kind in HOLDS))
DATA: Final = record({"order": NAME, "reason": one_of(REASONS)}, {"by": NAME, "because": TEXT})


def subject(data: Mapping[str, Any]) -> str:
    return f"order:{one_word(data, 'order')}"


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
    """Let it go on. One that comes before its hold waits for it."""
    data = told.data
    report = ReleaseHold(
        told.name,
        OrderId(data.name("order")),
        CaseKind(data.one_of("reason", REASONS)),
        data.name("by", told.received.source),
        data.text("because", "released"),
        now,
    )
    return done(release_hold(JoinedStore(books), at.network, at.policy, report))
