"""Approved moves on their way: listed, dispatched, received in part or whole, called off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from evenstock.domain import LotId, Sku, TransferId, TransferOrder, TransferState, plain
from evenstock.domain import Units as UnitsOf
from evenstock.operations.access.actions import Action
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.transfers import cancel_transfer, dispatch_transfer, receive_transfer
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.plans import (
    BecauseBody,
    DispatchBody,
    DispatchedOut,
    ReceiptBody,
    TransferOrderOut,
    TransfersOut,
)
from evenstock.service.http.bulk import Cursor, Limit, cut
from evenstock.service.http.idempotent import IdempotencyKey, IfMatch, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import etag, match, page, said, tagged
from evenstock.service.http.scope import nodes_of, require_all, require_any
from evenstock.service.http.strict import Strict

ROUTER = APIRouter(tags=["transfers"], route_class=GuardedRoute)
_OUT: dict[int | str, dict[str, Any]] = {200: {"model": TransferOrderOut, "description": "As it stands then"}}


@ROUTER.get("/transfers", summary="Transfers by id", responses={200: {"model": TransfersOut, "description": "A page"}})
@guarded(Action.TRANSFERS_READ, Load.CONSOLE)
def listed(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    state: Annotated[TransferState | None, Query()] = None,
    plan: Annotated[str | None, Query(max_length=200, description="Of this plan")] = None,
    node: Annotated[str | None, Query(max_length=200, description="From or to this node")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    permitted = nodes_of(service, request, Action.TRANSFERS_READ)
    with service.store.reading() as books:
        every = books.transfers(state)
    seen = [
        one
        for one in every
        if (plan is None or one.plan == plan)
        and (node is None or node in (one.origin, one.destination))
        and (permitted is None or not permitted.isdisjoint((str(one.origin), str(one.destination))))
    ]
    shown, following = cut(seen, [str(one.id) for one in seen], limit, cursor)
    return page([plain(one) for one in shown], following)


@ROUTER.get("/transfers/{transfer}", summary="A transfer", responses=_OUT)
@guarded(Action.TRANSFERS_READ, Load.CONSOLE)
def read(request: Request, transfer: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        found = _found(books, transfer)
    require_any(service, request, Action.TRANSFERS_READ, {found.origin, found.destination}, f"transfer {transfer}")
    return tagged(request, plain(found))


@ROUTER.post(
    "/transfers/{transfer}/dispatch",
    summary="What left the origin",
    responses={200: {"model": DispatchedOut, "description": "The transfer, and what had to stay behind"}},
)
@guarded(Action.TRANSFERS_MOVE, Load.RESERVE)
def dispatch(
    request: Request,
    transfer: str,
    body: DispatchBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """A line short of stock takes what is left and is told under `short`; where nothing is there, the transfer is cancelled."""
    loaded = {(Sku(line.sku), LotId(line.lot)): UnitsOf(line.units) for line in body.loaded}
    if len(loaded) < len(body.loaded):
        raise Problem("invalid_request", "an item stands twice", errors=[("/loaded", "name each item and lot once")])

    def deed(store: Store, found: TransferOrder) -> Any:
        strange = sorted(sku for sku, lot in loaded if (sku, lot) not in {(x.sku, x.lot) for x in found.lines})
        if strange:
            raise Problem(
                "refused", f"transfer {found.id} has no line of {strange[0]}", errors=[("/loaded", strange[0])]
            )
        return plain(dispatch_transfer(store, found.id, service.clock(), loaded or None))

    return _moved(service, request, transfer, body, deed, ends=("origin",))


@ROUTER.post(
    "/transfers/{transfer}/receipts",
    summary="What arrived at the destination, and what never will",
    responses=_OUT,
)
@guarded(Action.TRANSFERS_MOVE, Load.RESERVE)
def receive(
    request: Request,
    transfer: str,
    body: ReceiptBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """A receipt may cover part. Units beyond what was dispatched are taken in, and a count is asked for at the origin."""
    if len({(line.sku, line.lot) for line in body.lines}) < len(body.lines):
        raise Problem("invalid_request", "an item stands twice", errors=[("/lines", "name each item and lot once")])

    def deed(store: Store, found: TransferOrder) -> Any:
        return plain(receive_transfer(store, found.id, body.id, [one.line() for one in body.lines], service.clock()))

    return _moved(service, request, transfer, body, deed, ends=("destination",))


@ROUTER.post("/transfers/{transfer}/cancellations", summary="Call off a transfer that has not left", responses=_OUT)
@guarded(Action.TRANSFERS_MOVE, Load.RESERVE)
def cancel(
    request: Request,
    transfer: str,
    body: BecauseBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    def deed(store: Store, found: TransferOrder) -> Any:
        cancel_transfer(store, found.id, body.because, service.clock())
        with store.reading() as books:
            return plain(_found(books, transfer))

    return _moved(service, request, transfer, body, deed, ends=("origin", "destination"))


def _moved(
    service: Service,
    request: Request,
    transfer: str,
    body: Strict,
    deed: Callable[[Store, TransferOrder], Any],
    *,
    ends: tuple[str, ...],
) -> Response:
    """Do it in one transaction with what was seen of it and with the key."""

    def work(store: Store) -> Response:
        with store.reading() as books:
            found = _found(books, transfer)
        require_all(
            service, request, Action.TRANSFERS_MOVE, {getattr(found, end) for end in ends}, f"transfer {found.id}"
        )
        match(request, plain(found))
        shown = deed(store, found)
        return said(shown, headers={"ETag": etag(shown["transfer"] if "short" in shown else shown)})

    return once(request, service, body, work, whole=True)


def _found(books: Transaction, transfer: str) -> TransferOrder:
    found = books.transfer(TransferId(transfer))
    if found is None:
        raise Problem("not_found", f"there is no transfer {transfer}")
    return found
