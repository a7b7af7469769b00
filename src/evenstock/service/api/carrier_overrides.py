"""Where a carrier has begun to fail, what to use instead: proposed by the machine, adopted, refused or ended by a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.operations.carrier_overrides.answer import adopt_override, end_override, reject_override
from evenstock.operations.carrier_overrides.document import told
from evenstock.operations.carrier_overrides.keeping import standing
from evenstock.operations.carrier_overrides.proposal import Standing, State
from evenstock.operations.ports import Store
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.carriers import (
    AdoptBody,
    CarrierOverrideOut,
    CarrierOverridesOut,
    EndBody,
    LookBody,
)
from evenstock.service.http.bulk import Cursor, Limit, cut
from evenstock.service.http.idempotent import IdempotencyKey, IfMatch, once
from evenstock.service.http.long_work import STARTED, start
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import etag, match, page, said, tagged
from evenstock.service.http.scope import nodes_of, require_all, require_everywhere
from evenstock.service.http.strict import Strict

ROUTER = APIRouter(tags=["carrier-overrides"], route_class=GuardedRoute)
_OUT = {"model": CarrierOverrideOut, "description": "As it stands then"}


@ROUTER.get(
    "/carrier-overrides",
    summary="Every override proposed, oldest first, and what became of it",
    responses={200: {"model": CarrierOverridesOut, "description": "A page"}},
)
@guarded(Action.CARRIERS_READ, Load.CONSOLE)
def listed(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    state: Annotated[State | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    permitted = nodes_of(service, request, Action.CARRIERS_READ)
    every = standing(service.store, service.snapshots, service.clock().date())
    seen = [
        one
        for one in every
        if (state is None or one.state is state) and (permitted is None or one.proposal.failing.origin in permitted)
    ]
    shown, following = cut(seen, [one.proposal.id for one in seen], limit, cursor)
    return page([told(one) for one in shown], following)


@ROUTER.post("/carrier-overrides", summary="Look for carriers that have begun to fail", responses=dict(STARTED))
@guarded(Action.CARRIERS_OVERRIDE, Load.REBALANCE)
def look(
    request: Request, body: LookBody, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    """The run scores carriers and proposes overrides; a person adopts them."""
    require_everywhere(service, request, Action.CARRIERS_OVERRIDE, "looking for carriers that fail")
    return start(service, request, "carriers", body.model_dump(), body)


@ROUTER.get("/carrier-overrides/{override}", summary="One override", responses={200: _OUT})
@guarded(Action.CARRIERS_READ, Load.CONSOLE)
def read(request: Request, override: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    found = _found(service, service.store, override)
    require_all(service, request, Action.CARRIERS_READ, {found.proposal.failing.origin}, f"override {override}")
    return tagged(request, told(found))


@ROUTER.post(
    "/carrier-overrides/{override}/adoptions", summary="Put a proposal in force from today", responses={200: _OUT}
)
@guarded(Action.CARRIERS_OVERRIDE, Load.CONSOLE)
def adopt(
    request: Request,
    override: str,
    body: AdoptBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """It ends by itself. One in the form of a rule is a new version of the rules in force."""

    def deed(store: Store, name: str, by: str) -> Standing:
        return adopt_override(
            store, service.snapshots, name, by=by, now=service.clock(), weeks=body.weeks, because=body.because
        )

    return _answered(service, request, override, body, deed)


@ROUTER.post("/carrier-overrides/{override}/rejections", summary="Say no to a proposal", responses={200: _OUT})
@guarded(Action.CARRIERS_OVERRIDE, Load.CONSOLE)
def reject(
    request: Request,
    override: str,
    body: EndBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """The same failing is not proposed again for four weeks."""

    def deed(store: Store, name: str, by: str) -> Standing:
        return reject_override(store, service.snapshots, name, by=by, because=body.because, now=service.clock())

    return _answered(service, request, override, body, deed)


@ROUTER.post("/carrier-overrides/{override}/ends", summary="End an override before its last day", responses={200: _OUT})
@guarded(Action.CARRIERS_OVERRIDE, Load.CONSOLE)
def end(
    request: Request,
    override: str,
    body: EndBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    def deed(store: Store, name: str, by: str) -> Standing:
        return end_override(store, service.snapshots, name, by=by, because=body.because, now=service.clock())

    return _answered(service, request, override, body, deed)


def _answered(
    service: Service, request: Request, override: str, body: Strict, deed: Callable[[Store, str, str], Standing]
) -> Response:
    def work(store: Store) -> Response:
        found = _found(service, store, override)
        match(request, told(found))
        require_all(service, request, Action.CARRIERS_OVERRIDE, {found.proposal.failing.origin}, f"override {override}")
        shown = told(deed(store, override, request.state.principal.id))
        return said(shown, headers={"ETag": etag(shown)})

    reply = once(request, service, body, work, whole=True)
    service.company.look()
    return reply


def _found(service: Service, store: Store, override: str) -> Standing:
    every = standing(store, service.snapshots, service.clock().date())
    found = next((one for one in every if one.proposal.id == override), None)
    if found is None:
        raise Problem("not_found", f"there is no carrier override {override}")
    return found
