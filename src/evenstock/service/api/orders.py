"""Orders: routed at once, read, cancelled, promised."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from evenstock.domain import Cents as CentsOf
from evenstock.domain import (
    LineId,
    Order,
    OrderId,
    OrderLine,
    ServiceLevel,
    ShipTo,
    Sku,
)
from evenstock.domain import Units as UnitsOf
from evenstock.operations.access.actions import Action
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.decisions import behind, decision_from
from evenstock.operations.exceptions.answer import document as handled_document
from evenstock.operations.exceptions.cancel import CancelOrder, cancel_order
from evenstock.operations.explaining import explanation
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.promise import document, promise_order, transfers_due
from evenstock.operations.route_order import Routed, route_order
from evenstock.operations.route_pool import route_pool
from evenstock.operations.standing import Standing, standing
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.gathered import AT_ONCE
from evenstock.service.guard import GuardedRoute, as_problem, guarded, in_thread
from evenstock.service.http.bodies.cases import HandledOut
from evenstock.service.http.bodies.decisions import DecisionOut, ExplanationOut
from evenstock.service.http.bodies.orders import (
    MOST_LINES,
    OrderBody,
    OrderOut,
    QuoteOut,
    ReservationsOut,
    RoutedLineOut,
    ShipToBody,
    order_out,
    reservation_out,
)
from evenstock.service.http.idempotent import IdempotencyKey, kept_decision, named, once
from evenstock.service.http.ndjson import ndjson_answer, ndjson_body, read_lines
from evenstock.service.http.problems import Problem
from evenstock.service.http.refusals import done
from evenstock.service.http.replies import lines, raw, said, tagged
from evenstock.service.http.scope import require_all, require_any, require_everywhere
from evenstock.service.http.strict import MaybeName, Name, Reason, SomeUnits, Strict

ROUTER = APIRouter(tags=["orders"], route_class=GuardedRoute)
MOST_AT_ONCE: Final = 1_000
"""Orders in one request."""
_REPEATED: Final = {"Idempotent-Replayed": "true"}
Shadow = Annotated[bool, Query(description="Decide, but reserve nothing")]


class PromiseLineBody(Strict):
    sku: Name
    units: SomeUnits = 1


class PromiseRequestBody(Strict):
    """A basket of which nothing is bought yet."""

    lines: Annotated[list[PromiseLineBody], Field(min_length=1, max_length=MOST_LINES)]
    ship_to: ShipToBody
    probability: Annotated[float, Field(gt=0, le=1, description="Least probability that the whole order is there")] = (
        0.9
    )
    service_level: Annotated[ServiceLevel, Field(strict=False)] = ServiceLevel.ANY
    order_class: Name = "standard"
    channel: MaybeName = ""


class CancellationBody(Strict):
    """The customer no longer wants the order, or some of its lines."""

    id: Name = Field(description="Number of the cancellation: the same one twice changes nothing")
    lines: Annotated[list[Name], Field(max_length=MOST_LINES)] = Field(
        default_factory=list, description="Only these lines; empty for the whole order"
    )
    because: Reason = "the customer cancelled"


@ROUTER.post(
    "/route",
    summary="Decide where an order ships from, and set its stock aside",
    responses={200: {"model": DecisionOut | ExplanationOut, "description": "The decision"}},
)
@guarded(Action.ORDERS_ROUTE, Load.ROUTE, gathers=AT_ONCE)
async def route(
    request: Request,
    body: OrderBody,
    service: Annotated[Service, Depends(service_of)],
    shadow: Shadow = False,
    explain: Annotated[
        str, Query(pattern="^(record|full)$", description="`full`: with every option in words and terms")
    ] = "record",
    _key: IdempotencyKey = None,
) -> Response:
    """The decision's record. An order that is routed already gives the same record again, whatever happened since."""
    require_everywhere(service, request, Action.ORDERS_ROUTE, "where an order ships from")
    order = body.order()

    if not shadow and explain == "record":
        found = await service.gathered.route(order, *named(request, body), kept_decision)
        if found is not None:
            return raw(found.body, headers=_REPEATED if found.routed.repeated else None)

    def work(store: Store) -> Response:
        routed = _route(service, store, order, shadow=shadow)
        headers = _REPEATED if routed.repeated else {}
        if explain == "full":
            return said(explanation(routed.record), headers=headers)
        return raw(routed.record.canonical(), headers=headers)

    async with service.admission.place(Load.ROUTE):
        reply: Response = await in_thread(partial(once, request, service, body, work))
    return reply


def _route(service: Service, store: Store, order: Order, *, shadow: bool) -> Routed:
    here = service.company.get()
    wish = RouteOrder(order, service.clock(), shadow)
    return route_order(store, here.shipping, here.policy, wish, stage=here.stage, substitutes=here.substitutes)


@ROUTER.post(
    "/route-batches",
    summary="Route many orders: one JSON order a line in, one answer a line out",
    openapi_extra=ndjson_body(OrderBody),
    responses={200: ndjson_answer(RoutedLineOut, "One line an order, in their order")},
)
@guarded(Action.ORDERS_ROUTE, Load.REBALANCE, largest=10_000_000)
def route_batch(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    shadow: Shadow = False,
    together: Annotated[
        bool, Query(description="Decide all of them at once: most orders served, then at least cost")
    ] = False,
) -> Response:
    """Each order is committed by itself, so sending the batch again routes only those that are not routed yet.

    A line that cannot be used is answered with its problem, and the others are routed; asked `together`, one such line
    leaves all of them alone, for what the others get depends on it.
    """
    require_everywhere(service, request, Action.ORDERS_ROUTE, "where an order ships from")
    wanted = read_lines(request, OrderBody, MOST_AT_ONCE)
    orders: list[Order | Problem] = []
    for one in wanted:
        try:
            orders.append(one if isinstance(one, Problem) else one.order())
        except Problem as problem:
            orders.append(problem)
    if together:
        return lines(_together(service, orders, shadow=shadow))
    return lines([_routed_or_problem(service, n, one, shadow=shadow) for n, one in enumerate(orders, 1)])


def _routed_or_problem(service: Service, number: int, order: Order | Problem, *, shadow: bool) -> dict[str, Any]:
    if isinstance(order, Problem):
        return _not_routed(number, order, order)
    try:
        return _line(number, _route(service, service.store, order, shadow=shadow))
    except Exception as error:  # noqa: BLE001 (one order that fails must not hide what became of those before it)
        return _not_routed(number, order, as_problem(error))


def _together(service: Service, orders: list[Order | Problem], *, shadow: bool) -> list[dict[str, Any]]:
    valid = [one for one in orders if isinstance(one, Order)]
    counted = Counter(one.id for one in valid)
    others_wrong = len(valid) < len(orders) or max(counted.values(), default=1) > 1
    if others_wrong:
        nothing = Problem("refused", "another line is wrong, and all were to be decided together: nothing was routed")
        twice = Problem("refused", "this order stands twice, and all were to be decided together: nothing was routed")
        return [
            _not_routed(n, one, (twice if counted[one.id] > 1 else nothing) if isinstance(one, Order) else one)
            for n, one in enumerate(orders, 1)
        ]
    here = service.company.get()
    routed = route_pool(
        service.store, here.shipping, here.policy, valid, service.clock(), shadow=shadow, stage=here.stage,
        substitutes=here.substitutes,
    )  # fmt: skip
    return [_line(n, each) for n, each in enumerate(routed.routed, 1)]


def _not_routed(number: int, order: Order | Problem, problem: Problem) -> dict[str, Any]:
    name = order.id if isinstance(order, Order) else None
    return {"line": number, "order": name, "status": problem.code.status, "problem": problem.document()}


def _line(number: int, routed: Routed) -> dict[str, Any]:
    record = routed.record
    return {
        "line": number,
        "order": record.order,
        "status": 200,
        "repeated": routed.repeated,
        "decision": record.id,
        "outcome": record.outcome.value,
        "cents": record.choice.cents if record.choice else None,
        "nodes": list(record.choice.nodes) if record.choice else [],
        "sentence": record.sentence,
    }


@ROUTER.get(
    "/orders/{order}",
    summary="An order as it was placed, and what stands of it now",
    responses={200: {"model": OrderOut, "description": "The order"}},
)
@guarded(Action.ORDERS_READ, Load.CONSOLE)
def read(request: Request, order: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        there = _standing(books, order)
        latest = books.decision_of(OrderId(order))
    _require_sight(service, request, there)
    return tagged(request, order_out(there, decision_from(latest).id if latest else None))


@ROUTER.get(
    "/orders/{order}/decision",
    summary="The latest decision about an order",
    responses={200: {"model": DecisionOut, "description": "The decision's record, byte for byte"}},
)
@guarded(Action.DECISIONS_READ, Load.CONSOLE)
def decision(request: Request, order: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        found = books.decision_of(OrderId(order))
    if found is None:
        raise Problem("not_found", f"nothing was decided about an order {order}")
    require_any(service, request, Action.DECISIONS_READ, _nodes_of_decision(found), f"order {order}")
    return tagged(request, found)


@ROUTER.get(
    "/orders/{order}/decisions",
    summary="The decisions that set stock of an order aside, and the latest one",
    responses={200: {"model": list[DecisionOut], "description": "Records, oldest first"}},
)
@guarded(Action.DECISIONS_READ, Load.CONSOLE)
def decisions(request: Request, order: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    name = OrderId(order)
    with service.store.reading() as books:
        latest = books.decision_of(name)
        made = [behind(books, each.id) for each in books.reservations_of(name)]
    if latest is None:
        raise Problem("not_found", f"nothing was decided about an order {order}")
    require_any(service, request, Action.DECISIONS_READ, _nodes_of_decision(latest), f"order {order}")
    records = {one.id: one for one in (*made, decision_from(latest)) if one is not None}
    ranked = sorted(records.values(), key=lambda one: (one.decided_at, one.id))
    return raw(b"[" + b",".join(one.canonical() for one in ranked) + b"]")


@ROUTER.get(
    "/orders/{order}/reservations",
    summary="What is or was set aside for an order",
    responses={200: {"model": ReservationsOut, "description": "Reservations, with what is left of each"}},
)
@guarded(Action.ORDERS_READ, Load.CONSOLE)
def reservations(request: Request, order: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        there = _standing(books, order)
        found = [reservation_out(books, each) for each in books.reservations_of(OrderId(order))]
    _require_sight(service, request, there)
    return said({"items": found, "next": None})


@ROUTER.post(
    "/orders/{order}/cancellations",
    summary="Cancel an order, or some of its lines",
    responses={200: {"model": HandledOut, "description": "What was done, and what follows"}},
)
@guarded(Action.ORDERS_CANCEL, Load.RESERVE)
def cancel(
    request: Request,
    order: str,
    body: CancellationBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    """Unreleased stock is free at once, nodes are asked to stop the rest; what has left by then is a return to expect."""
    here = service.company.get()
    with service.store.reading() as books:
        there = _standing(books, order)
    require_all(service, request, Action.ORDERS_CANCEL, _nodes_of(there), f"order {order}")
    wanted = tuple(LineId(line) for line in body.lines)
    report = CancelOrder(body.id, OrderId(order), body.because, request.state.principal.id, service.clock(), wanted)

    def work(store: Store) -> Response:
        return said(handled_document(done(cancel_order(store, here.shipping, here.policy, report))))

    return once(request, service, body, work)


@ROUTER.post(
    "/promises",
    summary="Which days can be promised for a basket, how surely, and what each costs; reserves nothing",
    responses={200: {"model": QuoteOut, "description": "Options, fastest first; none where nothing can be promised"}},
)
@guarded(Action.ORDERS_ROUTE, Load.ROUTE)
def promise(request: Request, body: PromiseRequestBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    require_everywhere(service, request, Action.ORDERS_ROUTE, "what can be promised")
    here, now = service.company.get(), service.clock()
    network = here.company.network
    order = Order(
        OrderId("basket"),
        tuple(
            OrderLine(
                LineId(str(n)), Sku(line.sku), UnitsOf(line.units),
                network.items[Sku(line.sku)].price_cents if line.sku in network.items else CentsOf(0),
            )
            for n, line in enumerate(body.lines, 1)
        ),
        ShipTo(body.ship_to.postal_code, body.ship_to.country, body.ship_to.residential),
        now,
        order_class=body.order_class,
        channel=body.channel,
        service_level=body.service_level,
    )  # fmt: skip
    lead_days = {(lane.origin, lane.destination): lane.lead_days for lane in network.lanes}
    with service.store.reading() as books:
        due = transfers_due(books, lead_days, now.date())
    quote = promise_order(
        service.store, here.shipping, here.policy, order, now, probability=body.probability, inbound=due
    )
    return said(document(quote))


def _standing(books: Transaction, order: str) -> Standing:
    found = standing(books, OrderId(order))
    if found is None:
        raise Problem("not_found", f"there is no order {order}")
    return found


def _nodes_of(there: Standing) -> frozenset[str]:
    """Nodes at which something of the order is set aside, picked or gone."""
    pieces = (*(r.lines for r in there.soft), *(p.lines for p in (*there.picking, *there.left)))
    return frozenset(str(line.node) for each in pieces for line in each)


def _nodes_of_decision(record: bytes) -> frozenset[str]:
    plan = decision_from(record).choice
    return frozenset(map(str, plan.nodes)) if plan is not None else frozenset()


def _require_sight(service: Service, request: Request, there: Standing) -> None:
    require_any(service, request, Action.ORDERS_READ, _nodes_of(there), f"order {there.order.id}")
