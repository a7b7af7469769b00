"""Every request measured, logged and, for a share, traced: around the whole application, with the route it found."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evenstock.service.telemetry.tracing import note

if TYPE_CHECKING:
    from evenstock.service.context import Service

_UNKNOWN: Final = "(no such route)"
_PREFIX: Final = "/v1"
_QUIET: Final = frozenset({"/v1/health", "/v1/ready", "/v1/metrics"})
"""Routes that machines ask every few seconds: logged where they fail."""


class Observed:
    """Middleware, the outermost: what is refused before it has a route is told too."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.admission, self.telemetry = app, service.admission, service.telemetry
        self._log = structlog.get_logger("evenstock.requests")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if not self.telemetry.tracing.drawn():
            await self._measured(scope, receive, send, "")
            return
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        # The name is the method alone until the route is known: an address may hold anything.
        with self.telemetry.tracing.request(scope["method"], headers) as trace:
            await self._measured(scope, receive, send, trace)

    async def _measured(self, scope: Scope, receive: Receive, send: Send, trace: str) -> None:
        begun = perf_counter()
        status = 0

        async def heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, heard)
        except Exception:
            status = status or 500
            raise
        finally:
            self._tell(scope, status or 499, perf_counter() - begun, trace)

    def _tell(self, scope: Scope, status: int, seconds: float, trace: str) -> None:
        """499: the caller left before an answer began."""
        route = scope.get("route")
        template = _template(getattr(route, "path", ""))
        guard = getattr(route, "guard", None)
        load = guard.load.value if guard is not None else "none"
        method = scope["method"] if route is not None else "ANY"
        metrics = self.telemetry.metrics
        metrics.answered(method, template, status, load, seconds)
        if status == 503 and guard is not None:
            metrics.refused(load, self.admission.refused[guard.load])
        elif status == 500:
            metrics.failed()
        if trace:
            note({"http.route": template, "http.response.status_code": status, "evenstock.load": load})
        if template in _QUIET and status < 400:
            return
        state = scope.get("state", {})
        principal = state.get("principal")
        self._log.info(
            "request",
            request=state.get("request_id", ""),
            principal=getattr(principal, "id", ""),
            method=method,
            route=template,
            status=status,
            ms=round(seconds * 1_000, 2),
            load=load,
            **({"trace": trace} if trace else {}),
        )


def _template(path: str) -> str:
    if not path:
        return _UNKNOWN
    return path if path.startswith(_PREFIX) else _PREFIX + path
