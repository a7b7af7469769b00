"""What is missing or stale, and how to fix it: as `evenstock doctor` says it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from evenstock.domain import rfc3339
from evenstock.operations.access.actions import Action
from evenstock.operations.advise import examine
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.out import Moment, Out
from evenstock.service.http.replies import said

ROUTER = APIRouter(tags=["checks"], route_class=GuardedRoute)


class AdviceOut(Out):
    grave: bool = Field(description="Decisions are wrong or impossible because of it; else they are merely less good")
    what: str
    fix: str


class ChecksOut(Out):
    checked_at: Moment
    well: bool = Field(description="Nothing needs attention")
    items: list[AdviceOut] = Field(description="Gravest first")


@ROUTER.get(
    "/checks",
    summary="What needs attention: books, tables, rates, counts, forecast, queue and rules",
    responses={200: {"model": ChecksOut, "description": "What was found"}},
)
@guarded(Action.KPIS_READ, Load.REPORT)
def read(service: Annotated[Service, Depends(service_of)]) -> Response:
    """Reads the whole of the books: ask it seldom."""
    now = service.clock()
    found = examine(service.store, service.snapshots, now)
    items = [{"grave": one.grave, "what": one.what, "fix": one.fix} for one in found]
    return said({"checked_at": rfc3339(now), "well": not items, "items": items})
