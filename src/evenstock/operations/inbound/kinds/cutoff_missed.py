"""`cutoff.missed`: an order was not released in time to leave on its day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.domain import OrderId
from evenstock.operations.exceptions.cutoff_missed import CutoffMissed
from evenstock.operations.exceptions.cutoff_missed import cutoff_missed as take_in
from evenstock.operations.inbound.applying import Inbound, Told, done, one_word
from evenstock.operations.inbound.shapes import NAME, record
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Transaction

TYPE: Final = "cutoff.missed"
TOGETHER: Final = False
DATA: Final = record({"order": NAME})


def subject(data: Mapping[str, Any]) -> str:
    return f"order:{one_word(data, 'order')}"


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
    """Say by how much later it leaves; elsewhere only where that saves more than a switch costs."""
    report = CutoffMissed(told.name, OrderId(told.data.name("order")), now)
    return done(take_in(JoinedStore(books), at.network, at.policy, report))
