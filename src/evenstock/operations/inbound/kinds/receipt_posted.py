"""`receipt.posted`: goods came in at a node: of a transfer of ours, or from a supplier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    Event,
    LotId,
    Movement,
    MovementId,
    NodeId,
    TransferId,
    digest,
)
from evenstock.operations.inbound.applying import Inbound, Told, one_word
from evenstock.operations.inbound.shapes import LOT, NAME, UNITS, each, record, said
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import ConflictError, Transaction
from evenstock.operations.transfers import ReceivedLine, receive_transfer

TYPE: Final = "receipt.posted"
TOGETHER: Final = False
DATA: Final = record(
    {"receipt": NAME, "lines": each(record({"sku": NAME, "received": UNITS}, {"lost": UNITS, "lot": LOT}))},
    {"transfer": NAME, "node": said("Needed where no transfer is named", NAME)},
)


def subject(data: Mapping[str, Any]) -> str:
    transfer = one_word(data, "transfer")
    return f"transfer:{transfer}" if transfer else f"receipt:{one_word(data, 'receipt')}"


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
    """Take in a receipt once, by its own number; with `transfer` what was under way, without it what a supplier sent to `node`."""
    data = told.data
    receipt = data.name("receipt")
    if not data.has("transfer"):
        return _from_supplier(at, books, told, receipt, now)
    lines = [
        ReceivedLine(line.sku(), line.units("received"), line.units("lost", default=0), LotId(line.name("lot", "")))
        for line in data.each("lines")
    ]
    transfer = TransferId(data.name("transfer"))
    after = receive_transfer(JoinedStore(books), transfer, receipt, lines, now)
    return f"transfer {transfer}: {sum(line.received for line in lines)} units received, {after.state}"


def _from_supplier(at: Inbound, books: Transaction, told: Told, receipt: str, now: datetime) -> str:
    data, node = told.data, told.data.node()
    lines = [(line.sku(), LotId(line.name("lot", "")), line.units("received", low=1)) for line in data.each("lines")]
    for sku, _, _ in lines:
        at.known(sku, node)
    key, request = f"receipt:{told.received.source}:{receipt}", digest([node, sorted(lines)])
    before = books.recall(key)
    if before is not None:
        if before.request != request:
            raise ConflictError(f"receipt {receipt} of {told.received.source} came before with other lines")
        return f"receipt {receipt} was taken in before"
    name = digest([told.received.source, receipt])[7:39]
    moves = [
        Movement(
            MovementId(f"receipt:{name}:{number}"),
            units,
            Account(sku, node, Bucket.OUTSIDE, lot, Cause.SUPPLIER),
            Account(sku, node, Bucket.AVAILABLE, lot),
            told.received.occurred_at,
            f"receipt {receipt}",
        )
        # In key order, so that two receipts never wait for each other in a circle.
        for number, (sku, lot, units) in enumerate(sorted(lines), 1)
    ]
    books.post(moves, now)
    books.publish([_event(name, node, receipt, moves, now)])
    books.remember(key, request, b"taken in", now)
    return f"{sum(move.units for move in moves)} units from the supplier at {node}"


def _event(name: str, node: NodeId, receipt: str, moves: list[Movement], now: datetime) -> Event:
    lines = [{"sku": m.source.sku, "lot": m.source.lot, "units": m.units} for m in moves]
    return Event(
        f"receipt:{name}", "GoodsReceived", f"node:{node}", now, {"node": node, "receipt": receipt, "lines": lines}
    )
