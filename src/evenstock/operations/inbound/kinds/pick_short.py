"""`pick.short`: a picker found fewer units than the books said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.domain import OrderId
from evenstock.operations.exceptions.short_pick import ShortPick, short_pick
from evenstock.operations.inbound.applying import Inbound, Told, done, one_word
from evenstock.operations.inbound.shapes import FLAG, NAME, UNITS, record
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Transaction

TYPE: Final = "pick.short"
TOGETHER: Final = False
DATA: Final = record({"order": NAME, "node": NAME, "sku": NAME, "found": UNITS}, {"together": FLAG})


def subject(data: Mapping[str, Any]) -> str:
    return f"order:{one_word(data, 'order')}"


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
    """Freeze what is missing, and route it again."""
    data = told.data
    report = ShortPick(
        told.name,
        OrderId(data.name("order")),
        data.node(),
        data.sku(),
        data.units("found"),
        now,
        data.flag("together", default=False),
    )
    return done(short_pick(JoinedStore(books), at.network, at.policy, report))
