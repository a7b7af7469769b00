"""A node was asked to stop picking a cancelled order: it says that it did, says nothing, or the parcel has left."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from evenstock.domain import (
    Account,
    Bucket,
    Case,
    CaseKind,
    Event,
    LotId,
    Movement,
    MovementId,
    NodeId,
    OrderId,
    Refuse,
    ReservationId,
    ReservationLine,
    Sku,
    Units,
    digest,
    refuse_naive,
)
from evenstock.operations.exceptions.answer import (
    Handled,
    Taken,
    about_order,
    answered,
    order_of,
    take_once,
    with_facts,
)
from evenstock.operations.exceptions.questions import open_about
from evenstock.operations.exceptions.rerouting import DESK
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.standing import has_shipped, left_of, take_off

ASKED: Final = 3
"""Times a node is asked before the order desk has to ring there."""


@dataclass(frozen=True, slots=True)
class NodeStopped:
    """The node did not ship what it was asked to stop: the goods are back on the shelf."""

    id: str
    order: OrderId
    node: NodeId
    by: str
    now: datetime

    def __post_init__(self) -> None:
        refuse_naive(self.now, self.id)
        if not self.id or not self.by:
            raise ValueError(f"{self.id!r}: it has an id, and somebody who says so")

    @property
    def request(self) -> str:
        return digest(["stopped", self.order, self.node, self.by])


def node_stopped(store: Store, report: NodeStopped) -> Handled | Refuse:
    """Allocated becomes available at this node; when every node has answered, the cancellation is complete."""
    return answered(store, report, take_once(store, report, lambda books: _confirmed(books, report)))


def _confirmed(books: Transaction, report: NodeStopped) -> Taken | Refuse:
    asked = [case for case in open_about(books, report.order) if any(x[2] == report.node for x in _stop(case))]
    if not asked:
        return Refuse(f"{report.node} was not asked to stop order {report.order}; nothing is changed")
    back = sum(_stopped(books, case, report) for case in asked)
    said = f"{report.node} stopped order {report.order}: {back} units are free again"
    return Taken(said, tuple(case.id for case in asked))


def not_confirmed(store: Store, case: Case, now: datetime) -> Case:
    """What has left is a return to expect; for the rest the node is asked again, and in the end the order desk is."""
    asked = int(case.fact("asked", "1")) + 1
    with store.transaction() as books:
        left = [x for x in _stop(case) if has_shipped(books, ReservationId(x[0]))]
        waits = [x for x in _stop(case) if x not in left]
        facts = [_return(case, left, now)] if left else []
        if waits:
            lines = [dict(zip(("reservation", "sku", "node", "lot", "units"), x, strict=True)) for x in waits]
            facts.append(Event(f"{case.id}:{asked}", "StopRequested", case.about, now, {"lines": lines}))
            after = replace(
                with_facts(case, stop=json.dumps(waits), asked=str(asked)),
                role=case.role if asked <= ASKED else DESK,
                due_at=now + timedelta(seconds=int(case.fact("within_s"))),
                step=case.step + 1,
            )
        else:
            said = f"left before it was stopped: {_units(left)} units are a return to expect"
            after = case.closed(now, "deadline", said)
        books.publish(facts)
        books.change_case(case.step, after)
    return after


def _stopped(books: Transaction, case: Case, report: NodeStopped) -> int:
    """Units of the case that this node gives back; what left from there after all is a return to expect."""
    here = [x for x in _stop(case) if x[2] == report.node]
    rest = [x for x in _stop(case) if x[2] != report.node]
    left = [x for x in here if has_shipped(books, ReservationId(x[0]))]
    back = 0
    for number, (name, sku, node, lot, units) in enumerate(x for x in here if x not in left):
        reservation = books.reservation(ReservationId(name))
        assert reservation is not None
        key = (Sku(sku), NodeId(node), LotId(lot))
        # A pick that came up short since has taken its units off already.
        there = sum(x.units for x in left_of(books, reservation) if (x.sku, x.node, x.lot) == key)
        if not min(units, there):
            continue
        line = ReservationLine(key[0], key[1], Units(min(units, there)), key[2])
        source, shelf = (Account(line.sku, line.node, b, line.lot) for b in (Bucket.ALLOCATED, Bucket.AVAILABLE))
        name_of_move = MovementId(f"{report.id}:{case.id}:{number}")
        books.post([Movement(name_of_move, line.units, source, shelf, report.now, case.id)], report.now)
        take_off(books, reservation.id, [line], report.id, report.now)
        back += line.units
    if left:
        books.publish([_return(case, left, report.now)])
    if rest:
        books.change_case(case.step, replace(with_facts(case, stop=json.dumps(rest)), step=case.step + 1))
        return back
    books.change_case(case.step, case.closed(report.now, report.by, f"stopped: {back} units are free again"))
    if case.fact("whole") and not left:
        body = {"order": report.order, "case": case.id, "by": report.by}
        about = about_order(report.order)
        books.publish([Event(f"{case.id}:cancelled", "OrderCancelled", about, report.now, body)])
    return back


def _stop(case: Case) -> list[list[Any]]:
    """Reservation, item, node, lot and units that the case asks to stop; none if it asks for something else."""
    lines: list[list[Any]] = json.loads(case.fact("stop", "[]")) if case.kind is CaseKind.CANCELLATION else []
    return lines


def _units(lines: list[list[Any]]) -> int:
    return sum(int(line[4]) for line in lines)


def _return(case: Case, left: list[list[Any]], at: datetime) -> Event:
    lines = [{"sku": x[1], "node": x[2], "units": x[4], "reservation": x[0]} for x in left]
    body = {"order": order_of(case), "case": case.id, "lines": lines}
    return Event(f"{case.id}:return:{digest(lines)[7:19]}", "ReturnExpected", case.about, at, body)
