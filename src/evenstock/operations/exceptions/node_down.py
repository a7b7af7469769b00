"""A node ships nothing for a while: what waits there unreleased is routed elsewhere, earliest promise first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from evenstock.domain import (
    Case,
    CaseId,
    CaseKind,
    CaseState,
    Event,
    NodeId,
    OrderId,
    Refuse,
    Reservation,
    digest,
    refuse_naive,
    rfc3339,
)
from evenstock.operations.exceptions.answer import Handled, Taken, about_order, handled, take_once, with_facts
from evenstock.operations.exceptions.questions import hold_of
from evenstock.operations.exceptions.rerouting import REROUTE, follow_now, followed
from evenstock.operations.ports import ConflictError, Store, Transaction
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork

LEAVE: Final = "leave_node"
UP: Final = "node_up"
_NO_PROMISE: Final = date.max


@dataclass(frozen=True, slots=True)
class NodeDown:
    """From `since` until `until` the node ships nothing."""

    id: str
    node: NodeId
    until: datetime
    because: str
    now: datetime
    since: datetime | None = None
    """From now on where None; a moment to come where the closure is planned."""

    def __post_init__(self) -> None:
        refuse_naive(self.now, self.id)
        refuse_naive(self.until, self.id)
        if not self.id or not self.because or self.until <= max(self.now, self.begins):
            raise ValueError(
                f"node down {self.id!r}: it has an id and a reason, and ends after it begins, and after now"
            )

    @property
    def begins(self) -> datetime:
        return self.since or self.now

    @property
    def request(self) -> str:
        return digest(["node down", self.node, self.until, self.since, self.because])


@dataclass(frozen=True, slots=True)
class NodeUp:
    """The node ships again, sooner than was said."""

    id: str
    node: NodeId
    by: str
    now: datetime

    @property
    def request(self) -> str:
        return digest(["node up", self.node, self.by])


def node_down(
    store: Store, network: ShippingNetwork, policy: CompiledPolicy, report: NodeDown, *, limit: int = 10_000
) -> Handled | Refuse:
    """Route every unreleased order of the node elsewhere, each in its own transaction; who cannot go becomes a case.

    A second report about a node that is down moves its end. Work that was cut short goes on at the next `run_due`: an
    order is done when nothing of it is set aside there, or a case about it says why.
    """
    told, repeated = take_once(store, report, lambda books: _take_in(books, network, report))
    if isinstance(told, Refuse):
        return told
    with store.reading() as books:
        case = books.case(told.cases[0])
    if case is not None and case.state is CaseState.OPEN and case.at_deadline == LEAVE and case.due_at <= report.now:
        after = leave_node(store, network, policy, case, report.now, limit=limit)
        try:
            with store.transaction() as books:
                books.change_case(case.step, after)
        except ConflictError:
            pass  # somebody else saw to it meanwhile
    left = _moved(store, told.cases[0])
    return handled(store, report, replace(told, cases=(*told.cases, *left)), repeated=repeated)


def node_up(store: Store, network: ShippingNetwork, policy: CompiledPolicy, report: NodeUp) -> Handled | Refuse:
    """End a closure now; orders that could not leave the node are decided again at once."""
    once = take_once(store, report, lambda books: _up(books, report))
    return followed(store, network, policy, report, once)


def _up(books: Transaction, report: NodeUp) -> Taken | Refuse:
    down = _open(books, report.node)
    if down is None:
        return Refuse(f"{report.node} is not down; nothing is changed")
    books.publish([_event_up(down, report.now, report.by)])
    books.change_case(down.step, down.closed(report.now, report.by, "the node ships again"))
    woken = _wake(books, down, report.now)
    return Taken(f"{report.node} ships again", (down.id, *woken))


def up_at_deadline(store: Store, case: Case, now: datetime) -> Case:
    """The closure has ended as it was said to."""
    with store.transaction() as books:
        books.publish([_event_up(case, now, "deadline")])
        after = case.closed(now, "deadline", "the node ships again, as was foretold")
        books.change_case(case.step, after)
        _wake(books, case, now)
    return after


def leave_node(
    store: Store, network: ShippingNetwork, policy: CompiledPolicy, case: Case, now: datetime, *, limit: int = 10_000
) -> Case:
    """Route the node's unreleased orders elsewhere, earliest promise first, then dearest; the case waits for its end."""
    node = NodeId(case.about.removeprefix("node:"))
    waiting = _waiting(store, case.id, node)
    for order in waiting[:limit]:
        name = _case_of(case.id, order)
        with store.transaction() as books:
            books.put_case(
                Case(
                    name, CaseKind.NODE_DOWN, about_order(order), f"{node} is down: {case.because}",
                    f"place it elsewhere than {node}", REROUTE, "", now, now, (("node_down", node),),
                )
            )  # fmt: skip
        follow_now(store, network, policy, [name], now)
    if len(waiting) > limit:
        return replace(case, due_at=now, step=case.step + 1)
    until = datetime.fromisoformat(case.fact("until"))
    return replace(case, at_deadline=UP, due_at=max(until, case.opened_at), step=case.step + 1)


def _take_in(books: Transaction, network: ShippingNetwork, report: NodeDown) -> Taken | Refuse:
    if report.node not in {node.id for node in network.nodes}:
        return Refuse(f"{report.node} is no node of this network; check its name")
    body = {
        "report": report.id, "node": report.node, "because": report.because, "from": report.begins, "until": report.until,
    }  # fmt: skip
    books.publish([Event(f"{report.id}:down", "NodeDown", f"node:{report.node}", report.now, body)])
    there = _open(books, report.node)
    until = rfc3339(report.until)
    if there is not None:
        moved = replace(with_facts(there, until=until), step=there.step + 1)
        if there.at_deadline == UP:
            moved = replace(moved, due_at=report.until)
        books.change_case(there.step, moved)
        return Taken(f"{report.node} stays down until {until}: {report.because}", (there.id,))
    case = Case(
        CaseId(report.id), CaseKind.NODE_DOWN, f"node:{report.node}", report.because,
        f"route what waits at {report.node} elsewhere, and nothing there until {until}", LEAVE, "", report.now,
        max(report.begins, report.now), (("from", rfc3339(report.begins)), ("until", until)),
    )  # fmt: skip
    books.put_case(case)
    return Taken(f"{report.node} is down until {until}: {report.because}", (case.id,))


def _open(books: Transaction, node: NodeId) -> Case | None:
    return next(iter(books.cases(CaseState.OPEN, CaseKind.NODE_DOWN, f"node:{node}")), None)


def _waiting(store: Store, down: CaseId, node: NodeId) -> list[OrderId]:
    """Orders with unreleased stock at the node that nobody has seen to yet, by promise, value and name."""
    with store.reading() as books:
        there = _of_node(books.pending(), node)
        known = {case.id for case in books.cases(kind=CaseKind.NODE_DOWN)}
        ranked = []
        for name in there:
            order = books.order(name)
            if order is None or _case_of(down, name) in known or hold_of(books, name) is not None:
                continue
            promise = order.promise.deliver_by if order.promise else _NO_PROMISE
            ranked.append((promise, -order.value_cents, name))
    return [name for _, _, name in sorted(ranked)]


def _of_node(pending: Sequence[Reservation], node: NodeId) -> list[OrderId]:
    return sorted({r.order for r in pending if any(line.node == node for line in r.lines)})


def _case_of(down: CaseId, order: OrderId) -> CaseId:
    return CaseId(f"{down}:{order}")


def _wake(books: Transaction, down: Case, now: datetime) -> list[CaseId]:
    """Orders that waited for the node are decided again now."""
    waiting = [c for c in books.cases(CaseState.OPEN, CaseKind.NODE_DOWN) if c.id.startswith(f"{down.id}:")]
    for case in waiting:
        if case.due_at > now:
            books.change_case(case.step, replace(case, due_at=max(now, case.opened_at), step=case.step + 1))
    return [case.id for case in waiting]


def _moved(store: Store, down: CaseId) -> list[CaseId]:
    with store.reading() as books:
        return [case.id for case in books.cases(kind=CaseKind.NODE_DOWN) if case.id.startswith(f"{down}:")]


def _event_up(case: Case, at: datetime, by: str) -> Event:
    return Event(f"{case.id}:up", "NodeUp", case.about, at, {"case": case.id, "by": by})
