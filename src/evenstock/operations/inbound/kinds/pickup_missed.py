"""`pickup.missed`: a carrier's service did not pick up at a node."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.operations.exceptions.missed_pickup import MissedPickup, missed_pickup
from evenstock.operations.inbound.applying import Inbound, Told, done, one_word
from evenstock.operations.inbound.shapes import DAY, MOMENT, NAME, record
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Transaction

TYPE: Final = "pickup.missed"
TOGETHER: Final = False
DATA: Final = record({"node": NAME, "service": NAME, "day": DAY}, {"until": MOMENT})


def subject(data: Mapping[str, Any]) -> str:
    return f"node:{one_word(data, 'node')}"


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
    """Decide anew what was not released, and ask about what is packed."""
    data = told.data
    until = data.moment("until") if data.has("until") else None
    if until is not None and until <= now:
        raise data.wrong("until", "a failure ends after now")
    report = MissedPickup(told.name, data.node(), data.name("service"), data.day("day"), now, until)
    return done(missed_pickup(JoinedStore(books), at.network, at.policy, report))
