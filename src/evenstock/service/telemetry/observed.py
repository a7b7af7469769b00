"""Every request measured, logged and, for a share, traced: around the whole application, with the route it found."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from evenstock.service.telemetry.logs import tell_request
from evenstock.service.telemetry.tracing import note

if TYPE_CHECKING:
    from evenstock.service.context import Service

_UNKNOWN: Final = "(no such route)"
_PREFIX: Final = "/v1"
_QUIET: Final = frozenset({"/v1/health", "/v1/ready", "/v1/metrics"})
"""Routes that machines ask every few seconds: logged where they fail."""


class Observed:
    """The outermost layer of every request: what is refused before it has a route is told too.

    `app` says in the scope's state which status it answered with.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.admission, self.telemetry = app, service.admission, service.telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.telemetry.tracing.drawn():
            await self._measured(scope, receive, send, "")
            return
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        # The name is the method alone until the route is known: an address may hold anything.
        with self.telemetry.tracing.request(scope["method"], headers) as trace:
            await self._measured(scope, receive, send, trace)

    async def _measured(self, scope: Scope, receive: Receive, send: Send, trace: str) -> None:
        begun = perf_counter()
        failed = False
        try:
            await self.app(scope, receive, send)
        except Exception:
            failed = True
            raise
        finally:
            status = scope.get("state", {}).get("status") or (500 if failed else 499)
            self._tell(scope, status, perf_counter() - begun, trace)

    def _tell(self, scope: Scope, status: int, seconds: float, trace: str) -> None:
        """499: the caller left before an answer began."""
        route = scope.get("route")
        guard = getattr(route, "guard", None)
        load = guard.load.value if guard is not None else "none"
        template = _template(getattr(route, "path", ""))
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
        tell_request(
            state.get("request_id", ""),
            getattr(principal, "id", ""),
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
