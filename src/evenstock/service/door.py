"""What is gathered is refused on the wire where its line is full: before the request is read as one, or anything is made for it.

A flood asks again as soon as it is refused. What a refusal costs decides how long everybody else, the refused too, waits for his
turn; so it is a look at the line, a few searches in the bytes and one write. Whatever does not begin with one whole plain head
goes the long way, where the same line refuses it in the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from os import urandom
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from evenstock.service.http.problems import Problem, problem_reply
from evenstock.service.telemetry.logs import tell_request

if TYPE_CHECKING:
    from evenstock.service.context import Service
    from evenstock.service.guard import Guard, GuardedRoute

LARGEST_HEAD: Final = 4_096
"""Bytes of a head that is looked at here; a larger one goes the long way."""
LARGEST_BODY: Final = 65_536
"""Bytes that are thrown away after an answer; a larger body goes the long way."""
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*(?=\r\n)", re.IGNORECASE)
_REQUEST_ID: Final = re.compile(rb"\r\nx-request-id:[ \t]*([A-Za-z0-9._-]{1,64})[ \t]*(?=\r\n)", re.IGNORECASE)
_UNUSUAL: Final = re.compile(
    rb"\r\n(?:transfer-encoding|connection|expect|upgrade|traceparent)[ \t]*:|\r\n[ \t]|\r\n[^:\r]*(?:\r\n|$)",
    re.IGNORECASE,
)
"""Heads that say how their connection or body goes on, that are traced, or that are none."""


class Refusal(NamedTuple):
    """The whole answer to a request, and how many bytes of its body are still to come."""

    answer: bytes
    left: int


class Door:
    """Of one process: the lines of its gathering routes."""

    def __init__(
        self, service: Service, routes: Iterable[GuardedRoute], headers: Iterable[tuple[bytes, bytes]]
    ) -> None:
        self.admission, self.metrics = service.admission, service.telemetry.metrics
        self._headers = tuple(headers)
        self._gathering: Mapping[bytes, tuple[Guard, str]] = {
            f"{method} /v1{path} HTTP/1.1".encode(): (route.guard, f"/v1{path}")
            for route in routes
            if route.guard.gathers
            for path in (route.path.removeprefix("/v1"),)
            for method in route.methods or ()
        }

    def refusal(self, data: bytes, usual: Iterable[tuple[bytes, bytes]] = ()) -> Refusal | None:
        """The answer, with the server's `usual` headers, to one request for which there is no room.

        None where it is to be read as any other.
        """
        begun = perf_counter()
        line = data.find(b"\r\n", 0, 128)
        found = self._gathering.get(data[:line]) if line > 0 else None
        if found is None:
            return None
        guard, template = found
        if self.admission.has_room(guard.load, guard.gathers):
            return None
        end = data.find(b"\r\n\r\n", line, LARGEST_HEAD)
        if end < 0:
            return None
        head = data[line : end + 2]
        lengths = _LENGTH.findall(head)
        left = end + 4 + int(lengths[0]) - len(data) if len(lengths) == 1 else -1
        if not 0 <= left <= LARGEST_BODY or _UNUSUAL.search(head, 0, len(head) - 2):
            return None
        given = _REQUEST_ID.search(head)
        name = given[1] if given else urandom(8).hex().encode()
        headers = (*usual, (b"x-request-id", name), *self._headers)
        return Refusal(self._answered(self.admission.refuse(guard.load), guard, template, headers, begun), left)

    def _answered(
        self, problem: Problem, guard: Guard, template: str, headers: Sequence[tuple[bytes, bytes]], begun: float
    ) -> bytes:
        reply, name = problem_reply(problem), dict(headers)[b"x-request-id"]
        lines = [STATUS_LINE[reply.status_code]]
        for key, value in (*reply.raw_headers, *headers):
            lines += (key, b": ", value, b"\r\n")
        load, seconds = guard.load.value, perf_counter() - begun
        self.metrics.answered("POST", template, reply.status_code, load, seconds)
        self.metrics.refused(load, self.admission.refused[guard.load])
        ms = round(seconds * 1_000, 2)
        tell_request(name.decode(), "", method="POST", route=template, status=reply.status_code, ms=ms, load=load)
        return b"".join((*lines, b"\r\n", bytes(reply.body)))
