"""What every route does before its own code: who asks, whether he may, whether there is room; and after it: errors as problems.

A route says one action and one class of load; a route that says neither cannot be mounted, so nothing is open by oversight.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextvars import copy_context
from functools import partial
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from evenstock.operations.access.actions import Action
from evenstock.operations.access.limits import OverLimitError
from evenstock.operations.access.principal import Principal
from evenstock.operations.approvals.entitled import NotEntitledError
from evenstock.operations.audit.who import ACTING, NOBODY, who_of
from evenstock.operations.company import NothingImportedError
from evenstock.operations.ports import ConflictError, StoreError, UnavailableError
from evenstock.service.admission import Load
from evenstock.service.deadlines import Within
from evenstock.service.http.accepting import require_acceptable, takes
from evenstock.service.http.arguments import Arguments
from evenstock.service.http.problems import Problem, problem_reply
from evenstock.service.http.reading import LARGEST_BODY, SizedRequest, require_json, require_plain
from evenstock.service.http.replies import JSON
from evenstock.service.telemetry.tracing import span

if TYPE_CHECKING:
    from evenstock.service.context import Service

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_LOG: Final = logging.getLogger("evenstock.service")
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PROBLEM: Final = "application/problem+json"


class Guard:
    """What a route asks of its caller and of the machine."""

    __slots__ = ("action", "any_query", "gathers", "largest", "load")

    def __init__(
        self, action: Action | None, load: Load, largest: int, *, any_query: bool = False, gathers: int = 0
    ) -> None:
        self.action, self.load, self.largest, self.any_query = action, load, largest, any_query
        self.gathers = gathers


def guarded(
    action: Action, load: Load, *, largest: int = LARGEST_BODY, gathers: int = 0
) -> Callable[[Endpoint], Endpoint]:
    """Who may use a route, and which class of work it is; `largest` body in bytes.

    A route that `gathers` takes no place here: its requests wait in a line of its own, and so many take one place together.
    Where that line is full they are refused before anything else is done for them.
    """

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__guard__ = Guard(action, load, largest, gathers=gathers)  # type: ignore[attr-defined]
        return endpoint

    return mark


def open_to_all(load: Load, *, largest: int = LARGEST_BODY) -> Callable[[Endpoint], Endpoint]:
    """A route that needs nobody signed in: health, signing in, events that carry a signature of their own.

    Query parameters that it does not know are let through: other systems call these and add their own.
    """

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__guard__ = Guard(None, load, largest, any_query=True)  # type: ignore[attr-defined]
        return endpoint

    return mark


class GuardedRoute(APIRoute):
    """Every route of this API: described by the framework, served by `serve`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        found = getattr(endpoint, "__guard__", None)
        if found is None:
            raise TypeError(f"{path}: {endpoint.__name__} says neither who may use it nor its class of load")
        self.guard: Guard = found
        options["openapi_extra"] = {
            **(options.get("openapi_extra") or {}),
            "x-load": found.load.value,
            **({"x-action": found.action.value} if found.action else {}),
        }
        super().__init__(path, endpoint, **options)
        self._arguments = Arguments(self.dependant, self.body_field, any_query=found.any_query)
        self._awaited = iscoroutinefunction(endpoint)
        given = (dict(said.get("content") or {}) for code, said in self.responses.items() if str(code).startswith("2"))
        self.offers: frozenset[str] = frozenset(kind for content in given for kind in content) or frozenset({JSON})
        """Media types of answers; several where the caller chooses by `Accept`."""

    async def serve(self, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]) -> None:
        """Answer one request; every error before the first byte of the answer becomes a problem."""
        request = SizedRequest(scope, receive)
        request.largest = self.guard.largest
        try:
            reply = await self._answer(request, path)
        except Exception as error:  # noqa: BLE001 (every error is answered as a problem)
            reply = problem_reply(as_problem(error, request))
        await reply(scope, receive, send)

    async def _answer(self, request: SizedRequest, path: Mapping[str, str]) -> Response:
        service: Service = request.app.state.service
        guard, headers = self.guard, request.headers
        if guard.gathers:
            service.admission.require_room(guard.load, guard.gathers)
        if guard.action is not None:
            with span("auth"):
                await _permit(service, request, guard)
        else:
            ACTING.set(NOBODY)
        accept = headers.get("accept")
        if accept == "*/*":
            accept = None
        if accept is not None:
            require_acceptable(accept, self.offers)
        sent = b""
        if request.method in _WITH_BODY:
            if self._arguments.takes_body and headers.get("content-length") != "0":
                require_json(request)
            else:
                require_plain(request)
            # Before a place is held: who sends slowly keeps nobody else waiting.
            sent = await request.body()
        if guard.gathers:
            # It waits in a line of its own, and holds one place together with others.
            reply = await self._call(self._arguments.of(request, path, sent))
        else:
            async with service.admission.place(guard.load):
                reply = await self._call(self._arguments.of(request, path, sent))
        if accept is not None and reply.status_code < 300:
            kind = reply.headers.get("content-type")
            if kind is not None and not takes(accept, kind):
                require_acceptable(accept, {kind})
        return reply

    async def _call(self, arguments: Mapping[str, Any]) -> Response:
        with Within(self.guard.load), span("work"):
            reply: Response
            if self._awaited:
                reply = await self.endpoint(**arguments)
            else:
                reply = await in_thread(partial(self.endpoint, **arguments))
        return reply


async def in_thread(call: Callable[[], Any]) -> Any:
    """Run it in a thread of the process's pool, with this request's context."""
    return await asyncio.get_running_loop().run_in_executor(None, copy_context().run, call)


async def _permit(service: Service, request: Request, guard: Guard) -> None:
    assert guard.action is not None
    principal = service.access.known(request)
    if principal is None:
        async with service.admission.place(guard.load):
            with Within(guard.load):
                principal = await in_thread(partial(service.access.authenticate, request))
    request.state.principal = principal
    # This request runs in a context of its own, which threads get a copy of.
    ACTING.set(who_of(principal))
    service.access.require(principal, guard.action, request)


def as_problem(error: Exception, request: Request | None = None) -> Problem:
    """What a caller is told; what nobody foresaw is logged under the request's id."""
    match error:
        case Problem():
            return error
        case NothingImportedError():
            return Problem("not_set_up", str(error))
        case UnavailableError():
            return Problem("unavailable", str(error), headers={"Retry-After": "2"})
        case OverLimitError():
            money = [("cents", str(error.cents)), ("limit_cents", str(error.limit_cents))]
            return Problem("over_limit", str(error), errors=money)
        case NotEntitledError():
            return Problem("not_allowed", str(error))
        case ConflictError():
            return Problem("conflict", str(error))
        case StoreError():
            return Problem("refused", str(error))
        case _:
            name = getattr(request.state, "request_id", "") if request is not None else ""
            _LOG.error("request %s failed", name, exc_info=error, extra={"request_id": name})
            return Problem("internal", f"an error that nobody foresaw; it is logged under the request's id {name}")


def caller(request: Request) -> Principal:
    """Dependency: who asks."""
    found: Principal = request.state.principal
    return found
