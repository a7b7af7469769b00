"""The schedule: which job runs when, changed, paused, resumed, or asked for now."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ConfigDict, Field
from starlette.responses import Response

from evenstock.domain import rfc3339
from evenstock.operations.access.actions import Action
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.runs.keeping import ask_for
from evenstock.operations.schedule.keeping import Scheduled, put, schedule, scheduled
from evenstock.operations.schedule.timing import plain_of, timing_of
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.out import Moment, Out, Plain
from evenstock.service.http.bodies.runs import run_out
from evenstock.service.http.idempotent import IdempotencyKey, IfMatch, once
from evenstock.service.http.long_work import STARTED
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import from_cursor, match, page, said, tagged
from evenstock.service.http.strict import Strict

ROUTER = APIRouter(tags=["schedule"], route_class=GuardedRoute)


class TimingBody(Strict):
    """Every so many minutes, or daily or weekly at an hour of a zone: say exactly one of `every_minutes` and `at`."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "required": ["every_minutes"],
                    "properties": {
                        "every_minutes": {"type": "integer"}, "at": {"type": "null"}, "weekday": {"type": "null"}
                    },
                },
                {"required": ["at"], "properties": {"at": {"type": "string"}, "every_minutes": {"type": "null"}}},
            ]
        }
    )  # fmt: skip

    every_minutes: Annotated[int, Field(ge=1, le=1_440)] | None = None
    at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = Field(
        default=None, description="Hour and minute of the day there, such as 02:00"
    )
    weekday: Annotated[str, Field(pattern=r"^(mon|tues|wednes|thurs|fri|satur|sun)day$")] | None = None
    zone: Annotated[str, Field(min_length=1, max_length=100, description="Such as America/Chicago")] = "UTC"


class ChangeBody(Strict):
    """What is left out stays as it is."""

    timing: TimingBody | None = None
    asked: dict[str, Any] | None = Field(default=None, description="What each run is asked for; as its job takes it")
    paused: bool | None = None


class TimingOut(Out):
    every_minutes: int | None
    at: str | None
    weekday: str | None
    zone: str


class ScheduledOut(Out):
    """One job, asked for again and again."""

    name: str
    job: str
    title: str
    timing: TimingOut
    when: str = Field(description="The timing in words")
    asked: Plain
    paused: bool
    by: str = Field(description="Who changed it last; empty where nobody did")
    last_slot: Moment | None
    last_run: str | None
    next_at: Moment | None = Field(description="Null while it is paused")


class ScheduleOut(Out):
    items: list[ScheduledOut]
    next: str | None = Field(description="Cursor of the next page; null on the last")


@ROUTER.get(
    "/schedule",
    summary="What runs again and again, and when",
    responses={200: {"model": ScheduleOut, "description": "A page; empty until a worker has run once"}},
)
@guarded(Action.RUNS_READ, Load.CONSOLE)
def every(
    service: Annotated[Service, Depends(service_of)],
    limit: Annotated[int, Query(ge=1, le=1_000, description="Most items of a page")] = 100,
    cursor: Annotated[str | None, Query(max_length=2_000, description="`next` of the page before")] = None,
) -> Response:
    with service.store.reading() as books:
        found = schedule(books, after=from_cursor(cursor), limit=limit + 1)
    return page([scheduled_out(one) for one in found[:limit]], found[limit - 1].name if len(found) > limit else None)


@ROUTER.get(
    "/schedule/{name}",
    summary="One job of the schedule",
    responses={200: {"model": ScheduledOut, "description": "As it stands; its ETag is for changing it"}},
)
@guarded(Action.RUNS_READ, Load.CONSOLE)
def read(request: Request, name: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        found = _there(books, name)
    return tagged(request, scheduled_out(found), _version(found))


@ROUTER.patch(
    "/schedule/{name}",
    summary="Change when it runs or what it asks; pause it, resume it",
    responses={200: {"model": ScheduledOut, "description": "As it stands now; it goes on from its next slot"}},
)
@guarded(Action.SCHEDULE_CHANGE, Load.CONSOLE)
def change(
    request: Request,
    name: str,
    body: ChangeBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
    _match: IfMatch = None,
) -> Response:
    def work(store: Store) -> Response:
        with store.transaction() as books:
            found = _there(books, name)
            match(request, _version(found))
            after = put(books, _changed(found, body), request.state.principal.id)
        return said(scheduled_out(after))

    return once(request, service, body, work, whole=True)


@ROUTER.post("/schedule/{name}/run", summary="Ask for it now, beside its slots", responses=dict(STARTED))
@guarded(Action.SCHEDULE_CHANGE, Load.CONSOLE)
def run_now(
    request: Request, name: str, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    def work(store: Store) -> Response:
        with store.transaction() as books:
            found = _there(books, name)
            run = ask_for(books, found.job, found.asked, request.state.principal.id, service.clock())
        return said(run_out(run), 202, {"Location": f"/v1/runs/{quote(run.id, safe='')}"})

    return once(request, service, b"", work, whole=True)


def scheduled_out(one: Scheduled) -> dict[str, Any]:
    from evenstock.service.worker.family import jobs

    job = jobs().get(one.job)
    return {
        "name": one.name,
        "job": one.job,
        "title": job.TITLE if job else "(no such job is installed)",
        "timing": plain_of(one.timing),
        "when": str(one.timing),
        "asked": dict(one.asked),
        "paused": one.paused,
        "by": one.by,
        "last_slot": rfc3339(one.last_slot) if one.last_slot else None,
        "last_run": one.last_run or None,
        "next_at": rfc3339(one.next_at) if one.next_at else None,
    }


def _version(one: Scheduled) -> list[Any]:
    """What may be changed: slots that come and go meanwhile are nobody's change."""
    return [one.name, one.job, plain_of(one.timing), sorted(one.asked.items()), one.paused]


def _there(books: Transaction, name: str) -> Scheduled:
    found = scheduled(books, name)
    if found is None:
        raise Problem("not_found", f"nothing is scheduled under the name {name}; GET /v1/schedule lists what is")
    return found


def _changed(one: Scheduled, body: ChangeBody) -> Scheduled:
    from evenstock.service.worker.family import WrongWishError, checked

    if body.timing is not None:
        try:
            one = replace(one, timing=timing_of(body.timing.model_dump()))
        except ValueError as wrong:
            raise Problem("invalid_request", f"/timing: {wrong}", errors=[("/timing", str(wrong))]) from None
    if body.asked is not None:
        try:
            one = replace(one, asked=checked(one.job, body.asked))
        except WrongWishError as wrong:
            raise Problem("invalid_request", str(wrong), errors=[("/asked", str(wrong))]) from None
    return one if body.paused is None else replace(one, paused=body.paused)
