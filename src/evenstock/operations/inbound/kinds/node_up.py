"""`node.up`: a node ships again, sooner than was said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.operations.exceptions.node_down import NodeUp
from evenstock.operations.exceptions.node_down import node_up as bring_up
from evenstock.operations.inbound.applying import Inbound, Told, done, one_word
from evenstock.operations.inbound.shapes import NAME, record
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Transaction

TYPE: Final = "node.up"
TOGETHER: Final = False
DATA: Final = record({"node": NAME}, {"by": NAME})


def subject(data: Mapping[str, Any]) -> str:
    return f"node:{one_word(data, 'node')}"


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
    """End the closure now."""
    data = told.data
    report = NodeUp(told.name, data.node(), data.name("by", told.received.source), now)
    return done(bring_up(JoinedStore(books), at.network, at.policy, report))
