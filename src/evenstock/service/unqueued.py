"""Routes for those who watch the service: answered while everybody else waits in line, and from a thread of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from evenstock.service.context import Service
from evenstock.service.deadlines import PROBE, bounded
from evenstock.service.guard import GuardedRoute, in_thread
from evenstock.service.http.reading import SizedRequest
from evenstock.service.safe_defaults import loopback

Result = TypeVar("Result")
_THREADS: Final = ThreadPoolExecutor(2, "probe")
_THROUGH_OTHERS: Final = ("forwarded", "x-forwarded-for", "via")


async def apart(look: Callable[[], Result]) -> Result:
    """Run it beside the threads that orders share."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, bounded, PROBE, look)


class UnqueuedRoute(GuardedRoute):
    """Holds no place among those at work; its handlers are coroutines that do next to nothing themselves."""

    async def _answer(self, request: SizedRequest, path: Mapping[str, str]) -> Response:
        await self._let_in(request)
        call = partial(self.endpoint, **self._arguments.of(request, path, b""))
        reply: Response = await call()
        return reply

    async def _let_in(self, request: SizedRequest) -> None:
        action = self.guard.action
        if action is None:
            return
        service: Service = request.app.state.service
        principal = service.access.known(request)
        if principal is None:
            principal = await in_thread(partial(bounded, PROBE, partial(service.access.authenticate, request)))
        request.state.principal = principal
        service.access.require(principal, action, request)


class WatchedRoute(UnqueuedRoute):
    """Open to programs on this machine, to others by their right."""

    async def _let_in(self, request: SizedRequest) -> None:
        if not from_this_machine(request):
            await super()._let_in(request)


def from_this_machine(request: Request) -> bool:
    """Whether nobody else can have sent it: from loopback, and not through a proxy that runs here for the world."""
    client = request.client
    return client is not None and loopback(client.host) and not any(name in request.headers for name in _THROUGH_OTHERS)
