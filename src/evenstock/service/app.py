"""The HTTP API as one ASGI application: every resource under /v1, errors as problems, safe headers."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final

from anyio import to_thread
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evenstock import __version__
from evenstock.registry import members
from evenstock.service.context import Service
from evenstock.service.guard import GuardedRoute, as_problem
from evenstock.service.http.description import describe, operation_id
from evenstock.service.http.dispatch import PREFIX, Dispatch
from evenstock.service.http.problems import Problem, problem_reply
from evenstock.service.telemetry.observed import Observed

RESOURCES: Final = "evenstock.service.api"
LONGEST_ADDRESS: Final = 8_000
"""Bytes of path and query."""
LARGEST_HEADERS: Final = 32_000
"""Bytes of all headers together."""
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_NAMES: Final = frozenset(name for name, _ in _HEADERS)
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def resources() -> list[GuardedRoute]:
    """Every route of every resource; its path stands after `/v1`."""
    found: list[GuardedRoute] = []
    for module in members(RESOURCES).values():
        for route in module.ROUTER.routes:
            if not isinstance(route, GuardedRoute):
                raise TypeError(f"{module.__name__}: {route} is not guarded; give its router route_class=GuardedRoute")
            found.append(route)
    return found


def create_app(service: Service) -> FastAPI:
    """The application. Its life starts and stops the watching of what changed."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        threads = service.configuration.threads
        to_thread.current_default_thread_limiter().total_tokens = threads
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads, "work"))
        service.company.start()
        yield
        service.company.stop()

    app = FastAPI(
        title="evenstock",
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=life,
        generate_unique_id_function=operation_id,
    )
    app.state.service = service
    for module in members(RESOURCES).values():
        app.include_router(module.ROUTER, prefix=PREFIX)
    describe(app)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(Framed, dispatch=Dispatch(resources()))
    app.add_middleware(Observed, service=service)
    return app


def document() -> dict[str, Any]:
    """The API's description, OpenAPI 3.1, without a service behind it."""
    app = FastAPI(title="evenstock", version=__version__, generate_unique_id_function=operation_id)
    for module in members(RESOURCES).values():
        app.include_router(module.ROUTER, prefix=PREFIX)
    describe(app)
    return app.openapi()


def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 404:
        return problem_reply(Problem("no_such_route", "there is nothing at this address", headers=headers))
    if error.status_code == 405:
        return problem_reply(Problem("method_not_allowed", "this address does not take the method", headers=headers))
    return problem_reply(Problem("malformed_body", str(error.detail), headers=headers))


def _unexpected(request: Request, error: Exception) -> Response:
    return problem_reply(as_problem(error, request))


class Framed:
    """Gives every request an id and every answer safe headers; what lies under `/v1` goes straight to its route."""

    def __init__(self, app: ASGIApp, dispatch: Dispatch) -> None:
        self.app, self.dispatch = app, dispatch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given, size = b"", 0
        for key, value in scope["headers"]:
            size += len(key) + len(value)
            if key == b"x-request-id":
                given = value
        name = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8).encode()
        scope.setdefault("state", {})["request_id"] = name.decode()

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {key for key, _ in message["headers"]} & _NAMES
                safe = _HEADERS if not there else tuple(one for one in _HEADERS if one[0] not in there)
                message["headers"] = [*message["headers"], (b"x-request-id", name), *safe]
            await send(message)

        too_much = _too_much(scope, size)
        if too_much is not None:
            await problem_reply(too_much)(scope, receive, framed)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        to = self.dispatch if path.startswith(f"{PREFIX}/") and path != f"{PREFIX}/openapi.json" else self.app
        await to(scope, receive, framed)


def _too_much(scope: Scope, header_bytes: int) -> Problem | None:
    """What is refused before it is looked at."""
    # Closed: whoever sends so much is not asked to go on.
    headers = {"Connection": "close"}
    address = len(scope.get("raw_path") or scope["path"]) + len(scope.get("query_string", b""))
    if address > LONGEST_ADDRESS:
        said = f"the address has {address:,} bytes; at most {LONGEST_ADDRESS:,} are taken"
        return Problem("address_too_long", said, headers=headers)
    if header_bytes > LARGEST_HEADERS:
        said = f"the headers have {header_bytes:,} bytes; at most {LARGEST_HEADERS:,} are taken"
        return Problem("headers_too_large", said, headers=headers)
    return None
