"""Reservations: read, released for picking, shipped, given back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from evenstock.domain import Reservation, ReservationId
from evenstock.operations.access.actions import Action
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.reservations import post_reservation, void_reservation
from evenstock.operations.ship_order import ship_order
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.orders import ReservationOut, reservation_out
from evenstock.service.http.idempotent import IdempotencyKey, IfMatch, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import etag, match, said, tagged
from evenstock.service.http.scope import require_all, require_any
from evenstock.service.http.strict import Reason, Strict

ROUTER = APIRouter(tags=["reservations"], route_class=GuardedRoute)
_OUT = {"model": ReservationOut, "description": "The reservation as it stands then"}


class VoidBody(Strict):
    because: Reason


@ROUTER.get("/reservations/{reservation}", summary="Stock set aside for an order", responses={200: _OUT})
@guarded(Action.ORDERS_READ, Load.CONSOLE)
def read(request: Request, reservation: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        found = _found(books, reservation)
        shown = reservation_out(books, found)
    require_any(service, request, Action.ORDERS_READ, {line.node for line in found.lines}, f"reservation {found.id}")
    return tagged(request, shown)


@ROUTER.post("/reservations/{reservation}/release", summary="The pick was released", responses={200: _OUT})
@guarded(Action.ORDERS_RELEASE, Load.RESERVE)
def release(
    request: Request,
    reservation: str,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """Reserved becomes allocated. Released again, it changes nothing; refused while the order is held."""
    now = service.clock()
    return _changed(service, request, reservation, lambda store, name: post_reservation(store, name, now))


@ROUTER.post("/reservations/{reservation}/ship", summary="The goods have left", responses={200: _OUT})
@guarded(Action.ORDERS_RELEASE, Load.RESERVE)
def ship(
    request: Request,
    reservation: str,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """Its units go outside, to the customer. What was not released before is released first, unless the order is held."""
    now = service.clock()
    return _changed(service, request, reservation, lambda store, name: ship_order(store, name, now))


@ROUTER.post("/reservations/{reservation}/void", summary="Give the stock back", responses={200: _OUT})
@guarded(Action.ORDERS_RELEASE, Load.RESERVE)
def void(
    request: Request,
    reservation: str,
    body: VoidBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """Reserved becomes available again, on purpose. The order itself is not cancelled: route it anew, or cancel it."""
    now = service.clock()
    return _changed(
        service, request, reservation, lambda store, name: void_reservation(store, name, now, body.because), body
    )


def _changed(
    service: Service,
    request: Request,
    reservation: str,
    change: Callable[[Store, ReservationId], object],
    body: Strict | None = None,
) -> Response:
    """Change it in one transaction with what was seen of it and with the key."""

    def work(store: Store) -> Response:
        with store.reading() as books:
            found = _found(books, reservation)
            match(request, reservation_out(books, found))
        require_all(service, request, Action.ORDERS_RELEASE, {x.node for x in found.lines}, f"reservation {found.id}")
        change(store, found.id)
        with store.reading() as books:
            shown = reservation_out(books, _found(books, reservation))
        return said(shown, headers={"ETag": etag(shown)})

    return once(request, service, body if body is not None else b"", work, whole=True)


def _found(books: Transaction, reservation: str) -> Reservation:
    found = books.reservation(ReservationId(reservation))
    if found is None:
        raise Problem("not_found", f"there is no reservation {reservation}")
    return found
