"""An order was not released by its node's cut-off: it leaves a day later, and may now be better off elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from evenstock.domain import (
    Candidate,
    Case,
    CaseId,
    CaseKind,
    Event,
    Node,
    OrderId,
    OrderShipment,
    Refuse,
    digest,
    refuse_naive,
)
from evenstock.operations.decisions import decision_from
from evenstock.operations.exceptions.answer import Handled, Taken, about_order, take_once
from evenstock.operations.exceptions.lateness import in_words, late_millionths, promised
from evenstock.operations.exceptions.questions import open_about
from evenstock.operations.exceptions.rerouting import REROUTE, followed, plan_of
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.standing import standing
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork

_LIMIT: Final = 1_000


@dataclass(frozen=True, slots=True)
class CutoffMissed:
    """The order should have been released by now."""

    id: str
    order: OrderId
    now: datetime

    def __post_init__(self) -> None:
        refuse_naive(self.now, self.id)
        if not self.id:
            raise ValueError("a report has an id")

    @property
    def request(self) -> str:
        return digest(["cut-off missed", self.order])


def cutoff_missed(
    store: Store, network: ShippingNetwork, policy: CompiledPolicy, report: CutoffMissed
) -> Handled | Refuse:
    """Say by how much later it leaves and arrives; go elsewhere only where that saves more than a switch costs."""
    once = take_once(store, report, lambda books: _take_in(books, network, report))
    return followed(store, network, policy, report, once)


def sweep_cutoffs(
    store: Store, network: ShippingNetwork, policy: CompiledPolicy, now: datetime, *, limit: int = _LIMIT
) -> list[Handled]:
    """Every unreleased order that missed its cut-off, once for each day it should have left; earliest ship day first."""
    late = []
    with store.reading() as books:
        for reservation in books.pending():
            if any(case.kind is not CaseKind.CUTOFF_MISSED for case in open_about(books, reservation.order)):
                continue  # what is open about it decides
            plan = plan_of(books, reservation)
            days = [s.candidate.ship_on for s, _ in _missed(network, plan.shipments if plan else (), now)]
            if days and books.recall(f"exception:{_name(reservation.order, days)}") is None:
                late.append((min(days), reservation.order, _name(reservation.order, days)))
    done = []
    for _, order, name in sorted(late)[:limit]:
        answer = cutoff_missed(store, network, policy, CutoffMissed(name, order, now))
        if isinstance(answer, Handled):
            done.append(answer)
    return done


def _name(order: OrderId, days: Sequence[date]) -> str:
    return f"cutoff:{order}:{'+'.join(sorted({str(day) for day in days}))}"


def _take_in(books: Transaction, network: ShippingNetwork, report: CutoffMissed) -> Taken | Refuse:
    found = standing(books, report.order)
    if found is None:
        return Refuse(f"no order {report.order} was kept here; check its number")
    if not found.soft:
        return Refuse(f"order {report.order} has nothing that waits to be released")
    shipments = [s for piece in found.soft if (plan := plan_of(books, piece)) for s in plan.shipments]
    missed = list(_missed(network, shipments, report.now))
    if not missed:
        days = ", ".join(f"{s.candidate.node} on {s.candidate.ship_on}" for s in shipments)
        return Refuse(f"order {report.order} has missed no cut-off yet: it leaves {days or 'by no plan known'}")
    latest = books.decision_of(report.order)
    deliver_by = promised(found.order, decision_from(latest) if latest else None)
    before = [s.candidate for s in shipments]
    after = _later(network, before, report.now)
    late, later = (late_millionths(network, found.order, ways, deliver_by) for ways in (before, after))
    body = {
        "report": report.id, "order": report.order, "late_before_millionths": late, "late_after_millionths": later,
        "missed": [{"node": node.id, "ship_on": s.candidate.ship_on} for s, node in missed],
        "ship_on": max((way.ship_on for way in after), default=None),
    }  # fmt: skip
    about = about_order(report.order)
    books.publish([Event(f"{report.id}:missed", "CutoffMissed", about, report.now, body)])
    where = ", ".join(f"{node.id} of {s.candidate.ship_on}" for s, node in missed)
    said = f"order {report.order} missed the cut-off at {where}: P(late) {in_words(late)} → {in_words(later)}"
    case = Case(
        CaseId(f"{report.id}:reroute"), CaseKind.CUTOFF_MISSED, about, said, "leave on the next day, or go elsewhere if that saves",
        REROUTE, "", report.now, report.now, (("only_if_saves_cents", str(network.costs.switch_cents)),),
    )  # fmt: skip
    books.put_case(case)
    return Taken(said, (case.id,))


def _missed(
    network: ShippingNetwork, shipments: Sequence[OrderShipment], now: datetime
) -> Iterator[tuple[OrderShipment, Node]]:
    """Shipments that should have been released by the node's own clock."""
    nodes = {node.id: node for node in network.nodes}
    for shipment in shipments:
        node = nodes.get(shipment.candidate.node)
        if node is None:
            continue
        local = now.astimezone(ZoneInfo(node.timezone))
        if (local.date(), local.time()) > (shipment.candidate.ship_on, node.cutoff):
            yield shipment, node


def _later(network: ShippingNetwork, ways: list[Candidate], now: datetime) -> list[Candidate]:
    """The same ways on the first day they can still leave."""
    nodes = {node.id: node for node in network.nodes}
    days = ((way, nodes[way.node].ship_day(now)) for way in ways)
    return [replace(way, ship_on=max(way.ship_on, day)) if day else way for way, day in days]
