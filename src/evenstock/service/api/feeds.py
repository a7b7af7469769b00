"""Feeds of stock: when each source last spoke of each node, and which are late."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.operations.feed_ages import COLUMNS, feed_ages
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.rows import frame_row, page_of
from evenstock.service.http.bulk import dicts
from evenstock.service.http.replies import page
from evenstock.service.http.scope import nodes_of

ROUTER = APIRouter(tags=["feeds"], route_class=GuardedRoute)
FeedAgeOut: Any = frame_row(
    "FeedAgeOut",
    COLUMNS,
    "What a source last said of a node, and whether it is late: silent for twice its usual pause.",
)


@ROUTER.get(
    "/feeds",
    summary="Systems that state stock: when each last spoke of each node, and which are late",
    responses={200: {"model": page_of(FeedAgeOut), "description": "By source and node"}},
)
@guarded(Action.STOCK_READ, Load.CONSOLE)
def listed(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    """Of the imported table of observations; what a source brings as events is told under `/v1/sources`."""
    permitted = nodes_of(service, request, Action.STOCK_READ)
    found = dicts(feed_ages(service.company.get().company, service.clock()))
    return page([row for row in found if permitted is None or row["node"] in permitted], None)
