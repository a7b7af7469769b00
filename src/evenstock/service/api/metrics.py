"""What the service counts and measures, for Prometheus."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import guarded
from evenstock.service.telemetry.metrics import MEDIA_TYPE
from evenstock.service.unqueued import WatchedRoute, apart

ROUTER = APIRouter(tags=["operation"], route_class=WatchedRoute)
_SHOWN: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text format"}
}


@ROUTER.get(
    "/metrics",
    summary="Counters, durations and gauges",
    response_class=Response,
    responses=_SHOWN,
    openapi_extra={"security": [{}]},
)
@guarded(Action.METRICS_READ, Load.CONSOLE)
async def metrics(service: Annotated[Service, Depends(service_of)]) -> Response:
    """In Prometheus text format. Programs on this machine need no key."""
    return Response(await apart(service.watching.exposed), 200, media_type=MEDIA_TYPE)
