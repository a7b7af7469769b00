"""Whether the service lives, and whether it can work: for probes, which are never made to wait behind orders."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from evenstock import __version__
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import open_to_all
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import said
from evenstock.service.readiness import Check, Found, State
from evenstock.service.unqueued import UnqueuedRoute, apart

ROUTER = APIRouter(tags=["operation"], route_class=UnqueuedRoute)
PATIENCE_S: Final = 2.0
"""A probe hears within this that the books do not answer."""


class HealthOut(BaseModel):
    alive: bool
    version: str


class CheckOut(BaseModel):
    name: str
    state: State
    because: str
    fix: str


class ReadyOut(BaseModel):
    ready: bool
    checks: list[CheckOut] = Field(description="Each with its reason; a warning does not make it unready")


@ROUTER.get("/health", summary="Whether the process lives", responses={200: {"model": HealthOut}})
@open_to_all(Load.CONSOLE)
async def health() -> Response:
    """True as soon as it can be asked: it looks at nothing else, so that a database that is down restarts no service."""
    return said({"alive": True, "version": __version__})


@ROUTER.get("/ready", summary="Whether it can do its work", responses={200: {"model": ReadyOut}})
@open_to_all(Load.CONSOLE)
async def ready(service: Annotated[Service, Depends(service_of)]) -> Response:
    """Checks of the database, its schema and clock, the company, the disk and the worker; 503 where one has failed."""
    readiness = service.readiness
    try:
        found = await asyncio.wait_for(apart(readiness.look), PATIENCE_S)
    except TimeoutError:
        late = Check("database", State.FAILED, f"no answer within {PATIENCE_S:.0f} s", "see whether it is overloaded")
        found = Found((late,), None, None, None)
    if found.ready:
        return said({"ready": True, "checks": [_shown(check) for check in found.checks]})
    bad = [(check.name, check.because) for check in found.checks if check.state is State.FAILED]
    said_of = "; ".join(f"{name}: {because}" for name, because in bad)
    raise Problem("not_ready", said_of, errors=bad, headers={"Retry-After": "5"})


def _shown(check: Check) -> dict[str, Any]:
    return {"name": check.name, "state": check.state.value, "because": check.because, "fix": check.fix}
