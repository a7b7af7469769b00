"""API keys: issued and shown once, listed, rotated, revoked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.operations.access.api_key import (
    KIND,
    LONGEST_DAYS,
    LONGEST_WINDOW_S,
    MOST_IN_A_WINDOW,
    MOST_PER_S,
    ApiKey,
    Caps,
    KeyState,
    Quota,
    UnknownKeyError,
    caps_body,
    key_named,
    key_of,
)
from evenstock.operations.access.issue_key import IssueKey, issue_key
from evenstock.operations.access.people import UnknownPersonError, account_name
from evenstock.operations.access.revoke_key import revoke_key
from evenstock.operations.access.rights import BeyondOwnerError
from evenstock.operations.access.rotate_key import LONGEST_OVERLAP, rotate_key
from evenstock.service.access.credentials import mint_key
from evenstock.service.access.doorkeeper import doorkeeper_of
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.grants import GrantOut, Grants, granted, shown
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import from_cursor, page, said, tagged
from evenstock.service.http.strict import MaybeName, Name, Reason, Strict

ROUTER = APIRouter(tags=["api-keys"], route_class=GuardedRoute)
Days = Annotated[int, Field(ge=1, le=LONGEST_DAYS, description="Days it works")]


class QuotaBody(Strict):
    """A bucket of `burst` requests that fills at `per_s`, in each process of the service."""

    per_s: Annotated[int, Field(ge=1, le=MOST_PER_S)] = Quota().per_s
    burst: Annotated[int, Field(ge=1, le=MOST_PER_S)] = Quota().burst


Most = Annotated[int, Field(ge=1, le=MOST_IN_A_WINDOW)] | None


class CapsBody(Strict):
    """What the key may do in a window, in each process of the service; beyond it the key is quarantined at once."""

    window_s: Annotated[int, Field(ge=1, le=LONGEST_WINDOW_S)] = Caps().window_s
    deeds: Most = Field(default=None, description="Changes to the books; null: no cap")
    units: Most = Field(default=None, description="Units counted, moved, reserved or planned; null: no cap")
    cents: Most = Field(default=None, description="Money decided about; null: no cap")


class IssueBody(Strict):
    name: Name = Field(description="What it is for")
    grants: Grants
    owner: MaybeName = Field(default="", description="Account whose key it is: it dies with the account")
    days: Days = 365
    quota: QuotaBody = Field(default_factory=QuotaBody)
    caps: CapsBody = Field(
        default_factory=CapsBody, description="An agent whose key says none has those of every agent"
    )


class RotateBody(Strict):
    overlap_hours: Annotated[
        int, Field(ge=0, le=int(LONGEST_OVERLAP.total_seconds() // 3600), description="Hours that the old key works on")
    ] = 24
    days: Days = 365


class RevokeBody(Strict):
    because: Reason


class QuotaOut(BaseModel):
    per_s: int
    burst: int


class CapsOut(BaseModel):
    window_s: int
    deeds: int | None
    units: int | None
    cents: int | None


class KeyOut(BaseModel):
    """A key as it is kept: never the key itself."""

    id: str
    name: str
    grants: list[GrantOut]
    owner: str
    quota: QuotaOut
    caps: CapsOut = Field(description="What it may do in a window; null: no cap")
    state: KeyState
    issued_by: str
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = Field(description="Last use, at most a minute old")
    revoked_at: datetime | None
    revoked_by: str
    because: str
    replaced_by: str


class IssuedOut(KeyOut):
    key: str = Field(description="Shown now and never again: Authorization: Bearer KEY")


class KeysOut(BaseModel):
    items: list[KeyOut]
    next: str | None


@ROUTER.get("/api-keys", summary="API keys there are", responses={200: {"model": KeysOut, "description": "Keys by id"}})
@guarded(Action.KEYS_MANAGE, Load.CONSOLE)
def listed(
    service: Annotated[Service, Depends(service_of)],
    state: Annotated[KeyState | None, Query(description="Only those in this state")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    cursor: str | None = None,
) -> Response:
    with service.store.reading() as books:
        found = books.entries(KIND, state=state, after=from_cursor(cursor), limit=limit + 1)
    rows = [_shown(key_of(entry)) for entry in found[:limit]]
    return page(rows, rows[-1]["id"] if len(found) > limit else None)


@ROUTER.post(
    "/api-keys",
    summary="Issue an API key; it is shown once",
    status_code=201,
    responses={201: {"model": IssuedOut, "description": "The key, shown now and never again"}},
)
@guarded(Action.KEYS_MANAGE, Load.CONSOLE, largest=100_000)
def issue(request: Request, body: IssueBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    """No Idempotency-Key is honoured: the answer would have to be kept, and the key with it. A key that got lost is revoked."""
    door = doorkeeper_of(request)
    key, minted = mint_key(door.digests)
    wish = IssueKey(
        body.name,
        granted(body.grants),
        request.state.principal.id,
        timedelta(days=body.days),
        owner=account_name(body.owner),
        quota=Quota(body.quota.per_s, body.quota.burst),
        caps=Caps(body.caps.window_s, body.caps.deeds, body.caps.units, body.caps.cents),
    )
    try:
        found = issue_key(service.store, wish, minted, door.countries)
    except BeyondOwnerError as error:
        raise Problem("not_allowed", f"/grants: {error}", errors=[("/grants", str(error))]) from None
    except UnknownPersonError as error:
        raise Problem("not_found", f"/owner: {error}", errors=[("/owner", str(error))]) from None
    return said({**_shown(found), "key": key}, 201, {"Location": f"/v1/api-keys/{found.id}"})


@ROUTER.get(
    "/api-keys/{key}", summary="One API key", responses={200: {"model": KeyOut, "description": "The key as it is kept"}}
)
@guarded(Action.KEYS_MANAGE, Load.CONSOLE)
def read(request: Request, key: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    try:
        with service.store.reading() as books:
            return tagged(request, _shown(key_named(books, key)))
    except UnknownKeyError as error:
        raise Problem("not_found", str(error)) from None


@ROUTER.post(
    "/api-keys/{key}/revocation",
    summary="Revoke an API key for good",
    responses={200: {"model": KeyOut, "description": "The key, revoked"}},
)
@guarded(Action.KEYS_MANAGE, Load.CONSOLE)
def revoke(request: Request, key: str, body: RevokeBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    """Refused by this process from now on, by others within five seconds. One that is revoked already stays as it was."""
    door = doorkeeper_of(request)
    try:
        found = revoke_key(service.store, key, request.state.principal.id, body.because)
    except UnknownKeyError as error:
        raise Problem("not_found", str(error)) from None
    door.changed()
    return said(_shown(found))


@ROUTER.post(
    "/api-keys/{key}/rotation",
    summary="Issue a successor with the same grants; the old key works on for a while",
    status_code=201,
    responses={201: {"model": IssuedOut, "description": "The new key, shown now and never again"}},
)
@guarded(Action.KEYS_MANAGE, Load.CONSOLE)
def rotate(request: Request, key: str, body: RotateBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    door = doorkeeper_of(request)
    text, minted = mint_key(door.digests)
    try:
        found = rotate_key(
            service.store,
            key,
            minted,
            request.state.principal.id,
            overlap=timedelta(hours=body.overlap_hours),
            lives=timedelta(days=body.days),
            countries=door.countries,
        )
    except UnknownKeyError as error:
        raise Problem("not_found", str(error)) from None
    door.changed()
    return said({**_shown(found), "key": text}, 201, {"Location": f"/v1/api-keys/{found.id}"})


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "grants": shown(key.grants),
        "owner": key.owner,
        "quota": {"per_s": key.quota.per_s, "burst": key.quota.burst},
        "caps": caps_body(key.capped),
        "state": key.state.value,
        "issued_by": key.issued_by,
        "issued_at": key.issued_at,
        "expires_at": key.expires_at,
        "used_at": key.used_at,
        "revoked_at": key.revoked_at,
        "revoked_by": key.revoked_by,
        "because": key.because,
        "replaced_by": key.replaced_by,
    }
