"""The gate: up to which expected regret a decision needs no person, and on what evidence."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.responses import Response

from evenstock.domain import rfc3339
from evenstock.operations.access.actions import Action
from evenstock.operations.gate import gate_in_force
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.out import Moment, Out
from evenstock.service.http.replies import tagged

ROUTER = APIRouter(tags=["gate"], route_class=GuardedRoute)


class GateInForceOut(Out):
    threshold_millicents: int | None = Field(description="Null: shut, each decision is a person's")
    budget_millicents: int
    mean_millicents: int
    bound_millicents: int
    share_bp: int = Field(description="Share of the evidence's decisions that pass, hundredths of a percent")
    decisions: int
    days: int
    deed: str
    since: Moment
    by: str
    because: str


class GateOut(Out):
    gate: GateInForceOut | None = Field(description="Null where none was ever set: every lawful plan executes")


@ROUTER.get(
    "/gate",
    summary="The gate in force, and the evidence it was set on",
    responses={200: {"model": GateOut, "description": "The gate"}},
)
@guarded(Action.RULES_READ, Load.CONSOLE)
def read(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        gate = gate_in_force(books, service.snapshots)
    if gate is None:
        return tagged(request, {"gate": None})
    names = [name for name in GateInForceOut.model_fields if name not in {"deed", "since"}]
    shown = {name: getattr(gate, name) for name in names} | {"deed": gate.deed.value, "since": rfc3339(gate.since)}
    return tagged(request, {"gate": shown})
