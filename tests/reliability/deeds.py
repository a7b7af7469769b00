"""Deeds of a working day, each asked for under its own key, and what the books look like: for tests that break things."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from tests.routing.brand import NOW, compiled, network, order

from evenstock.domain import (
    Account,
    ApprovalRequest,
    Bucket,
    Cause,
    Cents,
    CostTerm,
    Movement,
    MovementId,
    NodeId,
    OrderId,
    PlanId,
    Reservation,
    ReservationId,
    ReservationLine,
    Says,
    Sku,
    StockObservation,
    TransferId,
    TransferLine,
    TransferPlan,
    Units,
)
from evenstock.operations.access.limits import Limits
from evenstock.operations.approvals import Ask, open_request, vote
from evenstock.operations.approvals.plan_content import plan_digest
from evenstock.operations.count_stock import count_stock
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Handling, Received, Slot, Store
from evenstock.operations.reservations import expire_reservations, void_reservation
from evenstock.operations.route_order import Routed, route_order
from evenstock.operations.route_together import Wish, route_together
from evenstock.operations.ship_order import ship_order
from evenstock.operations.transfers import ReceivedLine, approve_plan, dispatch_transfer, receive_transfer

NETWORK = network(3)
POLICY = compiled(NETWORK)
ONE, TWO = Sku("SKU-001"), Sku("SKU-002")
CA, GA = NodeId("CA"), NodeId("GA")
TODAY: date = NOW.date()
LATER = NOW + timedelta(hours=80)
"""After the hold of an order has run out."""


def fill(store: Store, units: int = 500) -> None:
    """So many of two items at each of three nodes."""
    with store.transaction() as t:
        for sku in (ONE, TWO):
            for node in NETWORK.nodes:
                world = Account(sku, node.id, Bucket.OUTSIDE, cause=Cause.OPENING)
                shelf = Account(sku, node.id, Bucket.AVAILABLE)
                t.post([Movement(MovementId(f"{sku}-{node.id}"), Units(units), world, shelf, NOW, "opening")], NOW)


def routed(store: Store, name: str) -> Routed:
    return route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2), (TWO, 1), name=name), NOW))


@dataclass(frozen=True)
class Deed:
    """`prepare` brings the books to where the deed can be done; `do` does it and answers something that can be compared."""

    name: str
    do: Callable[[Store, str], object]
    prepare: Callable[[Store, str], object] = lambda _store, _key: None


def _reserve(store: Store, key: str) -> object:
    lines = (ReservationLine(ONE, CA, Units(2)), ReservationLine(TWO, GA, Units(1)))
    wanted = Reservation(ReservationId(key), OrderId(key), lines, NOW, LATER)
    with store.transaction() as t:
        known = t.recall(key)
        if known is not None:
            return known.response
        assert t.reserve(wanted, [Slot(CA, TODAY, 100_000)]) is None
        t.remember(key, "request", key.encode(), NOW)
        return key.encode()


def _route(store: Store, key: str) -> object:
    return routed(store, key).record.canonical()


def _route_under_a_key(store: Store, key: str) -> object:
    """As a request does it: the answer is kept under the caller's key in the commit of what it did."""
    with store.transaction() as books:
        known = books.recall(f"http:{key}")
        if known is not None:
            return known.response
        answer = routed(JoinedStore(books), key).record.canonical()
        books.remember(f"http:{key}", "request", answer, NOW)
        return answer


def _route_together(store: Store, key: str) -> object:
    """Three orders in one commit, one of them with a key of its caller's; whatever could not go together goes alone."""
    wishes = [
        Wish(RouteOrder(order((ONE, 2), (TWO, 1), name=f"{key}-1"), NOW)),
        Wish(RouteOrder(order((ONE, 1), name=f"{key}-2", zip3="100"), NOW), f"http:{key}", "request"),
        Wish(RouteOrder(order((TWO, 3), name=f"{key}-3"), NOW)),
    ]
    told = route_together(store, NETWORK, POLICY, wishes)
    done = [one or route_order(store, NETWORK, POLICY, wish.command) for wish, one in zip(wishes, told, strict=True)]
    return [one.record.canonical() for one in done]


def _ship(store: Store, key: str) -> object:
    name = promised_name(store, key)
    ship_order(store, name, NOW)
    with store.reading() as t:
        return t.reservation(name)


def promised_name(store: Store, key: str) -> ReservationId:
    with store.reading() as t:
        (found,) = t.reservations_of(OrderId(key))
    return found.id


def _void(store: Store, key: str) -> object:
    void_reservation(store, promised_name(store, key), NOW, "the customer asked")
    return None


def _expire(store: Store, key: str) -> object:
    expire_reservations(store, LATER)
    with store.reading() as t:
        return [r.state for r in t.reservations_of(OrderId(key))]


def _plan(store: Store, key: str) -> object:
    lines = tuple(
        TransferLine(sku, CA, GA, Units(6), 900, (CostTerm("freight", 100),), 40, 20, 2, 12, "runs out")
        for sku in (ONE, TWO)
    )
    with store.transaction() as t:
        t.put_plan(TransferPlan(PlanId(key), NOW, (), 7, lines))
    return None


def _approve(store: Store, key: str) -> object:
    return approve_plan(store, PlanId(key), TODAY, "Ana", NOW)


def _approved(store: Store, key: str) -> object:
    _plan(store, key)
    return _approve(store, key)


def _dispatch(store: Store, key: str) -> object:
    return dispatch_transfer(store, TransferId(f"{key}:001"), NOW)


def _dispatched(store: Store, key: str) -> object:
    _approved(store, key)
    return _dispatch(store, key)


def _receive(store: Store, key: str) -> object:
    lines = [ReceivedLine(ONE, Units(4), Units(2)), ReceivedLine(TWO, Units(6))]
    return receive_transfer(store, TransferId(f"{key}:001"), "dock-1", lines, NOW)


def _asked(store: Store, key: str) -> object:
    """A plan that two people must agree to; one has."""
    _plan(store, key)
    with store.transaction() as t:
        plan = t.plan(PlanId(key))
        assert plan is not None
        ask = Ask(
            "transfer", f"plan:{key}", plan_digest(plan), "person:ana", "approver", (CA, GA), Cents(200), people=2
        )
        request = open_request(t, ask, NOW)
    vote(store, request.id, "person:bob", Says.APPROVE, "", request.digest, NOW)
    return None


def _request(store: Store, key: str) -> ApprovalRequest:
    with store.reading() as t:
        (found,) = t.approval_requests(about=f"plan:{key}")
    return found


def _vote(store: Store, key: str) -> object:
    """The last vote that it needs."""
    request = _request(store, key)
    done = vote(store, request.id, "person:cai", Says.APPROVE, "", request.digest, NOW)
    return done.agree, done.request.state.live


def _voted(store: Store, key: str) -> object:
    _asked(store, key)
    return _vote(store, key)


def _carry_out(store: Store, key: str) -> object:
    """What two people agreed to; struck anywhere, the plan is released with its approval used, or neither."""
    released = approve_plan(store, PlanId(key), TODAY, "person:cai", NOW, limits=Limits(()))
    return released, _request(store, key).state


_versions = count(1)
_counted: dict[str, int] = {}


def _count(store: Store, key: str) -> object:
    version = _counted.setdefault(key, next(_versions))
    said = StockObservation("wms", ONE, CA, Units(400 + version % 7), NOW + timedelta(seconds=version), version)
    count_stock(store, [said], NOW)
    return None


def _take_in(store: Store, key: str) -> object:
    with store.transaction() as t:
        t.receive([Received("wms", f"{key}-{k}", "stock.observed", key, NOW, b"{}") for k in range(3)], NOW)
        return [t.received_event("wms", f"{key}-{k}") is not None for k in range(3)]


def _apply(store: Store, key: str) -> object:
    """The first of three events: the stock it brings and what became of it are one commit."""
    with store.transaction() as t:
        done = t.received_event("wms", f"{key}-0")
        assert done is not None
        if done.handling is Handling.WAITING:
            (event,) = [event for event in t.claim_received(NOW, 1_000) if event.subject == key]
            world = Account(ONE, CA, Bucket.OUTSIDE, cause=Cause.SUPPLIER)
            shelf = Account(ONE, CA, Bucket.AVAILABLE)
            t.post([Movement(MovementId(f"in-{event.id}"), Units(1), world, shelf, NOW, event.id)], NOW)
            t.handled(event, Handling.DONE, NOW)
        return [e.id for e in t.received(Handling.DONE, limit=1_000)]


DEEDS = (
    Deed("reserve", _reserve),
    Deed("route", _route),
    Deed("route under a key", _route_under_a_key),
    Deed("route together", _route_together),
    Deed("ship", _ship, _route),
    Deed("void", _void, _route),
    Deed("expire", _expire, _route),
    Deed("approve a plan", _approve, _plan),
    Deed("vote", _vote, _asked),
    Deed("carry out what was approved", _carry_out, _voted),
    Deed("dispatch a transfer", _dispatch, _approved),
    Deed("receive a transfer", _receive, _dispatched),
    Deed("count", _count),
    Deed("receive events", _take_in),
    Deed("apply an event", _apply, _take_in),
)


def state(store: Store) -> dict[str, object]:
    """Everything the books say that a deed can change, but for the times of the machine."""
    with store.transaction() as t:
        return {
            "balances": t.balance_frame().rows(),
            "movements": sorted(row[:9] for row in t.movement_frame().rows()),
            "pending": [r.id for r in t.pending()],
            "slots": dict(t.slots_taken([TODAY])),
            "cases": [(case.id, case.state, case.step) for case in t.cases()],
            "transfers": t.transfers(),
            "approvals": [(one.about, one.state, len(t.votes(one.id))) for one in t.approval_requests()],
            "plans": sorted((plan.id, plan.state) for plan in t.plans(1_000)),
            "decisions": sorted(t.decisions(1_000)),
            "facts": sorted(fact.id for fact in t.outbox(10_000)),
            "received": [(e.source, e.id, e.handling, e.tries) for e in t.received(Handling.WAITING, limit=1_000)],
        }
