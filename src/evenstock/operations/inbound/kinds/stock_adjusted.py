"""`stock.adjusted`: units came in or went out beside orders and transfers; each event counts exactly once, in any order."""

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
    Sku,
    Units,
    digest,
)
from evenstock.operations.inbound.applying import Inbound, RefusedError, Told, one_word
from evenstock.operations.inbound.fields import MOST_UNITS
from evenstock.operations.ports import ConflictError, StoreError, Transaction

TYPE: Final = "stock.adjusted"
TOGETHER: Final = True
CAUSES: Final = ("count", "damage", "lost", "return", "supplier", "customer")
_TRIES: Final = 3


def subject(data: Mapping[str, Any]) -> str:
    return f"stock:{one_word(data, 'sku')}@{one_word(data, 'node')}"


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
    """Move `units` (below zero: out) between the shelf and the outside; what was promised beyond the shelf is a shortfall."""
    data = told.data
    sku, node, lot = data.sku(), data.node(), LotId(data.name("lot", ""))
    units = data.whole("units", -MOST_UNITS, MOST_UNITS)
    if not units:
        raise data.wrong("units", "zero units adjust nothing")
    cause = Cause(data.one_of("cause", CAUSES, "count"))
    because = data.text("because", "adjusted")
    at.known(sku, node)
    name = "adjusted:" + digest([told.received.source, told.received.id])[7:39]
    moves = _post(books, name, (sku, node, lot), units, (cause, f"{because} ({told.received.source})", now), told)
    short = sum(move.units for move in moves if move.source.bucket is Bucket.SHORTFALL)
    body = {"source": told.received.source, "units": units, "lot": lot, "cause": cause.value, "short": short}
    books.publish([Event(name, "StockAdjusted", f"stock:{sku}@{node}", told.received.occurred_at, body)])
    return f"{units:+} units" + (f", {short} of them promised: a shortfall" if short else "")


def _post(
    books: Transaction,
    name: str,
    key: tuple[Sku, NodeId, LotId],
    units: int,
    why: tuple[Cause, str, datetime],
    told: Told,
) -> list[Movement]:
    """Post what the shelf gives. The reading is only a hint; the store refuses to go below zero, and then we look again."""
    for attempt in range(1, _TRIES + 1):
        moves = _moves(books, name, key, units, why, told.received.occurred_at)
        try:
            books.post(moves, why[2])
        except ConflictError:
            raise
        except StoreError:
            if attempt == _TRIES:
                raise
        else:
            return moves
    raise AssertionError("unreachable")


def _moves(
    books: Transaction,
    name: str,
    key: tuple[Sku, NodeId, LotId],
    units: int,
    why: tuple[Cause, str, datetime],
    occurred_at: datetime,
) -> list[Movement]:
    sku, node, lot = key
    cause, because, _ = why
    world = Account(sku, node, Bucket.OUTSIDE, lot, cause)
    shelf = Account(sku, node, Bucket.AVAILABLE, lot)
    if units > 0:
        return [Movement(MovementId(f"{name}:in"), Units(units), world, shelf, occurred_at, because)]
    there = next((b for b in books.balances([sku]) if (b.node, b.lot) == (node, lot)), None)
    on_hand = there.on_hand - there.shortfall if there else 0
    if there is None or on_hand < -units:
        raise RefusedError(
            f"{-units} units of {sku} left {node}, where the books have {on_hand}; count there, and replay"
        )
    from_shelf = min(there.available, -units)
    promised = Account(sku, node, Bucket.SHORTFALL, lot)
    parts = (("out", from_shelf, shelf), ("promised", -units - from_shelf, promised))
    return [
        Movement(MovementId(f"{name}:{what}"), Units(some), source, world, occurred_at, because)
        for what, some, source in parts
        if some
    ]
