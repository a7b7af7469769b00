"""Exceptions: what went wrong with an order, a node or a carrier; each report changes the books and says what follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Depends, Request
from pydantic import Field
from starlette.responses import Response

from evenstock.domain import CaseKind, LotId, NodeId, OrderId, Refuse, Sku
from evenstock.operations.access.actions import Action
from evenstock.operations.exceptions.answer import Handled, document, reported
from evenstock.operations.exceptions.count_shelf import ShelfCounted, count_shelf
from evenstock.operations.exceptions.cutoff_missed import CutoffMissed, cutoff_missed
from evenstock.operations.exceptions.evidence import keep_evidence
from evenstock.operations.exceptions.hold import CANCEL, RELEASE, HoldOrder, ReleaseHold, hold_order, release_hold
from evenstock.operations.exceptions.missed_pickup import MissedPickup, missed_pickup
from evenstock.operations.exceptions.node_down import NodeDown, NodeUp, node_down, node_up
from evenstock.operations.exceptions.short_pick import ShortPick, short_pick
from evenstock.operations.exceptions.stop import NodeStopped, node_stopped
from evenstock.operations.ports import ConflictError, Store
from evenstock.operations.standing import standing
from evenstock.service.admission import Load
from evenstock.service.company_now import Standing
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.cases import HandledOut
from evenstock.service.http.idempotent import IdempotencyKey, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.refusals import done
from evenstock.service.http.replies import said, tagged
from evenstock.service.http.scope import nodes_of, require_all, require_any
from evenstock.service.http.strict import Day, MaybeName, Moment, Name, Reason, Strict, Units

ROUTER = APIRouter(tags=["exceptions"], route_class=GuardedRoute)
LONGEST_HOLD_HOURS: Final = 24 * 90
_EACH_ALONE: Final = frozenset({"node_down", "node_up", "missed_pickup"})
"""Reports that decide many orders again, each in a transaction of its own; the report's id makes them take effect once."""


class ReportBody(Strict):
    """What every report says."""

    id: Name = Field(description="Number of the report, such as that of the pick: the same one twice changes nothing")


class ShortPickBody(ReportBody):
    """Fewer units were found than the order wants: freeze the missing ones, ask for a count, route them again."""

    kind: Literal["short_pick"]
    order: Name
    node: Name
    sku: Name
    found: Units
    together: bool = Field(default=False, description="The order leaves in one piece, or from elsewhere")


class CountedBody(ReportBody):
    """A shelf where a pick came up short was counted: set the books right, and free what was frozen."""

    kind: Literal["counted"]
    node: Name
    sku: Name
    units: Units
    lot: MaybeName = ""


class HoldBody(ReportBody):
    """An address fails, or a payment is doubted: hold the order with its stock, and ask."""

    kind: Literal["address_hold", "fraud_hold"]
    order: Name
    because: Reason
    hours: Annotated[int, Field(ge=1, le=LONGEST_HOLD_HOURS, description="How long there is to answer")] = 48
    then: Literal["cancel", "release"] = Field(default="cancel", description="What happens if nobody does")


class ReleaseBody(ReportBody):
    """The address is right, or the payment is good: the order goes on."""

    kind: Literal["address_release", "fraud_release"]
    order: Name
    because: Reason


class StoppedBody(ReportBody):
    """A node stopped what was cancelled while it picked: the units are on the shelf again."""

    kind: Literal["stopped"]
    order: Name
    node: Name


class MissedPickupBody(ReportBody):
    """A carrier did not come: who waits on the dock, how late each becomes, and who goes another way."""

    kind: Literal["missed_pickup"]
    node: Name
    service: Name
    day: Day | None = Field(default=None, description="The day it should have come; today by default")
    until: Moment | None = Field(default=None, description="The carrier has failed until then: nothing goes by it")


class NodeDownBody(ReportBody):
    """A node ships nothing for a while: what waits there goes elsewhere, the earliest promise first."""

    kind: Literal["node_down"]
    node: Name
    until: Moment
    because: Reason
    since: Moment | None = Field(default=None, description="When it begins; now by default")


class NodeUpBody(ReportBody):
    """A node ships again, sooner than was said."""

    kind: Literal["node_up"]
    node: Name


class CutoffMissedBody(ReportBody):
    """An order was not released by its node's cut-off: it leaves later, and elsewhere only where that saves."""

    kind: Literal["cutoff_missed"]
    order: Name


AnyReport = Annotated[
    ShortPickBody
    | CountedBody
    | HoldBody
    | ReleaseBody
    | StoppedBody
    | MissedPickupBody
    | NodeDownBody
    | NodeUpBody
    | CutoffMissedBody,
    Body(discriminator="kind"),
]
Answer = Handled | Refuse


@ROUTER.post(
    "/exceptions",
    summary="Say what went wrong",
    responses={200: {"model": HandledOut, "description": "What was done at once, what follows, and until when"}},
)
@guarded(Action.EXCEPTIONS_REPORT, Load.RESERVE)
def report(
    request: Request,
    body: AnyReport,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    """The report's `id` makes it count once: sent again, it changes nothing and says how things stand by now."""
    _require_scope(service, request, body)
    take = _taker(service, request, body)

    def work(store: Store) -> Response:
        return said(document(done(take(store))))

    reply = work(service.store) if body.kind in _EACH_ALONE else once(request, service, body, work)
    if body.kind in {"short_pick", "counted"}:
        _keep_evidence(service)
    return reply


@ROUTER.get(
    "/exceptions/{report}",
    summary="How things stand after a report",
    responses={200: {"model": HandledOut, "description": "Everything that followed from it, as it stands now"}},
)
@guarded(Action.EXCEPTIONS_READ, Load.CONSOLE)
def read(request: Request, report: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    found = reported(service.store, report)
    if found is None:
        raise Problem("not_found", f"there is no report {report}")
    if nodes_of(service, request, Action.EXCEPTIONS_READ) is not None:
        nodes = {case.about.removeprefix("node:") for case in found.cases if case.about.startswith("node:")}
        nodes |= {case.fact("node") for case in found.cases if case.fact("node")}
        require_any(service, request, Action.EXCEPTIONS_READ, nodes, f"report {report}")
    return tagged(request, document(found))


def _taker(service: Service, request: Request, body: Any) -> Callable[[Store], Answer]:
    """What is done with a report, over the store it is given."""
    here, now, by = service.company.get(), service.clock(), request.state.principal.id
    try:
        return _operation(here, body, by, now)
    except ValueError as error:
        raise Problem("refused", str(error)) from None


def _operation(here: Standing, body: Any, by: str, now: Any) -> Callable[[Store], Answer]:
    network, policy = here.shipping, here.policy
    match body:
        case ShortPickBody():
            short = ShortPick(
                body.id, OrderId(body.order), NodeId(body.node), Sku(body.sku), body.found, now, body.together
            )
            return lambda store: short_pick(store, network, policy, short)
        case CountedBody():
            counted = ShelfCounted(body.id, NodeId(body.node), Sku(body.sku), body.units, by, now, LotId(body.lot))
            return lambda store: count_shelf(store, counted)
        case HoldBody():
            then = RELEASE if body.then == "release" else CANCEL
            held = HoldOrder(
                body.id, OrderId(body.order), _doubt(body.kind), body.because, now, timedelta(hours=body.hours), then
            )
            return lambda store: hold_order(store, network, policy, held)
        case ReleaseBody():
            freed = ReleaseHold(body.id, OrderId(body.order), _doubt(body.kind), by, body.because, now)
            return lambda store: release_hold(store, network, policy, freed)
        case StoppedBody():
            stopped = NodeStopped(body.id, OrderId(body.order), NodeId(body.node), by, now)
            return lambda store: node_stopped(store, stopped)
        case MissedPickupBody():
            missed = MissedPickup(body.id, NodeId(body.node), body.service, body.day or now.date(), now, body.until)
            return lambda store: missed_pickup(store, network, policy, missed)
        case NodeDownBody():
            down = NodeDown(body.id, NodeId(body.node), body.until, body.because, now, body.since)
            return lambda store: node_down(store, network, policy, down)
        case NodeUpBody():
            up = NodeUp(body.id, NodeId(body.node), by, now)
            return lambda store: node_up(store, network, policy, up)
        case _:
            late = CutoffMissed(body.id, OrderId(body.order), now)
            return lambda store: cutoff_missed(store, network, policy, late)


def _doubt(kind: str) -> CaseKind:
    return CaseKind.ADDRESS if kind.startswith("address") else CaseKind.FRAUD


def _require_scope(service: Service, request: Request, body: Any) -> None:
    """A report about a node is made by who may there; one about an order where everything of it is."""
    if nodes_of(service, request, Action.EXCEPTIONS_REPORT) is None:
        return
    node = getattr(body, "node", None)
    nodes: frozenset[str] = frozenset({node}) if node else frozenset()
    if node is None:
        with service.store.reading() as books:
            there = standing(books, OrderId(body.order))
        if there is None:
            raise Problem("not_found", f"there is no order {body.order}")
        pieces = (*(r.lines for r in there.soft), *(p.lines for p in (*there.picking, *there.left)))
        nodes = frozenset(str(line.node) for each in pieces for line in each)
        require_any(service, request, Action.EXCEPTIONS_REPORT, nodes, f"order {body.order}")
    require_all(service, request, Action.EXCEPTIONS_REPORT, nodes, f"report {body.id}")


def _keep_evidence(service: Service) -> None:
    """What counts and short picks teach about shelves; another process that merges it at this moment keeps ours too."""
    for last in (False, False, True):
        try:
            keep_evidence(service.store, service.snapshots, service.clock())
        except ConflictError:
            if last:
                return
        else:
            return
