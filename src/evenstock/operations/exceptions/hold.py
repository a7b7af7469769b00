"""An order must not leave yet: a payment is doubted or an address fails. Its stock stays, and at the deadline something happens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evenstock.domain import Case, CaseId, CaseKind, Event, OrderId, Refuse, digest, refuse_naive
from evenstock.operations.exceptions.answer import Handled, Taken, about_order, answered, close_all, take_once
from evenstock.operations.exceptions.questions import HOLDS, open_about
from evenstock.operations.exceptions.rerouting import ANEW, REROUTE, followed, plan_of
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.standing import Standing, standing
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork

CANCEL: Final = "cancel_order"
RELEASE: Final = "release_hold"
ASK: Final = {
    CaseKind.FRAUD: ("fraud desk", "check the payment, then release or cancel the order"),
    CaseKind.ADDRESS: ("customer care", "ask the customer; release the order if the address is right, else cancel it"),
}
TOO_LATE: Final = timedelta(hours=24)
"""A released order whose reservation would run out sooner than this is decided again, for a new one."""


@dataclass(frozen=True, slots=True)
class HoldOrder:
    """The order must not be released until somebody says so."""

    id: str
    order: OrderId
    kind: CaseKind
    because: str
    now: datetime
    within: timedelta = timedelta(hours=48)
    at_deadline: str = CANCEL

    def __post_init__(self) -> None:
        refuse_naive(self.now, self.id)
        if not self.id or not self.because or self.within <= timedelta():
            raise ValueError(f"hold {self.id!r}: it has an id and a reason, and ends after it began")
        if self.kind not in HOLDS or self.at_deadline not in {CANCEL, RELEASE}:
            raise ValueError(f"hold {self.id}: for {' or '.join(sorted(HOLDS))}, and then {CANCEL} or {RELEASE}")

    @property
    def request(self) -> str:
        return digest(["hold", self.order, self.kind.value, self.because, self.at_deadline])


@dataclass(frozen=True, slots=True)
class ReleaseHold:
    """The doubt is gone."""

    id: str
    order: OrderId
    kind: CaseKind
    by: str
    because: str
    now: datetime

    def __post_init__(self) -> None:
        refuse_naive(self.now, self.id)
        if not self.id or not self.by or not self.because:
            raise ValueError(f"release {self.id!r}: it has an id, somebody who says so, and a reason")

    @property
    def request(self) -> str:
        return digest(["release", self.order, self.kind.value, self.by, self.because])


def hold_order(store: Store, network: ShippingNetwork, policy: CompiledPolicy, report: HoldOrder) -> Handled | Refuse:  # noqa: ARG001 (as every exception)
    """Keep the stock and let nothing of the order be released; at the deadline it is cancelled, or released.

    While the case is open, reservations of the order do not expire and `post_reservation` refuses it.
    """
    return answered(store, report, take_once(store, report, lambda books: _hold(books, report)))


def _hold(books: Transaction, report: HoldOrder) -> Taken | Refuse:
    found = standing(books, report.order)
    if found is None:
        return Refuse(f"no order {report.order} was kept here; check its number")
    if found.is_cancelled:
        return Refuse(f"order {report.order} was cancelled; there is nothing to hold")
    if found.is_settled:
        return Refuse(f"order {report.order} has left already; ask the carrier to stop it")
    held = [case for case in open_about(books, report.order) if case.kind is report.kind]
    if held:
        return Refuse(f"order {report.order} is held already ({held[0].because}) until {held[0].due_at}")
    role, suggestion = ASK[report.kind]
    picking = sorted({line.node for piece in found.picking for line in piece.lines})
    if picking:
        suggestion += f"; {' and '.join(picking)} may be picking it: have it set aside there"
    case = Case(
        CaseId(report.id), report.kind, about_order(report.order), report.because, suggestion, report.at_deadline, role,
        report.now, report.now + report.within,
    )  # fmt: skip
    books.put_case(case)
    body = {
        "report": report.id, "order": report.order, "kind": report.kind.value, "because": report.because,
        "until": case.due_at, "at_deadline": report.at_deadline, "picking": picking,
    }  # fmt: skip
    books.publish([Event(f"{report.id}:held", "OrderHeld", case.about, report.now, body)])
    return Taken(f"order {report.order} is held, and keeps its stock: {report.because}", (case.id,))


def release_hold(
    store: Store, network: ShippingNetwork, policy: CompiledPolicy, report: ReleaseHold
) -> Handled | Refuse:
    """End the hold; where its reservation is about to run out or its ship day has passed, the order is decided again."""
    once = take_once(store, report, lambda books: _release(books, network, report))
    return followed(store, network, policy, report, once)


def _release(books: Transaction, network: ShippingNetwork, report: ReleaseHold) -> Taken | Refuse:
    held = [case for case in open_about(books, report.order) if case.kind is report.kind]
    if not held:
        return Refuse(f"order {report.order} is not held for {report.kind}; nothing to release")
    close_all(books, held, report.now, report.by, f"released: {report.because}")
    again = goes_on(books, network, held[0], report.by, report.because, report.now)
    return Taken(f"order {report.order} is released: {report.because}", (held[0].id, *again))


def release_at_deadline(store: Store, network: ShippingNetwork, case: Case, now: datetime) -> Case:
    """Nobody answered, and the order goes: what was kept back is decided again if it must be."""
    with store.transaction() as books:
        after = case.closed(now, "deadline", "released: nobody objected in time")
        books.change_case(case.step, after)
        goes_on(books, network, case, "deadline", "nobody objected in time", now)
    return after


def goes_on(
    books: Transaction, network: ShippingNetwork, held: Case, by: str, because: str, at: datetime
) -> tuple[CaseId, ...]:
    """Tell that the hold has ended, and ask for a new decision where the old one has become too old."""
    order = OrderId(held.about.removeprefix("order:"))
    body = {"case": held.id, "order": order, "kind": held.kind.value, "by": by, "because": because}
    books.publish([Event(f"{held.id}:released", "HoldReleased", held.about, at, body)])
    found = standing(books, order)
    if found is None or not found.to_place or (found.soft and not _too_old(books, network, found, at)):
        return ()
    again = Case(
        CaseId(f"{held.id}:reroute"), CaseKind.UNSERVED, held.about,
        f"released after it was held ({held.because}): the day it should have left has passed, or its stock runs out soon",
        "decide it again", REROUTE, "", at, at, ((ANEW, "1"),),
    )  # fmt: skip
    books.put_case(again)
    return (again.id,)


def _too_old(books: Transaction, network: ShippingNetwork, found: Standing, now: datetime) -> bool:
    nodes = {node.id: node for node in network.nodes}
    for reservation in found.soft:
        if reservation.expires_at < now + TOO_LATE:
            return True
        plan = plan_of(books, reservation)
        for shipment in plan.shipments if plan else ():
            first = nodes[shipment.candidate.node].ship_day(now)
            if first is None or shipment.candidate.ship_on < first:
                return True
    return False
