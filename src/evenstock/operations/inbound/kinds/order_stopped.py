"""`order.stopped`: a node did not ship what it was asked to stop."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.domain import OrderId
from evenstock.operations.exceptions.stop import NodeStopped, node_stopped
from evenstock.operations.inbound.applying import Inbound, Told, done, one_word
from evenstock.operations.inbound.shapes import NAME, record
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Transaction

TYPE: Final = "order.stopped"
TOGETHER: Final = False
DATA: Final = record({"order": NAME, "node": NAME}, {"by": NAME})


def subject(data: Mapping[str, Any]) -> str:
    return f"order:{one_word(data, 'order')}"


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:  # noqa: ARG001 (as every kind)
    """What was allocated there is free again."""
    data = told.data
    by = data.name("by", told.received.source)
    report = NodeStopped(told.name, OrderId(data.name("order")), data.node(), by, now)
    return done(node_stopped(JoinedStore(books), report))
