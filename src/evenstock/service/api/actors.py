"""Actors: whoever does something here, whose it is, how far it may go; quarantined where it acts as never before, and released."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from evenstock.domain import rfc3339
from evenstock.operations.access.actions import Action
from evenstock.operations.actors.actor import Actor, ActorState, actor_named, actors
from evenstock.operations.actors.quarantine import Because, UnknownActorError, quarantine, release
from evenstock.operations.actors.standing import Aspect, Quarantine, body_of
from evenstock.service.access.doorkeeper import doorkeeper_of
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.bodies.out import Moment, Out, Plain
from evenstock.service.http.bulk import Cursor, Limit, cut
from evenstock.service.http.grants import GrantOut, shown
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import page, said, tagged
from evenstock.service.http.strict import Reason, Strict

ROUTER = APIRouter(tags=["actors"], route_class=GuardedRoute)


class WhyBody(Strict):
    because: Reason


class QuarantineOut(Out):
    """The latest of this actor, in force or over."""

    in_force: bool
    aspect: Aspect = Field(description="What was unusual; `person` where somebody asked for it")
    because: str = Field(description="In a sentence, with its numbers")
    evidence: Plain = Field(description="What the sentence rests on")
    by: str = Field(description="Who quarantined it: a person, or `evenstock`")
    at: Moment
    held: list[str] = Field(description="Runs that were stopped with it")
    released_by: str
    released_at: Moment | None
    released_because: str


class ActorOut(Out):
    """Somebody or something that does things here."""

    id: str
    kind: str = Field(description="person, integration, agent or schedule")
    name: str
    owner: str = Field(description="Whose it is: it has less right than he has now; empty: the company's")
    scope: list[GrantOut]
    state: ActorState
    last_act: Moment | None = Field(description="When it was last here: last use, sign-in or slot")
    quarantine: QuarantineOut | None


class ActorsOut(Out):
    items: list[ActorOut]
    next: str | None = Field(description="Cursor of the next page; null on the last")


@ROUTER.get(
    "/actors",
    summary="Who does things here: people, keys of programs and agents, schedules",
    responses={
        200: {"model": ActorsOut, "description": "People, then keys that are not revoked, then schedules, each by id"}
    },
)
@guarded(Action.ACTORS_READ, Load.CONSOLE)
def every(
    service: Annotated[Service, Depends(service_of)],
    state: Annotated[ActorState | None, Query(description="Only those in this state")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    with service.store.reading() as books:
        found = [one for one in actors(books) if state is None or one.state is state]
    seen, following = cut(found, [one.id for one in found], limit, cursor)
    return page([actor_out(one) for one in seen], following)


@ROUTER.get(
    "/actors/{actor}",
    summary="One actor",
    responses={
        200: {"model": ActorOut, "description": "Whose it is, its scope, how it stands, and why it is quarantined"}
    },
)
@guarded(Action.ACTORS_READ, Load.CONSOLE)
def read(request: Request, actor: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        return tagged(request, actor_out(_known(lambda: actor_named(books, actor))))


@ROUTER.post(
    "/actors/{actor}/quarantine",
    summary="Stop it until somebody has looked",
    responses={200: {"model": ActorOut, "description": "The actor, quarantined"}},
)
@guarded(Action.ACTORS_QUARANTINE, Load.CONSOLE)
def stop(request: Request, actor: str, body: WhyBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    """A key gets no further than the door, a schedule asks for nothing, a person may read and change nothing; runs that wait are
    held. In this process from now on, in others within five seconds. The last administrator who is free is not stopped.
    """
    by = request.state.principal.id
    _known(lambda: quarantine(service.store, actor, Because(Aspect.PERSON, body.because), by))
    return _changed(request, service, actor)


@ROUTER.post(
    "/actors/{actor}/release",
    summary="Let it go on: what it did was looked at",
    responses={200: {"model": ActorOut, "description": "The actor, as it stands now"}},
)
@guarded(Action.ACTORS_RELEASE, Load.CONSOLE)
def free(request: Request, actor: str, body: WhyBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    """By another person, who is signed in and free. Runs that were held go on; what the actor did counts as usual from now on."""
    by = request.state.principal.id
    _known(lambda: release(service.store, actor, by, body.because))
    return _changed(request, service, actor)


def actor_out(one: Actor) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind.value,
        "name": one.name,
        "owner": one.owner,
        "scope": shown(one.grants),
        "state": one.state.value,
        "last_act": rfc3339(one.last_act) if one.last_act else None,
        "quarantine": _quarantine_out(one.quarantine) if one.quarantine else None,
    }


def _quarantine_out(one: Quarantine) -> dict[str, Any]:
    return {"in_force": one.in_force, **body_of(one)}


def _changed(request: Request, service: Service, actor: str) -> Response:
    doorkeeper_of(request).changed()
    with service.store.reading() as books:
        return said(actor_out(actor_named(books, actor)))


def _known(look: Callable[[], Any]) -> Any:
    try:
        return look()
    except UnknownActorError as error:
        raise Problem("not_found", str(error)) from None
