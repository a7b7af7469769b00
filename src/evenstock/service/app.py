"""The HTTP API as one ASGI application: every resource under /v1, errors as problems, safe headers."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
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
from evenstock.service.http.problems import Problem, ProblemDetails, problem_reply

RESOURCES: Final = "evenstock.service.api"
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_PROBLEM: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ProblemDetails, "content": {"application/problem+json": {}}, "description": words}
    for status, words in (
        (400, "The body cannot be read"),
        (401, "Nobody is signed in"),
        (403, "Not allowed"),
        (404, "No such thing"),
        (409, "It does not go with what is there"),
        (412, "Changed meanwhile"),
        (413, "Too large"),
        (415, "Media type not taken"),
        (422, "Not valid, or refused"),
        (429, "Too many requests"),
        (503, "Overloaded or unavailable"),
    )
}


def create_app(service: Service) -> FastAPI:
    """The application. Its life starts and stops the watching of what changed."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = service.configuration.threads
        service.company.look()
        service.company.start()
        yield
        service.company.stop()

    app = FastAPI(
        title="evenstock",
        version=__version__,
        summary="Decides where each order ships from and what stock should move, and proves every decision.",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=life,
        responses=_PROBLEM,
    )
    app.state.service = service
    for module in members(RESOURCES).values():
        app.include_router(module.ROUTER, prefix="/v1")
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(Framed)
    return app


def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 404:
        return problem_reply(Problem("no_such_route", "there is nothing at this address", headers=headers))
    if error.status_code == 405:
        return problem_reply(Problem("method_not_allowed", "this address does not take the method", headers=headers))
    code = {400: "malformed_body", 413: "too_large", 415: "unsupported_media_type"}.get(error.status_code, "internal")
    return problem_reply(Problem(code, str(error.detail), headers=headers))


def _unexpected(_request: Request, _error: Exception) -> Response:
    return problem_reply(Problem("internal", "an error that nobody foresaw; it is logged under the request's id"))


class Framed:
    """Gives every request an id and every answer safe headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next((v for k, v in scope["headers"] if k == b"x-request-id"), b"")
        name = given if 0 < len(given) <= 64 and given.isalnum() else secrets.token_hex(8).encode()
        scope.setdefault("state", {})["request_id"] = name.decode()

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {key for key, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", name),
                    *((key, value) for key, value in _HEADERS if key not in there),
                ]
            await send(message)

        await self.app(scope, receive, framed)
