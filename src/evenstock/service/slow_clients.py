"""HTTP connections with limits: how slowly a request may come, how large its head may be, how many may stand in line.

A client that sends a byte a second, never reads its answer, or floods with headers holds nothing but its own connection, and
that not for long. Every limit answers with a problem where an answer still makes sense, and closes the connection.
"""

from __future__ import annotations

from asyncio import Transport
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from evenstock.service.http.problems import Problem, problem_reply

if TYPE_CHECKING:
    from asyncio import TimerHandle

    from evenstock.service.door import Door

LONGEST_ADDRESS: Final = 8_192
"""Bytes of path and query."""
LARGEST_HEAD: Final = 32_768
"""Bytes of all headers, their names included."""
MOST_HEADERS: Final = 100
MOST_UNREAD: Final = 2_000_000
"""Bytes of a body that may still come after its answer; then the connection ends."""
MOST_IN_LINE: Final = 32
"""Requests sent before the first is answered (pipelining)."""
MOST_CONNECTIONS: Final = 1_000
HEAD_S: Final = 10.0
"""From the first byte of a request, or from connecting, to the end of its headers."""
BODY_S: Final = 10.0
SLOWEST_BODY: Final = 10_000
"""Bytes a second: a body may take `BODY_S` and a second more for each of these."""
SLOWEST_READER_S: Final = 30.0
"""How long an answer may wait for its reader without a byte taken."""
IDLE_S: Final = 65
"""A connection without a request; longer than the minute after which most proxies let go of theirs."""
IDLE_WHEN_FULL_S: Final = 2.0
LOOK_S: Final = 1.0


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's parser under the limits of this file."""

    _look: TimerHandle | None = None
    _refusal: Problem | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        now = self.loop.time()
        self._head_since: float | None = now
        self._body_since: float | None = None
        self._stuck_since: float | None = None
        self._idle_since: float | None = now
        self._body_bytes = self._head_bytes = self._head_count = self._pending = 0
        self._message_ended = False
        self._unread: int | None = None
        self._thrown_away = 0
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(Problem("overloaded", "too many connections", headers={"Retry-After": "1"}))
            return
        self._look = self.loop.call_later(LOOK_S, self._watch)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None or self.parser is None:
            return
        if self._thrown_away:
            # The rest of the body of a request that has its answer.
            rest = data[self._thrown_away :]
            self._thrown_away = max(0, self._thrown_away - len(data))
            if not rest:
                return
            data = rest
        if self._idle_since is not None and self._turned_away(data):
            return
        self._idle_since = None
        if self._head_since is None and self._body_since is None:
            self._head_since = self.loop.time()
        self._message_ended = False
        super().data_received(data)
        if self._head_since is None or self._message_ended:
            self._pending = 0
            return
        # The parser keeps a header to itself until it is whole, so what it has of an endless one is counted here.
        self._pending += len(data)
        if self._pending > LARGEST_HEAD + LONGEST_ADDRESS and self._refusal is None:
            self._refuse(_head_too_large())

    def _turned_away(self, data: bytes) -> bool:
        """Whether this is a request that was refused at the door; to the connection it was answered as any other."""
        door: Door | None = self.app_state.get("door")
        cycle: RequestResponseCycle | None = self.cycle
        answering = cycle is not None and not cycle.response_complete
        if door is None or answering or self.pipeline or self._body_since is not None or self._stuck_since is not None:
            return False
        refusal = door.refusal(data, self.server_state.default_headers)
        if refusal is None:
            return False
        self.transport.write(refusal.answer)
        self._thrown_away = refusal.left
        self.server_state.total_requests += 1
        self._head_since, self._idle_since = None, self.loop.time()
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        return True

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 (the parser's words say little)
        """The parser stopped: because of us, or because this is no HTTP."""
        malformed = Problem("malformed_request", "this is not a request as HTTP/1.1 has it (RFC 9112)")
        self._refuse(self._refusal or malformed)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_since = self._head_since or self.loop.time()
        self._head_bytes = self._head_count = self._pending = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > LONGEST_ADDRESS:
            self._stop(Problem("address_too_long", f"an address has at most {LONGEST_ADDRESS:,} bytes"))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_count += 1
        self._head_bytes += len(name) + len(value)
        if self._head_count > MOST_HEADERS or self._head_bytes > LARGEST_HEAD:
            self._stop(_head_too_large())
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_since = None
        self._body_since = self.loop.time()
        self._body_bytes = 0
        if len(self.pipeline) >= MOST_IN_LINE:
            self._stop(Problem("too_many_requests", f"more than {MOST_IN_LINE} requests wait on one connection"))
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._unread is not None:
            self._unread += len(body)
            if self._unread > MOST_UNREAD:
                self.transport.close()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._body_since = self._unread = None
        self._message_ended = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._idle_since = self.loop.time()
        if self._body_since is not None:
            # Answered before its body was whole, such as one too large: what still comes is thrown away, up to a limit.
            self._unread = 0

    def pause_writing(self) -> None:
        self._stuck_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stuck_since = None
        super().resume_writing()

    def _watch(self) -> None:
        """Once a second: what has this connection waited for, and for how long?"""
        self._look = self.loop.call_later(LOOK_S, self._watch)
        now = self.loop.time()
        if self._stuck_since is not None and now - self._stuck_since > SLOWEST_READER_S:
            self.transport.abort()
        elif self._head_since is not None and now - self._head_since > HEAD_S:
            self._refuse(Problem("too_slow", f"the head of the request took longer than {HEAD_S:.0f} s"))
        elif self._body_since is not None and self._too_slow(now - self._body_since):
            self._refuse(Problem("too_slow", "the body came too slowly"))
        elif (
            self._idle_since is not None
            and len(self.connections) > MOST_CONNECTIONS * 3 // 4
            and now - self._idle_since > IDLE_WHEN_FULL_S
        ):
            self.transport.close()

    def _too_slow(self, passed: float) -> bool:
        if self.flow.read_paused:
            # We asked the client to wait, so its time stands still.
            self._body_since = self.loop.time() - min(passed, BODY_S)
            return False
        earned = 0.0 if self._unread is not None else self._body_bytes / SLOWEST_BODY
        return passed > BODY_S + earned

    def _stop(self, problem: Problem) -> None:
        """Leave the parser from one of its callbacks; it then asks for `send_400_response`."""
        self._refusal = problem
        raise ValueError(problem.code.name)

    def _refuse(self, problem: Problem) -> None:
        self._refusal = problem
        answered = self._unread is not None
        self._head_since = self._body_since = None
        transport = self.transport
        if transport.is_closing():
            return
        if answered:
            transport.close()
            return
        cycle: RequestResponseCycle | None = self.cycle
        answering = cycle is not None and cycle.response_started and not cycle.response_complete
        if answering or self.pipeline:
            # Half an answer stands on the wire already: another one would be read as its rest.
            transport.abort()
            return
        transport.write(_answer(problem, self.server_state.default_headers))
        transport.close()


def _head_too_large() -> Problem:
    return Problem("headers_too_large", f"at most {MOST_HEADERS} headers with {LARGEST_HEAD:,} bytes are taken")


def _answer(problem: Problem, headers: list[tuple[bytes, bytes]]) -> bytes:
    reply = problem_reply(problem)
    lines: list[Any] = [STATUS_LINE[reply.status_code]]
    for name, value in (*headers, *reply.raw_headers, (b"connection", b"close")):
        lines.extend((name, b": ", value, b"\r\n"))
    return b"".join((*lines, b"\r\n", bytes(reply.body)))
