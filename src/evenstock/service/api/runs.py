"""Long work: what is asked for, how far it is, what came of it; cancelled by whoever may."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import Field
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.operations.ports import Store
from evenstock.operations.runs.keeping import Run, RunState, cancel, run_named, runs
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded, in_thread
from evenstock.service.http.bodies.out import Out
from evenstock.service.http.bodies.runs import RunOut, run_out
from evenstock.service.http.idempotent import IdempotencyKey, IfMatch, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import from_cursor, match, page, said, tagged
from evenstock.service.run_events import EVENT, EVENT_STREAM, Following, follow

ROUTER = APIRouter(tags=["runs"], route_class=GuardedRoute)
_ABSENT = "there is no run {run}; those that were over for a month are forgotten"


class RunsOut(Out):
    items: list[RunOut]
    next: str | None = Field(description="Cursor of the next page; null on the last")


@ROUTER.get(
    "/runs",
    summary="Runs by id, of a state or all",
    responses={200: {"model": RunsOut, "description": "A page"}},
)
@guarded(Action.RUNS_READ, Load.CONSOLE)
def every(
    service: Annotated[Service, Depends(service_of)],
    state: Annotated[RunState | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1_000, description="Most items of a page")] = 100,
    cursor: Annotated[str | None, Query(max_length=2_000, description="`next` of the page before")] = None,
) -> Response:
    with service.store.reading() as books:
        found = runs(books, state=state, after=from_cursor(cursor), limit=limit + 1)
    return page([run_out(run) for run in found[:limit]], found[limit - 1].id if len(found) > limit else None)


@ROUTER.get(
    "/runs/{run}",
    summary="A run: how far it is, or what came of it",
    responses={200: {"model": RunOut, "description": "As it stands; its ETag changes with it"}},
)
@guarded(Action.RUNS_READ, Load.CONSOLE)
def read(request: Request, run: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    return tagged(request, run_out(_there(service.store, run)))


@ROUTER.post(
    "/runs/{run}/cancel",
    summary="Stop a run: one that waits is not begun, one that runs writes nothing more",
    responses={200: {"model": RunOut, "description": "As it stands; one that was over stays as it ended"}},
)
@guarded(Action.RUNS_CANCEL, Load.CONSOLE)
def stop(
    request: Request,
    run: str,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _match: IfMatch = None,
) -> Response:
    def work(store: Store) -> Response:
        with store.transaction() as books:
            found = run_named(books, run)
            if found is None:
                raise Problem("not_found", _ABSENT.format(run=run))
            match(request, run_out(found))
            after = cancel(books, run, request.state.principal.id, service.clock())
            assert after is not None
        return said(run_out(after))

    return once(request, service, b"", work, whole=True)


@ROUTER.get(
    "/runs/{run}/events",
    summary="A run's progress as server-sent events, until it is over",
    responses={
        200: {
            "content": {EVENT_STREAM: {"schema": EVENT}},
            "description": "Each event `run` holds the run as JSON, its id counts the run's steps; comments keep the line open",
        }
    },
)
@guarded(Action.RUNS_READ, Load.CONSOLE)
async def events(
    run: str,
    service: Annotated[Service, Depends(service_of)],
    last: Annotated[
        str | None, Header(alias="Last-Event-ID", max_length=20, description="Id of the last event that was seen")
    ] = None,
) -> Response:
    """Holds no place among those at work while it waits. A line ends after ten minutes; go on with `Last-Event-ID`."""
    found = await in_thread(lambda: _there(service.store, run))
    seen = int(last) if last is not None and last.isascii() and last.isdigit() else -1
    return follow(Following(lambda: _now(service.store, run), found, seen, lambda: service.company.stopped))


def _there(store: Store, name: str) -> Run:
    found = _now(store, name)
    if found is None:
        raise Problem("not_found", _ABSENT.format(run=name))
    return found


def _now(store: Store, name: str) -> Run | None:
    with store.reading() as books:
        return run_named(books, name)
