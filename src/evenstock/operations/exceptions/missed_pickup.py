"""A carrier did not come, or has failed for a while: which orders stand on the dock, and how late each becomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from evenstock.domain import (
    Candidate,
    Case,
    CaseId,
    CaseKind,
    Event,
    Node,
    NodeId,
    Order,
    OrderId,
    Refuse,
    digest,
    refuse_naive,
    rfc3339,
)
from evenstock.operations.decisions import decision_from
from evenstock.operations.exceptions.answer import Handled, Taken, about_order, seen, take_once
from evenstock.operations.exceptions.lateness import at_risk, in_words, late_millionths, promised
from evenstock.operations.exceptions.rerouting import ACCEPT, REROUTE, followed, plan_of
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.standing import standing
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork

RESUME: Final = "service_back"
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class MissedPickup:
    """The service did not pick up at the node on the day; with `until` it has failed everywhere until then."""

    id: str
    node: NodeId
    service: str
    day: date
    now: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        refuse_naive(self.now, self.id)
        if not self.id or not self.service:
            raise ValueError(f"missed pickup {self.id!r}: it has an id, and names the service")
        if self.until is not None and self.until <= self.now:
            raise ValueError(f"missed pickup {self.id}: a failure ends after now")

    @property
    def request(self) -> str:
        return digest(["missed pickup", self.node, self.service, self.day, self.until])


@dataclass(frozen=True, slots=True)
class Affected:
    """An order that should have been on that truck."""

    order: OrderId
    state: str
    """`reserved`, `allocated` or `shipped` by the books."""
    deliver_by: date | None
    late_before_millionths: int | None
    """P(late) had it been picked up; None where nothing was promised or transit is unknown."""
    late_after_millionths: int | None
    """P(late) with the next pickup."""


def missed_pickup(
    store: Store, network: ShippingNetwork, policy: CompiledPolicy, report: MissedPickup
) -> Handled | Refuse:
    """Unreleased orders are decided again; packed ones go with the next pickup, or ask for another label.

    Unreleased: only where that saves more than a switch costs. Packed: a case at the node where lateness now costs more than a
    switch, with the other services' P(late); at its deadline the parcel goes with the next pickup.
    """
    nodes = {node.id: node for node in network.nodes}
    node = nodes.get(report.node)
    if node is None:
        return Refuse(f"{report.node} is no node of this network; check its name")
    if report.service not in network.book.services or not node.ships_by(report.service):
        return Refuse(f"{report.service} does not pick up at {report.node}; check its name")
    if report.day > report.now.astimezone(ZoneInfo(node.timezone)).date():
        return Refuse(f"{report.day} is still to come at {report.node}; nothing was missed yet")
    with store.reading() as books:
        told = seen(books, report, report.request)
    if told is not None:
        return followed(store, network, policy, report, (told, isinstance(told, Taken)))
    # Who waits on the dock is found in many decisions: before the transaction, not in it.
    found = affected(store, network, report)
    once = take_once(store, report, lambda books: _take_in(books, network, node, report, found))
    return followed(store, network, policy, report, once)


def affected(store: Store, network: ShippingNetwork, report: MissedPickup) -> list[Affected]:
    """Orders whose plan in force has a parcel for that pickup, by promise and then name: reads every decision once."""
    with store.reading() as books:
        rows = [row for name in _orders(books, report) if (row := _affected(books, network, report, name)) is not None]
    return sorted(rows, key=lambda row: (row.deliver_by or date.max, row.order))


def _orders(books: Transaction, report: MissedPickup) -> Iterator[OrderId]:
    """Orders with any decision that names the service and the day: their words are looked for before they are read."""
    seen_before: set[OrderId] = set()
    marks = (f'"{report.service}"'.encode(), f'"{report.day.isoformat()}"'.encode())
    page = books.decisions(_PAGE)
    while page:
        for record in page:
            if all(mark in record for mark in marks):
                order = decision_from(record).order
                if order not in seen_before:
                    seen_before.add(order)
                    yield order
        page = books.decisions(_PAGE, decision_from(page[-1]).id) if len(page) == _PAGE else []


def _affected(books: Transaction, network: ShippingNetwork, report: MissedPickup, name: OrderId) -> Affected | None:
    found = standing(books, name)
    if found is None:
        return None
    pieces = [(r, "reserved") for r in found.soft]
    pieces += [(p.reservation, "allocated") for p in found.picking]
    pieces += [(p.reservation, "shipped") for p in found.left if p.lines]
    for reservation, state in pieces:
        plan = plan_of(books, reservation)
        ways = [s.candidate for s in plan.shipments] if plan else []
        here = [w for w in ways if (w.node, w.service, w.ship_on) == (report.node, report.service, report.day)]
        if not here:
            continue
        deliver_by = promised(found.order, decision_from(latest) if (latest := books.decision_of(name)) else None)
        after = _delayed(network, ways, report)
        late, later = (late_millionths(network, found.order, w, deliver_by) for w in (ways, after))
        return Affected(name, state, deliver_by, late, later)
    return None


def _next_pickup(network: ShippingNetwork, node: Node, report: MissedPickup) -> date:
    """The next day after the one missed on which the node works and the carrier comes, not before the failure ends."""
    zone = ZoneInfo(node.timezone)
    first = report.day + timedelta(days=1)
    if report.until is not None:
        first = max(first, report.until.astimezone(zone).date())
    days = (first + timedelta(days=k) for k in range(60))
    cards = ((day, network.book.card(report.service, day)) for day in days if node.works_on(day))
    return next((day for day, card in cards if card is None or card.picks_up(day)), first)


def _delayed(network: ShippingNetwork, ways: Sequence[Candidate], report: MissedPickup) -> list[Candidate]:
    node = next(node for node in network.nodes if node.id == report.node)
    day = _next_pickup(network, node, report)
    missed = (report.node, report.service, report.day)
    return [replace(way, ship_on=day) if (way.node, way.service, way.ship_on) == missed else way for way in ways]


def _take_in(
    books: Transaction, network: ShippingNetwork, node: Node, report: MissedPickup, found: Sequence[Affected]
) -> Taken:
    day = _next_pickup(network, node, report)
    cases = [_failure(report)] if report.until is not None else []
    for row in found:
        if row.state == "reserved":
            cases.append(_again(report, network, row))
        elif at_risk(row.late_before_millionths, row.late_after_millionths, network.costs):
            order = books.order(row.order)
            assert order is not None
            cases.append(_label(report, network, node, row, order, day))
    for case in cases:
        books.put_case(case)
    body = {
        "report": report.id, "node": report.node, "service": report.service, "day": report.day, "next_pickup": day,
        "until": report.until,
        "orders": [
            {"order": r.order, "state": r.state, "deliver_by": r.deliver_by,
             "late_before_millionths": r.late_before_millionths, "late_after_millionths": r.late_after_millionths}
            for r in found
        ],
    }  # fmt: skip
    books.publish([Event(f"{report.id}:missed", "PickupMissed", f"node:{report.node}", report.now, body)])
    said = f"{report.service} did not pick up at {report.node} on {report.day}: {len(found)} orders wait for {day}"
    worse = sum(1 for r in found if at_risk(r.late_before_millionths, r.late_after_millionths, network.costs))
    return Taken(f"{said}; {worse} promises are at risk", tuple(case.id for case in cases))


def _failure(report: MissedPickup) -> Case:
    assert report.until is not None
    return Case(
        CaseId(f"{report.id}:service"), CaseKind.CARRIER, f"service:{report.service}",
        f"{report.service} has failed until {rfc3339(report.until)}", "nothing goes by it until then", RESUME, "",
        report.now, report.until, (("from", rfc3339(report.now)), ("until", rfc3339(report.until))),
    )  # fmt: skip


def _again(report: MissedPickup, network: ShippingNetwork, row: Affected) -> Case:
    """A failure of days forbids the service; a truck that did not come once only makes the order dearer by it."""
    facts = [("without_services", report.service)] if report.until is not None else []
    if report.until is None:
        facts.append(("only_if_saves_cents", str(network.costs.switch_cents)))
    return Case(
        CaseId(f"{report.id}:{row.order}"), CaseKind.CARRIER, about_order(row.order), _because(report, row),
        "the next pickup, or another way if that saves", REROUTE, "", report.now, report.now, tuple(facts),
    )  # fmt: skip


def _label(report: MissedPickup, network: ShippingNetwork, node: Node, row: Affected, order: Order, day: date) -> Case:
    """The goods are packed: only a new label helps, which somebody at the node sticks on."""
    others = []
    for service in network.services[network.nodes.index(node)]:
        if service != report.service:
            late = late_millionths(network, order, [Candidate(node.id, service, day)], row.deliver_by)
            others.append((late if late is not None else 1_000_001, f"{service} (P(late) {in_words(late)})"))
    best = ", ".join(words for _, words in sorted(others)[:3])
    closes = datetime.combine(day, node.cutoff, ZoneInfo(node.timezone)).astimezone(UTC)
    return Case(
        CaseId(f"{report.id}:{row.order}"), CaseKind.CARRIER, about_order(row.order), _because(report, row),
        f"relabel at {node.id}: {best or 'no other service picks up there'}; else it goes with {report.service} on {day}",
        ACCEPT, f"dock at {node.id}", report.now, max(closes, report.now + timedelta(hours=1)),
    )  # fmt: skip


def _because(report: MissedPickup, row: Affected) -> str:
    return (
        f"{report.service} did not pick up at {report.node} on {report.day}: "
        f"P(late) {in_words(row.late_before_millionths)} → {in_words(row.late_after_millionths)}"
    )
