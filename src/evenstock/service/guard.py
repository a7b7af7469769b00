"""What every route does before its own code: who asks, whether he may, whether there is room; and after it: errors as problems.

A route says one action and one class of load; a route that says neither cannot be mounted, so nothing is open by oversight.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.concurrency import run_in_threadpool

from evenstock.operations.access.actions import Action
from evenstock.operations.access.principal import Principal
from evenstock.operations.company import NothingImportedError
from evenstock.operations.ports import ConflictError, StoreError, UnavailableError
from evenstock.service.admission import Load
from evenstock.service.http.problems import Problem, invalid, problem_reply

if TYPE_CHECKING:
    from evenstock.service.context import Service

LARGEST_BODY: Final = 1_000_000
"""Bytes; routes for bulk say their own."""
DEEPEST: Final = 50

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Guard:
    """What a route asks of its caller and of the machine."""

    __slots__ = ("action", "largest", "load")

    def __init__(self, action: Action | None, load: Load, largest: int) -> None:
        self.action, self.load, self.largest = action, load, largest


def guarded(action: Action, load: Load, *, largest: int = LARGEST_BODY) -> Callable[[Endpoint], Endpoint]:
    """Who may use a route, and which class of work it is; `largest` body in bytes."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__guard__ = Guard(action, load, largest)  # type: ignore[attr-defined]
        return endpoint

    return mark


def open_to_all(load: Load, *, largest: int = LARGEST_BODY) -> Callable[[Endpoint], Endpoint]:
    """A route that needs nobody signed in: health, signing in, events that carry a signature of their own."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__guard__ = Guard(None, load, largest)  # type: ignore[attr-defined]
        return endpoint

    return mark


class SizedRequest(Request):
    """Reads its body once, up to a limit, and JSON without `NaN`, doubled keys being the later one's, nested at most so deep."""

    largest: int = LARGEST_BODY

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            declared = self.headers.get("content-length", "")
            if declared.isdigit() and int(declared) > self.largest:
                raise Problem(
                    "too_large", f"the body has {int(declared):,} bytes; at most {self.largest:,} are taken here"
                )
            found = bytearray()
            async for part in self.stream():
                found += part
                if len(found) > self.largest:
                    raise Problem("too_large", f"the body has more than the {self.largest:,} bytes taken here")
            self._body = bytes(found)
        return self._body

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json


def read_json(body: bytes) -> Any:
    """JSON as RFC 8259 says it. Raises Problem `malformed_body`."""
    if nested(body) > DEEPEST:
        raise Problem("malformed_body", f"JSON is nested deeper than {DEEPEST}")
    try:
        return from_json(body, allow_inf_nan=False, cache_strings=False)
    except ValueError as error:
        raise Problem("malformed_body", f"this is not JSON: {error}") from None


def nested(body: bytes) -> int:
    """How deep brackets go at most, strings left out; cheap where there are few.

    Examples
    --------
    >>> nested(b'{"a": [1, "[[[["]}')
    2
    """
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return min(DEEPEST, body.count(b"[") + body.count(b"{")) if b'"' not in body else _nested(body)
    return _nested(body)


def _nested(body: bytes) -> int:
    depth = deepest = 0
    quoted = escaped = False
    for sign in body:
        if quoted:
            if escaped:
                escaped = False
            elif sign == 0x5C:
                escaped = True
            elif sign == 0x22:
                quoted = False
        elif sign == 0x22:
            quoted = True
        elif sign in (0x5B, 0x7B):
            depth += 1
            deepest = max(deepest, depth)
        elif sign in (0x5D, 0x7D):
            depth -= 1
    return deepest


class GuardedRoute(APIRoute):
    """Every route of this API."""

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

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        guard = self.guard

        async def guarded_handler(plain_request: Request) -> Response:
            request = SizedRequest(plain_request.scope, plain_request.receive)
            request.largest = guard.largest
            service: Service = plain_request.app.state.service
            try:
                async with service.admission.place(guard.load):
                    if guard.action is not None:
                        await _permit(service, request, guard.action)
                    return await handle(request)
            except Exception as error:  # noqa: BLE001 (every error is answered as a problem)
                return problem_reply(as_problem(error))

        return guarded_handler


async def _permit(service: Service, request: Request, action: Action) -> None:
    principal = service.access.known(request)
    if principal is None:
        principal = await run_in_threadpool(service.access.authenticate, request)
    request.state.principal = principal
    service.access.require(principal, action, request)


def as_problem(error: Exception) -> Problem:
    """What a caller is told; whatever we did not expect becomes `internal` and is logged by the caller of this."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return invalid(error.errors())
        case NothingImportedError():
            return Problem("not_set_up", str(error))
        case UnavailableError():
            return Problem("unavailable", str(error), headers={"Retry-After": "2"})
        case ConflictError():
            return Problem("conflict", str(error))
        case StoreError():
            return Problem("refused", str(error))
        case _:
            raise error


def caller(request: Request) -> Principal:
    """Dependency: who asks."""
    found: Principal = request.state.principal
    return found


Handler = Callable[[Request], Awaitable[Response]]
