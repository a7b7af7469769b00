"""Dead letters: events that were given up, with the reason; replayed, read again, or dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field, JsonValue
from pydantic_core import from_json
from starlette.responses import Response

from evenstock.domain import rfc3339
from evenstock.operations.access.actions import Action
from evenstock.operations.inbound.applying import UNREADABLE
from evenstock.operations.inbound.dead_letters import dead_letter, drop, replay, replay_all
from evenstock.operations.ports import ConflictError, Handling, Received, Store, StoreError, UnavailableError
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.events.reading_again import read_again
from evenstock.service.guard import GuardedRoute, caller, guarded
from evenstock.service.http.bodies.out import Moment, Out
from evenstock.service.http.idempotent import IdempotencyKey, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import from_cursor, page, said, tagged
from evenstock.service.http.strict import MaybeName, Reason, Strict

ROUTER = APIRouter(tags=["dead-letters"], route_class=GuardedRoute)
Number = Annotated[int, Path(ge=1, le=2**53, description="Number of the event")]


class DropBody(Strict):
    because: Reason


class ReplayAllBody(Strict):
    """All of a source and kind; of every one where none is named."""

    source: MaybeName = ""
    kind: MaybeName = ""


class DeadLetterOut(Out):
    number: int
    source: str
    id: str
    kind: str = Field(description="`unreadable` where the body could not be read")
    subject: str
    occurred_at: Moment
    received_at: Moment
    tries: int
    because: str


class DeadLetterWholeOut(DeadLetterOut):
    body: JsonValue = Field(description="As it came; of what could not be read its headers, and its text or base64")


class DeadLettersOut(Out):
    items: list[DeadLetterOut]
    next: str | None


class ReplayedOut(Out):
    events: int = Field(description="Waiting again, or newly read")


@ROUTER.get(
    "/dead-letters",
    summary="Events that were given up, in the order received",
    responses={200: {"model": DeadLettersOut, "description": "A page"}},
)
@guarded(Action.EVENTS_READ, Load.CONSOLE)
def list_(
    service: Annotated[Service, Depends(service_of)],
    source: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=1_000, description="Most items of a page")] = 100,
    cursor: Annotated[str | None, Query(max_length=2_000, description="`next` of the page before")] = None,
) -> Response:
    after = from_cursor(cursor)
    if after and not (after.isascii() and after.isdigit() and len(after) < 18):
        raise Problem("not_found", "cursor: there is no such page", hint="take it from next of the page before")
    with service.store.reading() as books:
        found = books.received(Handling.DEAD, after=int(after or 0), limit=limit + 1, source=source)
    return page([shown(one) for one in found[:limit]], str(found[limit - 1].number) if len(found) > limit else None)


@ROUTER.get(
    "/dead-letters/{number}",
    summary="One of them, with its body",
    responses={200: {"model": DeadLetterWholeOut, "description": "As it came"}},
)
@guarded(Action.EVENTS_READ, Load.CONSOLE)
def read(request: Request, number: Number, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        found = dead_letter(books, number)
    if found is None:
        raise Problem("not_found", f"there is no dead event {number}; it may have been replayed or dropped")
    return tagged(request, shown(found) | {"body": from_json(found.body)})


@ROUTER.post(
    "/dead-letters/{number}/replay",
    summary="Try it again; what could not be read is read by the mapping as it is now",
    responses={200: {"model": ReplayedOut, "description": "It waits again"}},
)
@guarded(Action.EVENTS_REPLAY, Load.CONSOLE)
def replay_(
    request: Request, number: Number, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    by, now = caller(request).id, service.clock()

    def work(store: Store) -> Response:
        with store.reading() as books:
            found = dead_letter(books, number)
        if found is not None and found.kind == UNREADABLE:
            return said({"events": read_again(store, number, by, now)})
        replay(store, number, by, now)
        return said({"events": 1})

    return _answered(lambda: once(request, service, b"", work))


@ROUTER.post(
    "/dead-letters/{number}/drop",
    summary="Give it up for good, and say why",
    responses={200: {"model": ReplayedOut, "description": "Dropped"}},
)
@guarded(Action.EVENTS_REPLAY, Load.CONSOLE)
def drop_(
    request: Request,
    number: Number,
    body: DropBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    by, now = caller(request).id, service.clock()

    def work(store: Store) -> Response:
        drop(store, number, by, body.because, now)
        return said({"events": 1})

    return _answered(lambda: once(request, service, body, work))


@ROUTER.post(
    "/dead-letter-replays",
    summary="Try all of a source and kind again",
    responses={200: {"model": ReplayedOut, "description": "They wait again"}},
)
@guarded(Action.EVENTS_REPLAY, Load.REPORT)
def replay_every(
    request: Request,
    body: ReplayAllBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    by, now = caller(request).id, service.clock()

    def work(store: Store) -> Response:
        return said({"events": replay_all(store, by, now, source=body.source, kind=body.kind)})

    return once(request, service, body, work)


def shown(letter: Received) -> dict[str, Any]:
    """A letter as `DeadLetterOut` says it."""
    return {
        "number": letter.number,
        "source": letter.source,
        "id": letter.id,
        "kind": letter.kind,
        "subject": letter.subject,
        "occurred_at": rfc3339(letter.occurred_at),
        "received_at": rfc3339(letter.received_at or letter.occurred_at),
        "tries": letter.tries,
        "because": letter.because,
    }


def _answered(work: Callable[[], Response]) -> Response:
    try:
        return work()
    except (ConflictError, UnavailableError):
        raise
    except StoreError as none:
        raise Problem("not_found", str(none)) from None
