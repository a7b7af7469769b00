"""`shelf.counted`: somebody counted a shelf that was asked to be counted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.domain import LotId
from evenstock.operations.autonomy.adjusting import OTHER_SYSTEMS
from evenstock.operations.exceptions.count_shelf import ShelfCounted, count_shelf
from evenstock.operations.inbound.applying import Inbound, Told, done, one_word
from evenstock.operations.inbound.shapes import LOT, NAME, UNITS, record
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Transaction

TYPE: Final = "shelf.counted"
TOGETHER: Final = False
DATA: Final = record({"sku": NAME, "node": NAME, "units": UNITS}, {"lot": LOT, "by": NAME})


def subject(data: Mapping[str, Any]) -> str:
    return f"stock:{one_word(data, 'sku')}@{one_word(data, 'node')}"


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
    """Bring the books to the count and free what was frozen there; a count nobody asked for is `stock.observed`."""
    data = told.data
    sku, node = data.sku(), data.node()
    at.known(sku, node)
    by, lot = data.name("by", told.received.source), LotId(data.name("lot", ""))
    counted = ShelfCounted(told.name, node, sku, data.units("units"), by, now, lot)
    return done(count_shelf(JoinedStore(books), counted, rules=at.rules, actor=OTHER_SYSTEMS))
