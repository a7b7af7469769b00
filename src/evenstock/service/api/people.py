"""People with accounts: added, given roles, disabled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.operations.access.add_person import AddPerson, add_person
from evenstock.operations.access.change_grants import change_grants
from evenstock.operations.access.change_password import change_password
from evenstock.operations.access.disable_person import disable_person, enable_person
from evenstock.operations.access.people import (
    KIND,
    Person,
    PersonState,
    UnknownPersonError,
    account_name,
    person_named,
    person_of,
)
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Store
from evenstock.service.access.doorkeeper import doorkeeper_of
from evenstock.service.admission import Load
from evenstock.service.api.session import LARGEST, NewPassword, require_strong
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded
from evenstock.service.http.grants import GrantOut, Grants, granted, shown
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import from_cursor, match, nothing, page, said, tagged
from evenstock.service.http.strict import MaybeName, Name, Reason, Strict

ROUTER = APIRouter(tags=["people"], route_class=GuardedRoute)


class AddBody(Strict):
    account: Name = Field(description="Such as ana@example.com; the same account however it is typed")
    name: MaybeName = ""
    grants: Grants
    password: NewPassword


class GrantsBody(Strict):
    grants: Grants


class DisableBody(Strict):
    because: Reason


class PasswordBody(Strict):
    password: NewPassword


class PersonOut(BaseModel):
    account: str
    name: str
    grants: list[GrantOut]
    source: str = Field(description="`local`, or the identity provider that vouches")
    state: PersonState
    added_by: str
    added_at: datetime
    password_at: datetime | None
    signed_in_at: datetime | None
    changed_by: str
    because: str


class PeopleOut(BaseModel):
    items: list[PersonOut]
    next: str | None


@ROUTER.get(
    "/people", summary="People with accounts", responses={200: {"model": PeopleOut, "description": "Accounts by name"}}
)
@guarded(Action.PEOPLE_MANAGE, Load.CONSOLE)
def listed(
    service: Annotated[Service, Depends(service_of)],
    state: Annotated[PersonState | None, Query(description="Only those in this state")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    cursor: str | None = None,
) -> Response:
    with service.store.reading() as books:
        found = books.entries(KIND, state=state, after=from_cursor(cursor), limit=limit + 1)
    rows = [_shown(person_of(entry)) for entry in found[:limit]]
    return page(rows, rows[-1]["account"] if len(found) > limit else None)


@ROUTER.post(
    "/people",
    summary="Add somebody with a local account",
    status_code=201,
    responses={201: {"model": PersonOut, "description": "The account"}},
)
@guarded(Action.PEOPLE_MANAGE, Load.CONSOLE, largest=100_000)
def add(request: Request, body: AddBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    door = doorkeeper_of(request)
    require_strong(body.password, body.account, "/password")
    hashed = door.passwords.hash(body.password)
    wish = AddPerson(body.account, body.name or body.account, granted(body.grants), hashed, request.state.principal.id)
    try:
        found = add_person(service.store, wish)
    except ValueError as error:
        raise Problem("invalid_request", f"/account: {error}", errors=[("/account", str(error))]) from None
    return said(_shown(found), 201)


@ROUTER.get(
    "/people/{account}",
    summary="One account",
    responses={200: {"model": PersonOut, "description": "The account"}},
)
@guarded(Action.PEOPLE_MANAGE, Load.CONSOLE)
def read(request: Request, account: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        return tagged(request, _shown(_found(lambda: person_named(books, account_name(account)))))


@ROUTER.put(
    "/people/{account}/grants",
    summary="Replace the roles of an account",
    responses={200: {"model": PersonOut, "description": "The account"}},
)
@guarded(Action.PEOPLE_MANAGE, Load.CONSOLE, largest=100_000)
def regrant(
    request: Request, account: str, body: GrantsBody, service: Annotated[Service, Depends(service_of)]
) -> Response:
    grants = granted(body.grants)

    def work(store: Store, name: str) -> Person:
        return change_grants(store, name, grants, request.state.principal.id)

    return _changed(request, service, account, work)


@ROUTER.post(
    "/people/{account}/disabling",
    summary="Disable an account: its sessions and keys are cut",
    responses={200: {"model": PersonOut, "description": "The account, disabled"}},
)
@guarded(Action.PEOPLE_MANAGE, Load.CONSOLE)
def disable(
    request: Request, account: str, body: DisableBody, service: Annotated[Service, Depends(service_of)]
) -> Response:
    """Nobody gets in with them: in this process from now on, in others within five seconds."""

    def work(store: Store, name: str) -> Person:
        return disable_person(store, name, request.state.principal.id, body.because)

    return _changed(request, service, account, work)


@ROUTER.post(
    "/people/{account}/enabling",
    summary="Let somebody sign in again; keys that were cut stay cut",
    responses={200: {"model": PersonOut, "description": "The account"}},
)
@guarded(Action.PEOPLE_MANAGE, Load.CONSOLE)
def enable(request: Request, account: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    def work(store: Store, name: str) -> Person:
        return enable_person(store, name, request.state.principal.id)

    return _changed(request, service, account, work)


@ROUTER.put(
    "/people/{account}/password", summary="Set a new password; every session of the account ends", status_code=204
)
@guarded(Action.PEOPLE_MANAGE, Load.CONSOLE, largest=LARGEST)
def reset_password(
    request: Request, account: str, body: PasswordBody, service: Annotated[Service, Depends(service_of)]
) -> Response:
    door = doorkeeper_of(request)
    require_strong(body.password, account, "/password")
    hashed, by = door.passwords.hash(body.password), request.state.principal.id
    _found(lambda: change_password(service.store, account_name(account), hashed, by))
    door.changed()
    return nothing()


def _changed(request: Request, service: Service, account: str, work: Callable[[Store, str], Person]) -> Response:
    """Change an account that the caller saw as it is (`If-Match`), in one transaction."""
    door, name = doorkeeper_of(request), account_name(account)
    with service.store.transaction() as books:
        match(request, _shown(_found(lambda: person_named(books, name))))
        found = work(JoinedStore(books), name)
    door.changed()
    return tagged(request, _shown(found))


def _found(look: Callable[[], Person]) -> Person:
    try:
        return look()
    except UnknownPersonError as error:
        raise Problem("not_found", str(error)) from None


def _shown(person: Person) -> dict[str, Any]:
    """Everything but the password's hash."""
    return {
        "account": person.id,
        "name": person.name,
        "grants": shown(person.grants),
        "source": person.source,
        "state": person.state.value,
        "added_by": person.added_by,
        "added_at": person.added_at,
        "password_at": person.password_at,
        "signed_in_at": person.signed_in_at,
        "changed_by": person.changed_by,
        "because": person.because,
    }
