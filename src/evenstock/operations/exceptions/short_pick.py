"""A picker found fewer units than the books said: what was found ships, what is missing is frozen, and the rest is routed again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from evenstock.domain import (
    Account,
    Bucket,
    Case,
    CaseId,
    CaseKind,
    Event,
    Movement,
    MovementId,
    NodeId,
    OrderId,
    Refuse,
    Reservation,
    ReservationLine,
    ReservationState,
    Sku,
    Units,
    digest,
    refuse_naive,
)
from evenstock.operations.exceptions.answer import Handled, Taken, about_order, take_once
from evenstock.operations.exceptions.rerouting import REROUTE, followed
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.standing import Piece, Standing, left_of, standing, take_off
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork

COUNT_AGAIN: Final = "count_again"
COUNT_WITHIN: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ShortPick:
    """A pick that found `found` units of an item, fewer than the order has at the node."""

    id: str
    order: OrderId
    node: NodeId
    sku: Sku
    found: int
    now: datetime
    together: bool = False
    """The order leaves in one piece: give back what was found, and place everything that was at this node elsewhere."""
    count_within: timedelta = COUNT_WITHIN

    def __post_init__(self) -> None:
        refuse_naive(self.now, self.id)
        if not self.id or self.found < 0:
            raise ValueError(f"short pick {self.id!r}: it has an id, and the units found are zero or more")

    @property
    def request(self) -> str:
        return digest(["short pick", self.order, self.node, self.sku, self.found, self.together])


def short_pick(store: Store, network: ShippingNetwork, policy: CompiledPolicy, report: ShortPick) -> Handled | Refuse:
    """Freeze the missing units, ask for a count, and route what is missing again without this node.

    A pick says that the order was released: a reservation still pending is posted first. The missing units go from allocated to
    held, so that nobody is promised them until the shelf is counted. Units of a kit that lost a part go back to the shelf
    with it. One transaction; the new decision is another, and `run_due` makes it if this process does not.
    """
    once = take_once(store, report, lambda books: _take_in(books, report))
    return followed(store, network, policy, report, once)


def _take_in(books: Transaction, report: ShortPick) -> Taken | Refuse:
    found = standing(books, report.order)
    if found is None:
        return Refuse(f"no order {report.order} was kept here; check its number")
    set_aside = [line for reservation in found.soft for line in reservation.lines]
    released = [line for piece in found.picking for line in piece.lines]
    wanted = sum(line.units for line in (*set_aside, *released) if _is_at(line, report))
    if not wanted:
        return Refuse(_nothing_to_pick(found, report))
    if report.found >= wanted:
        return Refuse(
            f"{report.order} wants {wanted} {report.sku} at {report.node}; {report.found} found is no short pick"
        )
    _release(books, found.soft, report)
    found = standing(books, report.order) or found
    pieces = [piece for piece in found.picking if any(_is_at(line, report) for line in piece.lines)]
    missing = wanted - report.found
    at, frozen = 0, []
    for piece in pieces:
        gone = _last(piece.lines, report, missing)
        frozen += gone
        missing -= sum(line.units for line in gone)
        at = _move(books, report, piece, gone, Bucket.HELD, at)
        back = _beside(replace(piece, lines=left_of(books, piece.reservation)), found, report)
        at = _move(books, report, piece, back, Bucket.AVAILABLE, at)
    return _open(books, report, wanted, frozen)


def _release(books: Transaction, soft: Sequence[Reservation], report: ShortPick) -> None:
    """Somebody stood at the shelf: the pick was released, whether or not we were told."""
    for reservation in soft:
        if any(_is_at(line, report) for line in reservation.lines):
            books.settle(reservation.id, ReservationState.POSTED, report.now)


def _is_at(line: ReservationLine, report: ShortPick) -> bool:
    return (line.sku, line.node) == (report.sku, report.node)


def _last(lines: Sequence[ReservationLine], report: ShortPick, missing: int) -> list[ReservationLine]:
    """Where the missing units are taken from: the last lots first, since the first are picked first."""
    gone = []
    for line in reversed([line for line in lines if _is_at(line, report)]):
        units = min(line.units, missing)
        if units:
            gone.append(replace(line, units=Units(units)))
            missing -= units
    return gone


def _beside(piece: Piece, found: Standing, report: ShortPick) -> list[ReservationLine]:
    """Units that must not leave without the missing ones: everything here if the order leaves together, else the kits' own."""
    here = [line for line in piece.lines if line.node == report.node]
    if report.together:
        return here
    broken = {line.kit for line in found.order.lines if line.sku == report.sku and line.kit}
    parts: Counter[Sku] = Counter()
    for wish in found.order.lines:
        if wish.kit in broken:
            parts[wish.sku] += wish.units
    back = []
    for line in here:
        units = min(line.units, parts[line.sku])
        if units:
            back.append(replace(line, units=Units(units)))
            parts[line.sku] -= units
    return back


def _move(
    books: Transaction, report: ShortPick, piece: Piece, lines: Sequence[ReservationLine], to: Bucket, first: int
) -> int:
    """Move allocated units of a released reservation on, and take them off it; returns the next free number."""
    if not lines:
        return first
    books.post(
        [
            Movement(
                MovementId(f"{report.id}:{to}:{number}"),
                line.units,
                Account(line.sku, line.node, Bucket.ALLOCATED, line.lot),
                Account(line.sku, line.node, to, line.lot),
                report.now,
                report.id,
            )
            for number, line in enumerate(lines, first)
        ],
        report.now,
    )
    take_off(books, piece.reservation.id, lines, report.id, report.now)
    return first + len(lines)


def _open(books: Transaction, report: ShortPick, wanted: int, frozen: Sequence[ReservationLine]) -> Taken:
    missing = wanted - report.found
    where = f"{report.sku} at {report.node}"
    shelf = Case(
        CaseId(f"{report.id}:count"),
        CaseKind.SHORT_PICK,
        f"stock:{report.sku}@{report.node}",
        f"order {report.order} wanted {wanted} {report.sku} there, and {report.found} were found",
        f"count {where}; until then {missing} units are frozen",
        COUNT_AGAIN,
        f"counter at {report.node}",
        report.now,
        report.now + report.count_within,
        (
            ("order", report.order), ("sku", report.sku), ("node", report.node), ("wanted", str(wanted)),
            ("found", str(report.found)), ("picked_at", report.now.isoformat()), ("asked", "1"),
            ("within_s", str(int(report.count_within.total_seconds()))),
            ("frozen", json.dumps([[line.lot, line.units] for line in frozen])),
        ),
    )  # fmt: skip
    again = Case(
        CaseId(f"{report.id}:reroute"),
        CaseKind.SHORT_PICK,
        about_order(report.order),
        f"{missing} of {wanted} {where} were not found",
        f"place them from another node than {report.node}",
        REROUTE,
        "",
        report.now,
        report.now,
        (("node", report.node), ("sku", report.sku), ("units", str(missing))),
    )
    for case in (shelf, again):
        books.put_case(case)
    body = {
        "report": report.id, "order": report.order, "sku": report.sku, "node": report.node, "wanted": wanted,
        "found": report.found,
    }  # fmt: skip
    asked = {"sku": report.sku, "node": report.node, "by": shelf.due_at, "case": shelf.id}
    books.publish(
        [
            Event(f"{report.id}:short", "ShortPick", about_order(report.order), report.now, body),
            Event(f"{report.id}:count", "CountRequested", shelf.about, report.now, asked),
        ]
    )
    sentence = f"{report.found} of {wanted} {where} found: {missing} frozen until the shelf is counted"
    return Taken(sentence, (again.id, shelf.id))


def _nothing_to_pick(found: Standing, report: ShortPick) -> str:
    for pieces, what in ((found.left, "has left already"), (found.picking, "is picked elsewhere")):
        nodes = sorted({line.node for piece in pieces for line in piece.lines if line.sku == report.sku})
        if nodes:
            return (
                f"order {report.order}: its {report.sku} {what} ({', '.join(nodes)}); nothing of it is at {report.node}"
            )
    return f"order {report.order} has no {report.sku} to pick at {report.node}; check the node and the item"
