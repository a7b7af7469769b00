"""Signing in and out, and who one is."""

from __future__ import annotations

import hmac
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from evenstock.operations.access.actions import Action
from evenstock.operations.access.change_password import change_password
from evenstock.operations.access.forget_expired import forget_expired
from evenstock.operations.access.grants import text_of
from evenstock.operations.access.people import account_name
from evenstock.operations.access.principal import Kind, Principal
from evenstock.operations.access.session import LONGEST
from evenstock.operations.access.sign_in import Refused, SignedIn, SignIn, Wait, check_password, sign_in
from evenstock.operations.access.sign_out import sign_out
from evenstock.service.access.credentials import credential_of, mint_token, secure
from evenstock.service.access.doorkeeper import Doorkeeper, doorkeeper_of
from evenstock.service.access.oidc.signing_in import redirect_uri, safe_return, state_cookie
from evenstock.service.access.passwords import LONGEST as LONGEST_PASSWORD
from evenstock.service.access.passwords import SHORTEST as SHORTEST_PASSWORD
from evenstock.service.access.passwords import weakness
from evenstock.service.access.same_site import refuse_other_sites
from evenstock.service.admission import Load
from evenstock.service.configuration import Configuration
from evenstock.service.context import Service, service_of
from evenstock.service.guard import GuardedRoute, guarded, open_to_all
from evenstock.service.http.problems import Problem, ProblemDetails
from evenstock.service.http.replies import nothing, said
from evenstock.service.http.strict import Name, Strict

ROUTER = APIRouter(tags=["session"], route_class=GuardedRoute)
LARGEST = 8_000
Password = Annotated[
    str, Field(min_length=1, max_length=4 * LONGEST_PASSWORD, json_schema_extra={"format": "password"})
]
NewPassword = Annotated[
    Password,
    Field(json_schema_extra={"format": "password", "minLength": SHORTEST_PASSWORD, "maxLength": LONGEST_PASSWORD}),
]
"""One that is chosen now: its length stands in the description, and a sentence of ours says what is wrong with it."""
_PROBLEM: dict[str, Any] = {"model": ProblemDetails, "content": {"application/problem+json": {}}}


class SignInBody(Strict):
    account: Name
    password: Password


class NewPasswordBody(Strict):
    old: Password
    new: NewPassword


class PermissionOut(BaseModel):
    action: str
    nodes: list[str] | None = Field(description="Where; null: everywhere")


class SessionOut(BaseModel):
    """Whoever asks."""

    id: str = Field(description="Such as person:ana@example.com or key:ek_3f9ac01b7d")
    kind: str
    name: str
    roles: list[str] = Field(description="Such as node_operator@TX+PA")
    csrf_token: str | None = Field(description="To be sent as X-CSRF-Token with every change; null for keys")
    may: list[PermissionOut]


@ROUTER.post(
    "/session",
    summary="Sign in with a local account",
    responses={
        200: {"model": SessionOut, "description": "Signed in: the cookie holds the session"},
        401: {**_PROBLEM, "description": "Account and password do not match"},
    },
)
@open_to_all(Load.CONSOLE, largest=LARGEST)
def sign_in_here(
    request: Request,
    body: SignInBody,
    service: Annotated[Service, Depends(service_of)],
) -> Response:
    """A wrong password, an account that does not exist and one that is disabled give the same answer."""
    refuse_other_sites(request, service.configuration)
    door = doorkeeper_of(request)
    token = mint_token()
    wish = SignIn(
        body.account,
        body.password,
        _address(request),
        door.digests.of("session", token),
        _session_before(request, door),
    )
    found = sign_in(service.store, wish, door.passwords.verify)
    forget_expired(service.store)
    match found:
        case Wait(seconds):
            raise _wait(seconds)
        case Refused():
            raise Problem("wrong_password", "account and password do not match")
        case SignedIn(session, person):
            door.changed()
            answer = _who(door, person.principal(session.id), token)
            return _with_session(said(answer), service.configuration, door, token)


@ROUTER.get(
    "/session",
    summary="Who one is, and what one may do",
    responses={200: {"model": SessionOut, "description": "Whoever asks"}},
)
@guarded(Action.OWN_SESSION, Load.CONSOLE)
def who(request: Request) -> Response:
    door = doorkeeper_of(request)
    credential = credential_of(request, door.cookie)
    token = credential.token if credential is not None and credential.kind == "session" else None
    return said(_who(door, request.state.principal, token))


@ROUTER.delete("/session", summary="Sign out", status_code=204)
@guarded(Action.OWN_SESSION, Load.CONSOLE)
def sign_out_here(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    door, principal = doorkeeper_of(request), request.state.principal
    _require_session(principal)
    sign_out(service.store, principal.session)
    door.changed()
    reply = nothing(headers={"Clear-Site-Data": '"cache"'})
    reply.delete_cookie(door.cookie, path="/", secure=secure(service.configuration), httponly=True, samesite="lax")
    return reply


@ROUTER.post(
    "/session/password",
    summary="Change one's own password; every other session ends",
    status_code=204,
    responses={401: {**_PROBLEM, "description": "The old password is wrong, or nobody is signed in"}},
)
@guarded(Action.OWN_SESSION, Load.CONSOLE, largest=LARGEST)
def change_own_password(
    request: Request, body: NewPasswordBody, service: Annotated[Service, Depends(service_of)]
) -> Response:
    door, principal = doorkeeper_of(request), request.state.principal
    _require_session(principal)
    account = principal.id.removeprefix("person:")
    require_strong(body.new, account, "/new")
    found = check_password(service.store, account, body.old, _address(request), door.passwords.verify)
    match found:
        case Wait(seconds):
            raise _wait(seconds)
        case Refused():
            raise Problem("wrong_password", "the old password is wrong")
    fresh = door.passwords.hash(body.new)
    change_password(service.store, account, fresh, principal.id, seen=found.password, keep=principal.session)
    door.changed()
    return nothing()


@ROUTER.get(
    "/session/oidc",
    summary="Sign in through the company's identity provider",
    status_code=303,
    responses={303: {"description": "To the provider"}},
)
@open_to_all(Load.CONSOLE)
def begin_at_provider(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    return_to: Annotated[str, Query(max_length=1_000, description="Page of ours to come back to")] = "/",
) -> Response:
    door = doorkeeper_of(request)
    forget_expired(service.store)
    begun = _provider(door).begin(redirect_uri(service.configuration, str(request.base_url)), safe_return(return_to))
    reply = Response(status_code=303, headers={"Location": begun.address})
    _set(reply, service.configuration, state_cookie(service.configuration), begun.state, 600)
    return reply


@ROUTER.get(
    "/session/oidc/callback",
    summary="Where the identity provider sends people back to",
    status_code=303,
    responses={
        303: {"description": "Signed in"},
        401: {**_PROBLEM, "description": "The provider's answer proves nothing"},
        403: {**_PROBLEM, "description": "No group gives a role here, or the account is disabled"},
    },
)
@open_to_all(Load.CONSOLE)
def finish_at_provider(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4_000)] = "",
    error: Annotated[str, Query(max_length=1_000)] = "",
    iss: Annotated[str | None, Query(max_length=1_000)] = None,
) -> Response:
    """The answer counts only in the browser in which the sign-in began, once, and within ten minutes."""
    door = doorkeeper_of(request)
    provider = _provider(door)
    began = request.cookies.get(state_cookie(service.configuration), "")
    if not began or not hmac.compare_digest(began.encode(), state.encode()):
        raise Problem("sign_in_refused", "this sign-in did not begin in this browser; begin it again")
    if error or not code:
        raise Problem(
            "sign_in_refused", f"the identity provider did not sign you in ({quote(error)[:100] or 'no code'})"
        )
    done = provider.finish(state, code, iss, _session_before(request, door))
    door.changed()
    reply = Response(status_code=303, headers={"Location": done.return_to})
    reply.delete_cookie(state_cookie(service.configuration), path="/", secure=secure(service.configuration))
    return _with_session(reply, service.configuration, door, done.token)


def require_strong(password: str, account: str, place: str) -> None:
    """Raise Problem with what is wrong with a new password."""
    wrong = weakness(password, account_name(account))
    if wrong:
        raise Problem("invalid_request", f"{place}: {wrong}", errors=[(place, wrong)])


def _who(door: Doorkeeper, principal: Principal, token: str | None) -> dict[str, Any]:
    return {
        "id": principal.id,
        "kind": principal.kind.value,
        "name": principal.name,
        "roles": [text_of(grant) for grant in principal.grants],
        "csrf_token": door.digests.of("csrf", token) if token is not None else None,
        "may": [
            {"action": action.value, "nodes": None if nodes is None else sorted(nodes)}
            for action, nodes in door.permitted(principal).items()
        ],
    }


def _require_session(principal: Principal) -> None:
    if principal.kind is not Kind.PERSON or not principal.session:
        raise Problem("conflict", "a key has no session and no password; revoke or rotate it: /v1/api-keys")


def _provider(door: Doorkeeper) -> Any:
    if door.provider is None:
        raise Problem("no_accounts", "no identity provider is set up here", hint="set EVENSTOCK_OIDC_ISSUER")
    return door.provider


def _session_before(request: Request, door: Doorkeeper) -> str:
    """The session that this browser had: it ends when another begins."""
    token = request.cookies.get(door.cookie, "")
    return door.digests.of("session", token) if token else ""


def _with_session(reply: Response, configuration: Configuration, door: Doorkeeper, token: str) -> Response:
    _set(reply, configuration, door.cookie, token, int(LONGEST.total_seconds()))
    return reply


def _set(reply: Response, configuration: Configuration, name: str, value: str, seconds: int) -> None:
    reply.set_cookie(
        name, value, max_age=seconds, path="/", secure=secure(configuration), httponly=True, samesite="lax"
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _wait(seconds: int) -> Problem:
    return Problem(
        "too_many_requests",
        f"too many tries failed; the next one counts in {seconds} s",
        headers={"Retry-After": str(seconds)},
    )
