"""The HTTP API as one ASGI application: every resource under /v1, errors as problems, safe headers."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from os import urandom
from typing import Any, Final

from anyio import to_thread
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evenstock import __version__
from evenstock.registry import members
from evenstock.service.context import Service
from evenstock.service.door import Door
from evenstock.service.guard import GuardedRoute, as_problem
from evenstock.service.http.description import describe, operation_id
from evenstock.service.http.dispatch import PREFIX, Dispatch
from evenstock.service.http.problems import Problem, problem_reply
from evenstock.service.telemetry.logs import tell_waiting
from evenstock.service.telemetry.observed import Observed

RESOURCES: Final = "evenstock.service.api"
LONGEST_ADDRESS: Final = 8_000
"""Bytes of path and query."""
LARGEST_HEADERS: Final = 32_000
"""Bytes of all headers together."""
TURN_S: Final = 0.001
"""How long one thread computes while another one wants to."""
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_NAMES: Final = frozenset(name for name, _ in _HEADERS)
_OURS: Final = f"{PREFIX}/"
_DESCRIPTION: Final = f"{PREFIX}/openapi.json"
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


class Application(FastAPI):
    """What the framework knows of is described, started and stopped by it; requests meet our own layers first.

    Of the framework's layers, which every request would pay for, only what none of our routes answers goes through.
    """

    front: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self.front is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        await self.front(scope, receive, send)


def create_app(service: Service) -> FastAPI:
    """The application. Its life starts and stops the watching of what changed."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        # Batches are decided in a thread beside: who listens to the wire waits no longer than this for his turn.
        sys.setswitchinterval(TURN_S)
        threads = service.configuration.threads
        to_thread.current_default_thread_limiter().total_tokens = threads
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads, "work"))
        service.company.start()
        # The wire's protocol finds it in the state of the application's life.
        yield {"door": Door(service, resources(), _HEADERS)}
        service.company.stop()
        tell_waiting()

    app = Application(
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
    app.front = Observed(Framed(partial(FastAPI.__call__, app), Dispatch(resources())), service)
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
        given, size = b"", 0
        for key, value in scope["headers"]:
            size += len(key) + len(value)
            if key == b"x-request-id":
                given = value
        name = given if given and _REQUEST_ID.fullmatch(given) else urandom(8).hex().encode()
        state = scope.setdefault("state", {})
        state["request_id"] = name.decode()

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                state["status"] = message["status"]
                headers = message["headers"]
                there = _NAMES.intersection([key for key, _ in headers])
                safe = _HEADERS if not there else tuple(one for one in _HEADERS if one[0] not in there)
                message["headers"] = [*headers, (b"x-request-id", name), *safe]
            await send(message)

        try:
            too_much = _too_much(scope, size)
            if too_much is not None:
                await problem_reply(too_much)(scope, receive, framed)
                return
            path, root = scope["path"], scope.get("root_path")
            if root:
                path = path.removeprefix(root)
            to = self.dispatch if path.startswith(_OURS) and path != _DESCRIPTION else self.app
            await to(scope, receive, framed)
        except Exception as error:
            # Who asked is told, unless half an answer went out; the server logs it and ends the connection.
            if "status" not in state:
                await problem_reply(as_problem(error, Request(scope)))(scope, receive, framed)
            raise


def _too_much(scope: Scope, header_bytes: int) -> Problem | None:
    """What is refused before it is looked at."""
    address = len(scope.get("raw_path") or scope["path"]) + len(scope.get("query_string", b""))
    if address <= LONGEST_ADDRESS and header_bytes <= LARGEST_HEADERS:
        return None
    # Closed: whoever sends so much is not asked to go on.
    headers = {"Connection": "close"}
    if address > LONGEST_ADDRESS:
        said = f"the address has {address:,} bytes; at most {LONGEST_ADDRESS:,} are taken"
        return Problem("address_too_long", said, headers=headers)
    said = f"the headers have {header_bytes:,} bytes; at most {LARGEST_HEADERS:,} are taken"
    return Problem("headers_too_large", said, headers=headers)
