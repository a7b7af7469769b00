"""`pick.released`: a node has begun to pick what was set aside for an order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.domain import ReservationId
from evenstock.operations.inbound.applying import Inbound, Told, one_word
from evenstock.operations.inbound.shapes import NAME, record
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Transaction
from evenstock.operations.reservations import post_reservation

TYPE: Final = "pick.released"
TOGETHER: Final = False
DATA: Final = record({"reservation": NAME})


def subject(data: Mapping[str, Any]) -> str:
    return f"reservation:{one_word(data, 'reservation')}"


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:  # noqa: ARG001 (as every kind)
    """Reserved becomes allocated."""
    name = ReservationId(told.data.name("reservation"))
    posted = post_reservation(JoinedStore(books), name, now)
    return f"{name} is released" if posted else f"{name} was released before"
