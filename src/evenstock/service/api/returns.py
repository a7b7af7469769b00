"""Returns: where the goods of a customer should go, or whether he should keep them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from evenstock.domain import Cents, LineId, Order, OrderId, Sku, Units
from evenstock.operations.access.actions import Action
from evenstock.operations.company import Company
from evenstock.operations.route_return import document, route_return
from evenstock.routing.returns import MOST_LINES, CustomerReturn, PaidBy, ReturnedLine, ReturnTerms
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.carriers import ReturnBody, RoutedReturnOut
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import said
from evenstock.service.http.scope import require_everywhere

ROUTER = APIRouter(tags=["returns"], route_class=GuardedRoute)


@ROUTER.post(
    "/returns",
    summary="Say where a return should go: what it is worth there less label, handling and capital",
    responses={200: {"model": RoutedReturnOut, "description": "The choice, every other way, and what is barred"}},
)
@guarded(Action.ORDERS_ROUTE, Load.ROUTE)
def route(request: Request, body: ReturnBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    """Nothing is written. Without an open way `choice` is null, and `barred` says why."""
    require_everywhere(service, request, Action.ORDERS_ROUTE, "where a return goes")
    order = _order(service, body.order) if body.order else None
    here = service.company.get().company
    _require_known(here, body)
    try:
        asked = _asked(body, order)
        terms = ReturnTerms(
            services=tuple(body.services),
            resaleable_millionths=round(body.resaleable * 1_000_000),
            salvage_bp=round(body.salvage * 10_000),
            most_parcels=body.parcels,
            paid_by=PaidBy.CUSTOMER if body.customer_pays else PaidBy.COMPANY,
            keep=not body.never_keep,
        )
        found = route_return(service.store, here, asked, terms, now=service.clock())
    except ValueError as wrong:
        raise Problem("invalid_request", str(wrong), errors=[("", str(wrong))]) from None
    return said(document(found))


def _order(service: Service, name: str) -> Order:
    with service.store.reading() as books:
        found = books.order(OrderId(name))
    if found is None:
        raise Problem("not_found", f"there is no order {name}")
    return found


def _require_known(here: Company, body: ReturnBody) -> None:
    """Raise Problem where an item or a service is named that is not there, or nothing can be sent without rate cards."""
    try:
        network = here.shipping
    except ValueError as missing:
        raise Problem("refused", str(missing)) from None
    items, services = network.items, network.book.services
    wrong = [
        (f"/lines/{n}/sku", f"there is no item {line.sku}")
        for n, line in enumerate(body.lines)
        if Sku(line.sku) not in items
    ]
    wrong += [
        (f"/services/{n}", f"there is no rate card for {one}")
        for n, one in enumerate(body.services)
        if one not in services
    ]
    if wrong:
        raise Problem("not_found", f"{wrong[0][0]}: {wrong[0][1]}", errors=wrong)


def _asked(body: ReturnBody, order: Order | None) -> CustomerReturn:
    """What is sent back: the lines named, refunded as their order says where one is named; all of it where none is."""
    place = body.postal_code or (order.ship_to.postal_code if order else "")
    if not place or not (body.lines or order):
        missing = "say what comes back and from where: lines and postal_code, or an order"
        raise Problem("invalid_request", missing, errors=[("", missing)])
    paid = {line.sku: line.price_cents for line in order.lines} if order else {}
    strange = [(n, line.sku) for n, line in enumerate(body.lines) if order is not None and Sku(line.sku) not in paid]
    if strange:
        places = [(f"/lines/{n}/sku", f"order {body.order} has no {sku}") for n, sku in strange]
        raise Problem("not_found", f"{places[0][0]}: {places[0][1]}", errors=places)
    named = [(Sku(line.sku), Units(line.units), Cents(line.price_cents)) for line in body.lines]
    named = named or [(line.sku, line.units, line.price_cents) for line in (order.lines if order else ())]
    if len(named) > MOST_LINES:
        raise Problem(
            "refused", f"order {body.order} has {len(named)} lines; a return has at most {MOST_LINES}: name some"
        )
    lines = tuple(
        ReturnedLine(LineId(str(n)), sku, units, paid.get(sku, cents)) for n, (sku, units, cents) in enumerate(named, 1)
    )
    return CustomerReturn(body.order or body.id, lines, place)
