"""The roll-out: where decisions act and where they only watch; one step back at any time."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.responses import Response

from evenstock.domain import NodeId, rfc3339
from evenstock.operations.access.actions import Action
from evenstock.operations.ports import Store
from evenstock.operations.roll_out import ALL_BP, RollOut, roll_back, roll_out_in_force, set_roll_out
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.out import Moment, Out
from evenstock.service.http.idempotent import IdempotencyKey, IfMatch, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import etag, match, said, tagged
from evenstock.service.http.scope import require_everywhere
from evenstock.service.http.strict import Name, Reason, Strict

ROUTER = APIRouter(tags=["roll-out"], route_class=GuardedRoute)


class StageBody(Strict):
    """A new stage: by class, node and share together."""

    live: bool = Field(description="False: every decision is a shadow, recorded and compared, nothing reserved")
    order_classes: Annotated[list[Name], Field(max_length=100)] = Field(
        default_factory=list, description="Classes whose orders act; none named: all"
    )
    nodes: Annotated[list[Name], Field(max_length=1_000)] = Field(
        default_factory=list, description="A plan acts if it ships from these alone; none named: all"
    )
    share_bp: Annotated[int, Field(ge=0, le=ALL_BP, description="Share of orders, hundredths of a percent")] = ALL_BP
    because: Reason


class BackBody(Strict):
    because: Reason


class StageOut(Out):
    stage: str = Field(description="In words")
    live: bool
    order_classes: list[str]
    nodes: list[str]
    share_bp: int
    by: str = Field(description="Empty where none was ever set: every decision acts")
    because: str
    since: Moment | None


_OUT: dict[int | str, dict[str, Any]] = {200: {"model": StageOut, "description": "The stage in force"}}


@ROUTER.get("/roll-out", summary="Where decisions act", responses=_OUT)
@guarded(Action.RULES_READ, Load.CONSOLE)
def read(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        return tagged(request, _out(roll_out_in_force(books, service.snapshots)))


@ROUTER.put("/roll-out", summary="Begin a new stage", responses=_OUT)
@guarded(Action.ROLLOUT_CHANGE, Load.CONSOLE)
def change(
    request: Request,
    body: StageBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    """From now on decisions act where this says. `If-Match` refuses it where the stage was changed since it was read."""
    known = {str(node.id) for node in service.company.get().shipping.nodes}
    strange = [(n, node) for n, node in enumerate(body.nodes) if node not in known]
    if strange:
        said_of = [(f"/nodes/{n}", f"{node} is no node of this network") for n, node in strange]
        raise Problem("refused", f"{said_of[0][0]}: {said_of[0][1]}", errors=said_of)

    def begin(store: Store) -> RollOut:
        return set_roll_out(
            store, service.snapshots, live=body.live, by=request.state.principal.id, because=body.because,
            now=service.clock(), order_classes=frozenset(body.order_classes),
            nodes=frozenset(NodeId(node) for node in body.nodes), share_bp=body.share_bp,
        )  # fmt: skip

    return _changed(service, request, body, begin)


@ROUTER.post(
    "/roll-out/roll-backs", summary="One step back: the stage before this one; without one, shadow", responses=_OUT
)
@guarded(Action.ROLLOUT_CHANGE, Load.CONSOLE)
def back(
    request: Request,
    body: BackBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _seen: IfMatch = None,
) -> Response:
    by, now = request.state.principal.id, service.clock()
    return _changed(
        service, request, body, lambda store: roll_back(store, service.snapshots, by=by, because=body.because, now=now)
    )


def _changed(service: Service, request: Request, body: Strict, begin: Any) -> Response:
    require_everywhere(service, request, Action.ROLLOUT_CHANGE, "where decisions act")

    def work(store: Store) -> Response:
        with store.reading() as books:
            match(request, _out(roll_out_in_force(books, service.snapshots)))
        shown = _out(begin(store))
        return said(shown, headers={"ETag": etag(shown)})

    reply = once(request, service, body, work, whole=True)
    service.company.look()
    return reply


def _out(stage: RollOut) -> dict[str, Any]:
    return {
        "stage": str(stage),
        "live": stage.live,
        "order_classes": sorted(stage.order_classes),
        "nodes": sorted(stage.nodes),
        "share_bp": stage.share_bp,
        "by": stage.by,
        "because": stage.because,
        "since": rfc3339(stage.since) if stage.since else None,
    }
