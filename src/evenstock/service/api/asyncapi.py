"""What events there are, in and out, for programs that read such descriptions; open to all as `openapi.json` is."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from fastapi import APIRouter
from pydantic_core import to_json
from starlette.responses import Response

from evenstock.service.admission import Load
from evenstock.service.events.asyncapi import document
from evenstock.service.guard import open_to_all
from evenstock.service.unqueued import UnqueuedRoute

_SHOWN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}, "description": "AsyncAPI 3.0"}
}
ROUTER = APIRouter(tags=["operation"], route_class=UnqueuedRoute)


@ROUTER.get("/asyncapi.json", summary="Description of events, AsyncAPI 3.0", responses=_SHOWN)
@open_to_all(Load.CONSOLE)
async def asyncapi() -> Response:
    """Channels, operations, messages with their schemas, and how each is signed."""
    return Response(_document(), media_type="application/json")


@cache
def _document() -> bytes:
    return to_json(document())
