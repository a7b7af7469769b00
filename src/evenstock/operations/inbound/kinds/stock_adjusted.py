"""`stock.adjusted`: units came in or went out beside orders and transfers; each event counts exactly once, in any order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
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
    StockBalance,
    Units,
    digest,
    plain,
)
from evenstock.operations.autonomy.adjusting import (
    MOVED,
    OTHER_SYSTEMS,
    asks_about_adjusting,
    keep_until_agreed,
    rule_on_adjustment,
)
from evenstock.operations.inbound.applying import Inbound, Planned, RefusedError, Told, one_word
from evenstock.operations.inbound.fields import MOST_UNITS
from evenstock.operations.inbound.shapes import LOT, NAME, TEXT, one_of, record, said, whole
from evenstock.operations.ports import ConflictError, Move, StoreError, Transaction

TYPE: Final = "stock.adjusted"
TOGETHER: Final = True
CAUSES: Final = ("count", "damage", "lost", "return", "supplier", "customer")
_TRIES: Final = 3
DATA: Final = record(
    {"sku": NAME, "node": NAME, "units": said("Below zero: out; never zero", whole(-MOST_UNITS, MOST_UNITS))},
    {"lot": LOT, "cause": one_of(CAUSES), "because": TEXT},
)


def subject(data: Mapping[str, Any]) -> str:
    return f"stock:{one_word(data, 'sku')}@{one_word(data, 'node')}"


@dataclass(frozen=True, slots=True)
class _Adjustment:
    """An event as it was read."""

    name: str
    source: str
    sku: Sku
    node: NodeId
    lot: LotId
    units: int
    """Below zero: out."""
    cause: Cause
    because: str
    occurred_at: datetime


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
    """Move `units` (below zero: out) between the shelf and the outside; what was promised beyond the shelf is a shortfall."""
    said = _said(at, told)
    asking = asks_about_adjusting(books, at.rules, now, OTHER_SYSTEMS)
    if asking is not None:
        ruled = rule_on_adjustment(asking, said.sku, said.node, said.units, said.occurred_at)
        if ruled.refused is not None:
            raise RefusedError(ruled.refused.because)
        if ruled.asks is not None:
            return keep_until_agreed(books, asking, ruled, said.name, {"kind": MOVED, **plain(said)}, said.units)
        ruled.say(books, subject(told.data.said))
    return _done(books, said, now)


def carry_out(books: Transaction, content: Mapping[str, Any], now: datetime) -> str:
    """Do what was kept until people agreed."""
    fields = {name: value for name, value in content.items() if name != "kind"}
    moved = datetime.fromisoformat(fields.pop("occurred_at"))
    return _done(books, _Adjustment(**fields | {"cause": Cause(fields["cause"]), "occurred_at": moved}), now)


def _done(books: Transaction, said: _Adjustment, now: datetime) -> str:
    sentence, facts = _told(said, _post(books, said, now))
    books.publish(facts)
    return sentence


def plan(at: Inbound, told: Told) -> Planned:
    """The same, as a step among others."""
    said = _said(at, told)
    return Planned(Move(said.sku, said.node, said.lot, partial(_moves, said)), partial(_told, said))


def _said(at: Inbound, told: Told) -> _Adjustment:
    data = told.data
    sku, node, lot = data.sku(), data.node(), LotId(data.name("lot", ""))
    units = data.whole("units", -MOST_UNITS, MOST_UNITS)
    if not units:
        raise data.wrong("units", "zero units adjust nothing")
    cause = Cause(data.one_of("cause", CAUSES, "count"))
    because = data.text("because", "adjusted")
    at.known(sku, node)
    received = told.received
    name = "adjusted:" + digest([received.source, received.id])[7:39]
    because = f"{because} ({received.source})"
    return _Adjustment(name, received.source, sku, node, lot, units, cause, because, received.occurred_at)


def _told(said: _Adjustment, moves: Sequence[Movement]) -> tuple[str, Sequence[Event]]:
    short = sum(move.units for move in moves if move.source.bucket is Bucket.SHORTFALL)
    body = {"source": said.source, "units": said.units, "lot": said.lot, "cause": said.cause.value, "short": short}
    fact = Event(said.name, "StockAdjusted", f"stock:{said.sku}@{said.node}", said.occurred_at, body)
    return f"{said.units:+} units" + (f", {short} of them promised: a shortfall" if short else ""), (fact,)


def _post(books: Transaction, said: _Adjustment, now: datetime) -> Sequence[Movement]:
    """Post what the shelf gives. The reading is only a hint; the store refuses to go below zero, and then we look again."""
    for attempt in range(1, _TRIES + 1):
        there = (b for b in books.balances([said.sku]) if (b.node, b.lot) == (said.node, said.lot))
        moves = _moves(said, next(there, StockBalance(said.sku, said.node, said.lot)))
        try:
            books.post(moves, now)
        except ConflictError:
            raise
        except StoreError:
            if attempt == _TRIES:
                raise
        else:
            return moves
    raise AssertionError("unreachable")


def _moves(said: _Adjustment, there: StockBalance) -> list[Movement]:
    sku, node, lot, units = said.sku, said.node, said.lot, said.units
    world = Account(sku, node, Bucket.OUTSIDE, lot, said.cause)
    shelf = Account(sku, node, Bucket.AVAILABLE, lot)
    if units > 0:
        return [Movement(MovementId(f"{said.name}:in"), Units(units), world, shelf, said.occurred_at, said.because)]
    on_hand = there.on_hand - there.shortfall
    if on_hand < -units:
        raise RefusedError(
            f"{-units} units of {sku} left {node}, where the books have {on_hand}; count there, and replay"
        )
    from_shelf = min(there.available, -units)
    promised = Account(sku, node, Bucket.SHORTFALL, lot)
    parts = (("out", from_shelf, shelf), ("promised", -units - from_shelf, promised))
    return [
        Movement(MovementId(f"{said.name}:{what}"), Units(some), source, world, said.occurred_at, said.because)
        for what, some, source in parts
        if some
    ]
