"""Events of other systems: the signature is checked on the raw body, each event is stored once, and applied afterwards."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.operations.access.principal import Grant, Principal, Role
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.events.cloudevents import BATCH, JSON, LARGEST, STRUCTURED, Read, read
from evenstock.service.events.intake import Stored
from evenstock.service.events.known_sources import Known
from evenstock.service.events.signing import BadSignatureError, Signed
from evenstock.service.events.taking import Taking, taking_of
from evenstock.service.guard import GuardedRoute, in_thread, open_to_all
from evenstock.service.http.bodies.out import Out
from evenstock.service.http.problems import MOST_ERRORS, Problem
from evenstock.service.http.reading import SizedRequest
from evenstock.service.http.replies import said

ROUTER = APIRouter(tags=["ingest"], route_class=GuardedRoute)
SMALL: Final = 32_000
"""Bytes of a body that is read at once; larger ones are read in a thread, so that nobody waits for them."""
_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string"},
        "source": {"type": "string"},
        "type": {"type": "string", "description": "Such as stock.observed; docs/events.md says what each wants"},
        "time": {"type": "string", "format": "date-time"},
        "subject": {"type": "string"},
        "data": {"type": "object"},
    },
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "One CloudEvent, a batch of them, or a body that the source's mapping reads; at most 16 MB. What "
        "cannot be read is stored as a dead letter and told as such.",
        "content": {
            STRUCTURED: {"schema": _EVENT},
            BATCH: {"schema": {"type": "array", "items": _EVENT}},
            JSON: {"schema": {}},
        },
    }
}


class UnreadOut(Out):
    """An event that cannot be read: a dead letter."""

    place: int = Field(description="Its place in the body, from 0")
    because: str


class TakenOut(Out):
    """What is stored; it is applied afterwards."""

    new: int = Field(description="Events stored now, dead ones among them")
    seen: int = Field(description="Stored before: they have no second effect")
    dead: int = Field(description="Of the new ones: cannot be read, and wait as dead letters for a person")
    errors: list[UnreadOut] = Field(description="The first 50 that cannot be read")


@ROUTER.post(
    "/ingest/{source}/events",
    summary="Bring events of another system",
    status_code=202,
    openapi_extra=_BODY,
    responses={202: {"model": TakenOut, "description": "Stored, and applied soon"}},
)
@open_to_all(Load.WEBHOOK, largest=LARGEST)
async def bring(
    request: Request,
    source: Annotated[str, Path(max_length=200, description="Id of the source")],
    service: Annotated[Service, Depends(service_of)],
    taking: Annotated[Taking, Depends(taking_of)],
) -> Response:
    """Signed as the source says, or with an API key that may bring this source's events. Answered once it is committed."""
    assert isinstance(request, SizedRequest)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(request.headers.raw)}
    body = request.sent
    known = await taking.sources.get(source)
    try:
        read_, stored = await _taken(request, service, taking, source, known, headers, body)
    except Problem as problem:
        taking.counts.refused(source if known is not None else None, problem.code.name)
        raise
    taking.counts.stored(source, stored.new, stored.seen, stored.dead)
    errors = [{"place": place, "because": because} for place, _, because in read_.dead[:MOST_ERRORS]]
    return said({"new": stored.new, "seen": stored.seen, "dead": stored.dead, "errors": errors}, 202)


async def _taken(
    request: Request,
    service: Service,
    taking: Taking,
    source: str,
    known: Known | None,
    headers: dict[str, str],
    body: bytes,
) -> tuple[Read, Stored]:
    """What was read, and what is stored of it. Raises Problem."""
    now = service.clock()
    if known is not None and known.carried(headers):
        signed = _signed(known, headers, body, service)
    else:
        await _with_key(request, service, source)
        signed = Signed()
    if known is None:
        raise Problem("not_found", f"there is no source {source}; make one: POST /v1/sources")
    if known.held:
        raise Problem("quarantined", f"the source {source} is quarantined: {known.held}")
    if known.source.paused:
        raise Problem("not_allowed", f"the source {source} is paused", hint="resume it: PATCH /v1/sources/{source}")
    taking.intake.require_room()
    reading = partial(read, source, known.rules, headers, body, signed, now)
    found: Read = reading() if len(body) <= SMALL else await in_thread(reading)
    return found, await taking.intake.keep(found)


def _signed(known: Known, headers: dict[str, str], body: bytes, service: Service) -> Signed:
    try:
        return known.verify(headers, body, service.clock())
    except BadSignatureError as bad:
        raise Problem("bad_signature", str(bad)) from None


async def _with_key(request: Request, service: Service, source: str) -> None:
    """Raise Problem unless the caller's own credentials let him bring this source's events."""
    principal = service.access.known(request)
    if principal is None:
        principal = await in_thread(partial(service.access.authenticate, request))
    request.state.principal = principal
    service.access.require(principal, Action.EVENTS_INGEST, request)
    if not brings(principal, source):
        raise Problem("not_allowed", f"this key may bring the events of another source than {source}")


def brings(principal: Principal, source: str) -> bool:
    """Whether a caller who may bring events may bring those of this source."""
    return _bring(principal.grants, source) and (principal.within is None or _bring(principal.within, source))


def _bring(grants: tuple[Grant, ...], source: str) -> bool:
    bound = {grant.source for grant in grants if grant.role is Role.INTEGRATION}
    return not bound or "" in bound or source in bound
