"""Finds the route of a request by its address, and says what an address takes where the method is wrong.

Routes are looked up by the first part of their path, so that a hundred others cost nothing. Addresses are read part by part
before `%2F` is unescaped: an id may hold a slash.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.types import Message, Receive, Scope, Send

from evenstock.service.guard import GuardedRoute
from evenstock.service.http.problems import Problem, problem_reply
from evenstock.service.http.replies import nothing

PREFIX: Final = "/v1"


@dataclass
class Dispatch:
    """The routes under `/v1`."""

    routes: Iterable[GuardedRoute]
    _fixed: dict[str, dict[str, GuardedRoute]] = field(default_factory=dict)
    _by_first: dict[str, list[GuardedRoute]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for route in self.routes:
            if "{" not in route.path:
                takes = self._fixed.setdefault(route.path, {})
            else:
                takes = {}
                self._by_first[_first(route.path)].append(route)
            for method in route.methods or ():
                if method in takes:
                    raise TypeError(f"{method} {route.path} is mounted twice")
                takes[method] = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        try:
            takes, path = self._find(scope)
        except Problem as problem:
            await problem_reply(problem)(scope, receive, send)
            return
        route = takes.get(method)
        if route is None and method == "HEAD" and "GET" in takes:
            await self._serve(takes["GET"], scope, receive, _without_body(send), path)
        elif route is not None:
            await self._serve(route, scope, receive, send, path)
        elif not takes:
            await problem_reply(Problem("no_such_route", "there is nothing at this address"))(scope, receive, send)
        else:
            allowed = ", ".join(sorted({*takes, "OPTIONS", *({"HEAD"} if "GET" in takes else ())}))
            if method == "OPTIONS":
                await nothing(headers={"Allow": allowed})(scope, receive, send)
                return
            said = f"this address takes {allowed}"
            wrong = Problem("method_not_allowed", said, headers={"Allow": allowed})
            await problem_reply(wrong)(scope, receive, send)

    @staticmethod
    async def _serve(route: GuardedRoute, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]) -> None:
        scope["route"], scope["endpoint"], scope["path_params"] = route, route.endpoint, dict(path)
        await route.serve(scope, receive, send, path)

    def _find(self, scope: Scope) -> tuple[Mapping[str, GuardedRoute], Mapping[str, str]]:
        """What the address takes by method, and the parts of it that are parameters."""
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        at = raw.partition(b"?")[0].decode("latin-1").removeprefix(scope.get("root_path", "")).removeprefix(PREFIX)
        fixed = self._fixed.get(at, {})
        if scope["method"] in fixed:
            return fixed, {}
        found = dict(fixed)
        told: Mapping[str, str] = {}
        for route in self._by_first.get(_first(at), ()):
            match = route.path_regex.match(at)
            if match is None:
                continue
            for method in route.methods or ():
                if method not in found:
                    found[method] = route
                    if method == scope["method"] or (method == "GET" and scope["method"] == "HEAD"):
                        told = match.groupdict()
        return found, {name: _unescaped(name, value) for name, value in told.items()}


def _unescaped(name: str, value: str) -> str:
    if "%" not in value and value.isascii():
        return value
    try:
        return unquote_to_bytes(value.encode("latin-1")).decode()
    except UnicodeDecodeError:
        raise Problem(
            "invalid_request",
            f"path {name}: not UTF-8",
            errors=[(f"path {name}", "an address is UTF-8, percent-encoded")],
        ) from None


def _first(path: str) -> str:
    return path[1:].partition("/")[0]


def _without_body(send: Send) -> Send:
    async def headers_only(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {"type": "http.response.body", "body": b"", "more_body": message.get("more_body", False)}
        await send(message)

    return headers_only
