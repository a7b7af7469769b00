"""Orders: routed at once, read, cancelled, promised."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from evenstock.domain import (
    Cents as CentsOf,
)
from evenstock.domain import (
    LineId,
    Order,
    OrderId,
    OrderLine,
    Promise,
    ServiceLevel,
    ShipTo,
    Sku,
    plain,
)
from evenstock.domain import (
    Units as UnitsOf,
)
from evenstock.operations.access.actions import Action
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.ports import Store
from evenstock.operations.route_order import route_order
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.idempotent import IdempotencyKey, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import raw, tagged
from evenstock.service.http.strict import Cents, Day, MaybeName, Moment, Name, SomeUnits, Strict

ROUTER = APIRouter(tags=["orders"], route_class=GuardedRoute)
MOST_LINES = 1_000


class LineBody(Strict):
    id: Name
    sku: Name
    units: SomeUnits
    price_cents: Cents = 0
    kit: MaybeName = Field(default="", description="Lines of one kit leave together")


class ShipToBody(Strict):
    postal_code: Name
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "US"
    residential: bool = True


class PromiseBody(Strict):
    deliver_by: Day
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0


class OrderBody(Strict):
    """One paid order. Its id is the idempotency key of routing."""

    id: Name
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=MOST_LINES)]
    ship_to: ShipToBody
    placed_at: Moment
    promise: PromiseBody | None = None
    order_class: Name = "standard"
    channel: MaybeName = ""
    tags: Annotated[list[Name], Field(max_length=50)] = Field(default_factory=list)
    service_level: Annotated[ServiceLevel, Field(strict=False)] = ServiceLevel.ANY
    shipping_paid_cents: Cents = 0

    def order(self) -> Order:
        """As the domain knows it. Raises Problem where lines contradict one another."""
        promise = Promise(self.promise.deliver_by, self.promise.probability) if self.promise else None
        try:
            return Order(
                id=OrderId(self.id),
                lines=tuple(
                    OrderLine(LineId(line.id), Sku(line.sku), UnitsOf(line.units), CentsOf(line.price_cents), line.kit)
                    for line in self.lines
                ),
                ship_to=ShipTo(self.ship_to.postal_code, self.ship_to.country, self.ship_to.residential),
                placed_at=self.placed_at,
                promise=promise,
                order_class=self.order_class,
                channel=self.channel,
                tags=frozenset(self.tags),
                service_level=self.service_level,
                shipping_paid_cents=CentsOf(self.shipping_paid_cents),
            )
        except ValueError as error:
            raise Problem("invalid_request", str(error), errors=[("/lines", str(error))]) from None


@ROUTER.post("/route", summary="Decide where an order ships from, and set its stock aside")
@guarded(Action.ORDERS_ROUTE, Load.ROUTE)
def route(
    request: Request,
    body: OrderBody,
    service: Annotated[Service, Depends(service_of)],
    shadow: Annotated[bool, Query(description="Decide, but reserve nothing")] = False,
    _key: IdempotencyKey = None,
) -> Response:
    """The decision's record. An order that is routed already gives the same record again, whatever happened since."""
    order = body.order()
    now = service.clock()
    here = service.company.get()

    def work(store: Store) -> Response:
        routed = route_order(
            store,
            here.shipping,
            here.policy,
            RouteOrder(order, now, shadow),
            stage=here.stage,
            substitutes=here.substitutes,
        )
        headers = {"Idempotent-Replayed": "true"} if routed.repeated else {}
        return raw(routed.record.canonical(), headers=headers)

    return once(request, service, body.model_dump_json().encode(), work)


@ROUTER.get("/orders/{order}", summary="An order as it was placed")
@guarded(Action.ORDERS_READ, Load.CONSOLE)
def read(request: Request, order: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        found = books.order(OrderId(order))
    if found is None:
        raise Problem("not_found", f"there is no order {order}")
    return tagged(request, plain(found))
