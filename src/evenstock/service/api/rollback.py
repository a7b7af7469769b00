"""Rules, weights, models and stages taken back together; and the weights themselves, the company's costs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from evenstock.domain import rfc3339
from evenstock.operations.access.actions import Action
from evenstock.operations.cost_book import costs_in_force, costs_of, set_costs
from evenstock.operations.ports import Store
from evenstock.operations.roll_back_all import EVERY, Part, RolledBack, roll_back_all
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.autonomy import (
    RollbackBody,
    RolledBackOut,
    WeightsBody,
    WeightsOut,
    amounts_of,
)
from evenstock.service.http.idempotent import IdempotencyKey, IfMatch, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import etag, match, said, tagged
from evenstock.service.http.scope import require_everywhere

ROUTER = APIRouter(tags=["rollback"], route_class=GuardedRoute)
_WEIGHTS: Final[dict[int | str, dict[str, Any]]] = {200: {"model": WeightsOut, "description": "The costs in force"}}


@ROUTER.post(
    "/rollback",
    summary="Take rules, weights, models and stages back, to a moment or by one step",
    responses={200: {"model": RolledBackOut, "description": "What each part went back to"}},
)
@guarded(Action.ROLLOUT_CHANGE, Load.CONSOLE)
def back(
    request: Request,
    body: RollbackBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    """All of them or none, in one transaction; `rehearse` says what would change. Halts stay as they are."""
    parts = frozenset(body.parts) or EVERY
    require_everywhere(service, request, Action.ROLLOUT_CHANGE, "a roll-back")
    if Part.RULES in parts:
        require_everywhere(service, request, Action.RULES_ACTIVATE, "a roll-back of the rules")
    by, now = request.state.principal.id, service.clock()

    def work(store: Store) -> Response:
        try:
            done = roll_back_all(
                store, service.snapshots, by=by, because=body.because, now=now, to=body.to, parts=parts,
                rehearse=body.rehearse,
            )  # fmt: skip
        except ValueError as wrong:
            raise Problem("refused", str(wrong)) from None
        return said(told(done))

    reply = once(request, service, body, work, whole=True)
    service.company.look()
    return reply


@ROUTER.get("/weights", summary="The company's costs, by which decisions weigh", responses=_WEIGHTS)
@guarded(Action.RULES_READ, Load.CONSOLE)
def read(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    return tagged(request, _weights(service, service.store))


@ROUTER.put("/weights", summary="Lay amounts over the imported costs", responses=_WEIGHTS)
@guarded(Action.ROLLOUT_CHANGE, Load.CONSOLE)
def change(
    request: Request,
    body: WeightsBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """Amounts set before and not named stay. Where the company asks for it, a simulation of that change must be there."""
    require_everywhere(service, request, Action.ROLLOUT_CHANGE, "the company's costs")
    by, now = request.state.principal.id, service.clock()

    def work(store: Store) -> Response:
        match(request, _weights(service, store))
        try:
            set_costs(
                store,
                service.snapshots,
                amounts_of(body.amounts),
                by=by,
                because=body.because,
                now=now,
                force=body.force,
            )
        except ValueError as wrong:
            raise Problem("refused", str(wrong)) from None
        shown = _weights(service, store)
        return said(shown, headers={"ETag": etag(shown)})

    reply = once(request, service, body, work, whole=True)
    service.company.look()
    return reply


def told(done: RolledBack) -> dict[str, Any]:
    """As a document."""
    return {"steps": [asdict(step) for step in done.steps], "done": done.done}


def _weights(service: Service, store: Store) -> dict[str, Any]:
    with store.reading() as books:
        version, network = costs_in_force(books, service.snapshots), books.pointer("network")
    frames = service.snapshots.read(network) if network is not None else {}
    return {
        "costs": asdict(costs_of(frames, version)),
        "amounts": dict(sorted(version.amounts.items())) if version is not None else {},
        "by": version.by if version is not None else "",
        "because": version.because if version is not None else "",
        "at": rfc3339(version.at) if version is not None else None,
        "forced": version is not None and version.forced,
    }
