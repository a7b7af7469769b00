"""Tonight under other circumstances, and what to send to Amazon's own pool: asked for here, answered by a run."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from evenstock.domain import NodeKind
from evenstock.operations.access.actions import Action
from evenstock.operations.restock_fba import NO_FBA
from evenstock.operations.what_if_text import FORMS, read_scenario
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.plans import RestockBody, ScenarioFormsOut, ScenarioRunBody
from evenstock.service.http.idempotent import IdempotencyKey
from evenstock.service.http.long_work import STARTED, start
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import said
from evenstock.service.http.scope import require_everywhere

ROUTER = APIRouter(tags=["scenarios"], route_class=GuardedRoute)


@ROUTER.get(
    "/scenarios",
    summary="What a scenario can say",
    responses={200: {"model": ScenarioFormsOut, "description": "Forms of a change, joined by semicolons"}},
)
@guarded(Action.SCENARIOS_RUN, Load.CONSOLE)
def forms() -> Response:
    return said({"forms": list(FORMS)})


@ROUTER.post("/scenario-runs", summary="Plan tonight under each scenario, side by side", responses=dict(STARTED))
@guarded(Action.SCENARIOS_RUN, Load.REBALANCE)
def run(
    request: Request,
    body: ScenarioRunBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    """The run's result holds the evening as it is first, then each scenario: what it costs more, future by future."""
    require_everywhere(service, request, Action.SCENARIOS_RUN, "a scenario")
    wrong, names = [], set()
    for number, text in enumerate(body.scenarios):
        try:
            name, _ = read_scenario(text)
        except ValueError as error:
            wrong.append((f"/scenarios/{number}", str(error)))
            continue
        if name in names:
            wrong.append((f"/scenarios/{number}", f"{name} stands twice; give each scenario its own name"))
        names.add(name)
    if wrong:
        raise Problem("invalid_request", f"{wrong[0][0]}: {wrong[0][1]}", errors=wrong, hint="see GET /v1/scenarios")
    return start(service, request, "what_if", body.model_dump(exclude_none=True), body)


@ROUTER.post("/fba-restocks", summary="What to send to Amazon's own pool tonight", responses=dict(STARTED))
@guarded(Action.PLANS_MAKE, Load.REBALANCE)
def restock(
    request: Request, body: RestockBody, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    """The run's result holds each item of the pool with every fee and what each limit costs; nothing is kept or moved."""
    require_everywhere(service, request, Action.PLANS_MAKE, "a restock")
    if all(node.kind is not NodeKind.FBA for node in service.company.get().company.network.nodes.values()):
        raise Problem("refused", NO_FBA)
    return start(service, request, "fba", body.model_dump(exclude_none=True), body)
