"""`node.down`: a node ships nothing until a moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.operations.exceptions.node_down import NodeDown
from evenstock.operations.exceptions.node_down import node_down as take_down
from evenstock.operations.inbound.applying import Inbound, Told, done, one_word
from evenstock.operations.inbound.shapes import MOMENT, NAME, TEXT, record
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Transaction

TYPE: Final = "node.down"
TOGETHER: Final = False
DATA: Final = record({"node": NAME, "until": MOMENT, "because": TEXT}, {"since": MOMENT})


def subject(data: Mapping[str, Any]) -> str:
    return f"node:{one_word(data, 'node')}"


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
    """Keep the closure; orders leave the node one by one with the cases that are due (`run_due`), not in this transaction."""
    data = told.data
    until = data.moment("until")
    since = data.moment("since") if data.has("since") else None
    if until <= max(now, since or now):
        raise data.wrong("until", "the node is up again by then; a closure ends after now and after it begins")
    report = NodeDown(told.name, data.node(), until, data.text("because"), now, since)
    return done(take_down(JoinedStore(books), at.network, at.policy, report, limit=0))
