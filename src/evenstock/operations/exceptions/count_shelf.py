"""A shelf where a pick came up short was counted, or was not: what happens to the units frozen there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from evenstock.domain import (
    UNTRACKED,
    Account,
    Bucket,
    Case,
    CaseKind,
    CaseState,
    Cause,
    Event,
    LotId,
    Movement,
    MovementId,
    NodeId,
    Refuse,
    Sku,
    StockObservation,
    Units,
    digest,
    refuse_naive,
)
from evenstock.operations.exceptions.answer import Handled, Taken, answered, close_all, take_once, with_facts
from evenstock.operations.ports import Store, Transaction

ASKED: Final = 3
"""Times a shelf is asked to be counted, before what was not found is written off."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ShelfCounted:
    """Somebody counted all units of an item (and lot) at a node."""

    id: str
    node: NodeId
    sku: Sku
    units: int
    by: str
    now: datetime
    lot: LotId = UNTRACKED

    def __post_init__(self) -> None:
        refuse_naive(self.now, self.id)
        if not self.id or self.units < 0:
            raise ValueError(f"count {self.id!r}: it has an id, and the units counted are zero or more")

    @property
    def request(self) -> str:
        return digest(["shelf counted", self.node, self.sku, self.lot, self.units])


def count_shelf(store: Store, report: ShelfCounted) -> Handled | Refuse:
    """Bring the books to what was counted, free the units frozen there, and answer every question about the shelf."""
    return answered(store, report, take_once(store, report, lambda books: _counted(books, report)))


def _counted(books: Transaction, report: ShelfCounted) -> Taken | Refuse:
    asked = open_counts(books, report.sku, report.node)
    if not asked:
        return Refuse(f"nobody asked for a count of {report.sku} at {report.node}; import it as a count instead")
    booked = sum(
        b.on_hand - b.shortfall for b in books.balances([report.sku]) if (b.node, b.lot) == (report.node, report.lot)
    )
    version = (report.now - _EPOCH) // timedelta(microseconds=1)
    said = StockObservation("count", report.sku, report.node, Units(report.units), report.now, version, report.lot)
    books.adjust_on_hand(said, f"count {report.id} by {report.by}", report.now)
    for case in asked:
        _move_frozen(books, case, f"{case.id}:freed", None, report.now)
    resolution = f"{report.units} counted by {report.by}"
    counted = {"counted": str(report.units), "booked": str(booked), "lot": str(report.lot)}
    close_all(books, [with_facts(case, **counted) for case in asked], report.now, report.by, resolution)
    body = {"counted": report.units, "lot": report.lot, "by": report.by, "cases": [case.id for case in asked]}
    about = f"stock:{report.sku}@{report.node}"
    books.publish([Event(f"{report.id}:counted", "ShelfCounted", about, report.now, body)])
    return Taken(f"{report.sku} at {report.node}: {resolution}", tuple(case.id for case in asked))


def open_counts(books: Transaction, sku: Sku, node: NodeId) -> Sequence[Case]:
    """Open requests to count this shelf."""
    return books.cases(CaseState.OPEN, CaseKind.SHORT_PICK, f"stock:{sku}@{node}")


def nobody_counted(store: Store, case: Case, now: datetime) -> Case:
    """Ask again; after the last time, write off what was not found: a later count brings it back by itself."""
    asked = int(case.fact("asked", "1"))
    about = {"sku": case.fact("sku"), "node": case.fact("node"), "case": case.id}
    with store.transaction() as books:
        if asked < ASKED:
            within = timedelta(seconds=int(case.fact("within_s")))
            after = replace(with_facts(case, asked=str(asked + 1)), due_at=now + within, step=case.step + 1)
            fact = Event(
                f"{case.id}:asked:{asked + 1}", "CountRequested", case.about, now, about | {"by": after.due_at}
            )
        else:
            units = _move_frozen(books, case, f"{case.id}:written off", Cause.LOST, now)
            said = f"asked {asked} times and never counted: {units} units written off as lost"
            after = case.closed(now, "deadline", said)
            fact = Event(f"{case.id}:written off", "StockWrittenOff", case.about, now, about | {"units": units})
        books.publish([fact])
        books.change_case(case.step, after)
    return after


def _move_frozen(books: Transaction, case: Case, name: str, cause: Cause | None, at: datetime) -> int:
    """Units frozen by the case, back to the shelf or out of the books; lot by lot as they were frozen."""
    sku, node = Sku(case.fact("sku")), NodeId(case.fact("node"))
    moves = []
    for number, (lot, units) in enumerate(json.loads(case.fact("frozen"))):
        held = Account(sku, node, Bucket.HELD, LotId(lot))
        to = (
            Account(sku, node, Bucket.AVAILABLE, LotId(lot))
            if cause is None
            else Account(sku, node, Bucket.OUTSIDE, LotId(lot), cause)
        )
        moves.append(Movement(MovementId(f"{name}:{number}"), Units(units), held, to, at, case.id))
    books.post(moves, at)
    return sum(move.units for move in moves)
