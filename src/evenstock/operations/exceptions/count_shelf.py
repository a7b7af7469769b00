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
from evenstock.operations.autonomy.actor import Actor
from evenstock.operations.autonomy.adjusting import (
    SHELF,
    asks_about_adjusting,
    change_of,
    content_of,
    keep_until_agreed,
    rule_on_adjustment,
)
from evenstock.operations.autonomy.governance import Asking, Governance
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


def count_shelf(
    store: Store, report: ShelfCounted, *, rules: Governance | None = None, actor: Actor | None = None
) -> Handled | Refuse:
    """Bring the books to what was counted, free the units frozen there, and answer every question about the shelf.

    A count that `rules` do not let change the books without people is kept until they agree: the questions stay open.
    """

    def taken(books: Transaction) -> Taken | Refuse:
        if not open_counts(books, report.sku, report.node):
            return Refuse(f"nobody asked for a count of {report.sku} at {report.node}; import it as a count instead")
        asking = asks_about_adjusting(books, rules, report.now, actor)
        held = _held(books, asking, report) if asking is not None else None
        return held or counted(books, report)

    return answered(store, report, take_once(store, report, taken))


def _held(books: Transaction, asking: Asking, report: ShelfCounted) -> Taken | Refuse | None:
    """What becomes of a count that does not take effect at once; None for one that does, which is told to the audit log."""
    change = change_of(books, _seen(report))
    ruled = rule_on_adjustment(asking, report.sku, report.node, change, report.now)
    if ruled.refused is not None:
        return Refuse(ruled.refused.because)
    if ruled.asks is None:
        ruled.say(books, f"stock:{report.sku}@{report.node}")
        return None
    content = {"kind": SHELF, "report": report.id, "by": report.by, **content_of(_seen(report))}
    return Taken(
        keep_until_agreed(books, asking, ruled, f"report:{report.id}", content, change),
        tuple(case.id for case in open_counts(books, report.sku, report.node)),
    )


def _seen(report: ShelfCounted) -> StockObservation:
    version = (report.now - _EPOCH) // timedelta(microseconds=1)
    return StockObservation("count", report.sku, report.node, Units(report.units), report.now, version, report.lot)


def counted(books: Transaction, report: ShelfCounted) -> Taken:
    """Take the count in, in an open transaction; where its questions were answered meanwhile, the books alone follow it."""
    asked = open_counts(books, report.sku, report.node)
    booked = sum(
        b.on_hand - b.shortfall for b in books.balances([report.sku]) if (b.node, b.lot) == (report.node, report.lot)
    )
    books.adjust_on_hand(_seen(report), f"count {report.id} by {report.by}", report.now)
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
