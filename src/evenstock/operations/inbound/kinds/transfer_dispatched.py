"""`transfer.dispatched`: a transfer has left its origin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.domain import LotId, TransferId
from evenstock.operations.inbound.applying import Inbound, Told, one_word
from evenstock.operations.inbound.shapes import LOT, NAME, UNITS, each, record
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Transaction
from evenstock.operations.transfers import dispatch_transfer

TYPE: Final = "transfer.dispatched"
TOGETHER: Final = False
DATA: Final = record({"transfer": NAME}, {"lines": each(record({"sku": NAME, "dispatched": UNITS}, {"lot": LOT}))})


def subject(data: Mapping[str, Any]) -> str:
    return f"transfer:{one_word(data, 'transfer')}"


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:  # noqa: ARG001 (as every kind)
    """What was loaded is under way; everything ordered where no `lines` say what was loaded."""
    data = told.data
    loaded = None
    if data.has("lines"):
        loaded = {(line.sku(), LotId(line.name("lot", ""))): line.units("dispatched") for line in data.each("lines")}
    sent = dispatch_transfer(JoinedStore(books), TransferId(data.name("transfer")), now, loaded)
    units = sum(line.dispatched for line in sent.transfer.lines)
    return f"transfer {sent.transfer.id}: {units} units left, {len(sent.short)} lines short"
