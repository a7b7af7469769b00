"""The customer no longer wants an order, or some of its lines: what is not released is free at once, the rest is stopped."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from evenstock.domain import (
    Case,
    CaseId,
    CaseKind,
    Event,
    LineId,
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
from evenstock.operations.exceptions.answer import Handled, Taken, about_order, close_all, order_of, take_once
from evenstock.operations.exceptions.questions import open_about
from evenstock.operations.exceptions.rerouting import REROUTE, followed
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.standing import Standing, cancel_units, standing, units_by_sku
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork

STOP_AGAIN: Final = "stop_again"


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """The order, or the lines named, shall not ship."""

    id: str
    order: OrderId
    because: str
    by: str
    now: datetime
    lines: tuple[LineId, ...] = ()
    """Empty for the whole order."""
    stop_within: timedelta = timedelta(hours=4)
    """How long a node has to say whether it stopped a pick."""

    def __post_init__(self) -> None:
        refuse_naive(self.now, self.id)
        if not self.id or not self.because or not self.by:
            raise ValueError(f"cancellation {self.id!r}: it has an id, somebody who says so, and a reason")

    @property
    def request(self) -> str:
        return digest(["cancel", self.order, sorted(self.lines), self.because, self.by])


def cancel_order(
    store: Store,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    report: CancelOrder,
    *,
    answers: CaseId | None = None,
) -> Handled | Refuse:
    """Give back what is only set aside, ask nodes to stop what they pick, and route what remains of the order again.

    Allocated units become available only when the node says that it stopped (`stop.node_stopped`); if it ships all the
    same, they are a return to expect. `answers` is the case whose deadline this cancellation is: whoever works on it
    closes it.
    """
    once = take_once(store, report, lambda books: _take_in(books, report, answers))
    return followed(store, network, policy, report, once)


def cancel_at_deadline(
    store: Store, network: ShippingNetwork, policy: CompiledPolicy, case: Case, now: datetime
) -> Case:
    """Nobody answered in time: the order is cancelled. One that has left or was cancelled meanwhile is left alone."""
    report = CancelOrder(f"{case.id}:cancelled", order_of(case), case.because, "deadline", now)
    done = cancel_order(store, network, policy, report, answers=case.id)
    return case.closed(now, "deadline", done.because if isinstance(done, Refuse) else done.sentence)


def _take_in(books: Transaction, report: CancelOrder, answers: CaseId | None) -> Taken | Refuse:
    found = standing(books, report.order)
    if found is None:
        return Refuse(f"no order {report.order} was kept here; check its number")
    units = _units(found, report)
    if isinstance(units, Refuse):
        return units
    total = Counter(found.cancelled) + Counter(units)
    after = replace(found, cancelled=total)
    stop, gone = _released(after)
    given_back = found.soft if not after.to_place else ()
    unplaced = sum(line.units for line in found.to_place) - sum(line.units for line in after.to_place)
    if not stop and not unplaced:
        return Refuse(f"order {report.order}: what should be cancelled has left already; expect a return instead")
    cancel_units(books, report.order, units, report.id, report.now)
    for reservation in given_back:
        _void(books, reservation, report)
    others = [case for case in open_about(books, report.order) if case.id != answers]
    if after.is_cancelled:
        close_all(books, others, report.now, report.by, f"the order was cancelled: {report.because}")
    cases = _cases(books, report, after, stop)
    _tell(books, report, found, after, units, stop)
    said = f"{sum(units.values())} units of order {report.order} cancelled"
    if stop:
        nodes = " and ".join(sorted({line.node for _, line in stop}))
        said += f"; {nodes} is asked to stop {sum(line.units for _, line in stop)} of them"
    if gone:
        said += f"; {gone} have left: expect a return"
    return Taken(said, tuple(case.id for case in cases))


def _units(found: Standing, report: CancelOrder) -> Mapping[LineId, int] | Refuse:
    """Units to cancel by line, or why not."""
    if found.is_cancelled:
        return Refuse(f"order {report.order} was cancelled before")
    if found.is_settled:
        return Refuse(f"order {report.order} has left already; expect a return instead")
    wanted = {line.id: line for line in found.wanted}
    chosen = report.lines or tuple(wanted)
    unknown = sorted(set(chosen) - set(wanted))
    if unknown:
        return Refuse(f"order {report.order} has no line {', '.join(unknown)} left; its lines are {', '.join(wanted)}")
    kits = {wanted[line].kit for line in chosen} - {""}
    torn = [line.id for line in found.wanted if line.kit in kits and line.id not in chosen]
    if torn:
        return Refuse(
            f"order {report.order}: lines of one kit go together; cancel {', '.join(torn)} too, or none of it"
        )
    return {line: int(wanted[line].units) for line in chosen}


def _released(after: Standing) -> tuple[list[tuple[Reservation, ReservationLine]], int]:
    """Units being picked that nobody wants any longer, and how many of them have left."""
    wanted: Counter[Sku] = Counter()
    for line in after.wanted:
        wanted[line.sku] += line.units
    excess = units_by_sku((*after.picking, *after.left), after.in_place_of)
    excess.subtract(wanted)
    stop = []
    for piece in after.picking:
        for part in piece.lines:
            ordered = after.in_place_of.get(part.sku, part.sku)
            units = min(part.units, excess[ordered])
            if units > 0:
                stop.append((piece.reservation, replace(part, units=Units(units))))
                excess[ordered] -= units
    return stop, sum(units for units in excess.values() if units > 0)


def _void(books: Transaction, reservation: Reservation, report: CancelOrder) -> None:
    books.settle(reservation.id, ReservationState.VOIDED, report.now)
    body = {"reservation": reservation.id, "because": report.because}
    about = about_order(report.order)
    books.publish([Event(f"{reservation.id}:voided", "ReservationVoided", about, report.now, body)])


def _cases(
    books: Transaction, report: CancelOrder, after: Standing, stop: Sequence[tuple[Reservation, ReservationLine]]
) -> list[Case]:
    about, cases = about_order(report.order), []
    if stop:
        nodes = " and ".join(sorted({line.node for _, line in stop}))
        lines = json.dumps([[r.id, line.sku, line.node, line.lot, line.units] for r, line in stop])
        cases.append(
            Case(
                CaseId(f"{report.id}:stop"), CaseKind.CANCELLATION, about, f"cancelled while {nodes} picks it: {report.because}",
                f"{nodes} says whether it stopped", STOP_AGAIN, nodes, report.now, report.now + report.stop_within,
                (("stop", lines), ("asked", "1"), ("within_s", str(int(report.stop_within.total_seconds()))),
                    ("whole", "1" if after.is_cancelled else "")),
            )
        )  # fmt: skip
    if after.to_place:
        cases.append(
            Case(
                CaseId(f"{report.id}:reroute"), CaseKind.CANCELLATION, about, f"some lines were cancelled: {report.because}",
                "place what remains at least cost", REROUTE, "", report.now, report.now,
            )
        )  # fmt: skip
    for case in cases:
        books.put_case(case)
    return cases


def _tell(
    books: Transaction,
    report: CancelOrder,
    before: Standing,
    after: Standing,
    units: Mapping[LineId, int],
    stop: Sequence[tuple[Reservation, ReservationLine]],
) -> None:
    about = about_order(report.order)
    price = {line.id: line.price_cents for line in before.order.lines}
    body = {
        "report": report.id, "order": report.order, "because": report.because, "by": report.by,
        "lines": [{"line": line, "units": n} for line, n in sorted(units.items())],
        "refund_cents": sum(n * price[line] for line, n in units.items()),
    }  # fmt: skip
    whole = "CancellationRequested" if stop else "OrderCancelled"
    kind = whole if after.is_cancelled else "OrderLinesCancelled"
    facts = [Event(f"{report.id}:cancelled", kind, about, report.now, body)]
    if stop:
        asked = [{"sku": x.sku, "node": x.node, "lot": x.lot, "units": x.units, "reservation": r.id} for r, x in stop]
        facts.append(Event(f"{report.id}:stop:1", "StopRequested", about, report.now, {"lines": asked}))
    books.publish(facts)
