"""Refused on the wire: in the words of the long way, only where the line is full, and only what begins with one plain head."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
import uvicorn

from evenstock.service.admission import SHARES, Admission, Load
from evenstock.service.app import resources
from evenstock.service.context import Service
from evenstock.service.door import Door
from evenstock.service.slow_clients import LimitedProtocol

BODY = b'{"id":"A-1"}'


def request(*more: bytes, line: bytes = b"POST /v1/route HTTP/1.1", body: bytes = BODY) -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join((line, b"Host: a", b"Authorization: Bearer ek_x", length, *more, b"", body))


class Counted:
    def __init__(self) -> None:
        self.answers: list[tuple[str, str, int, str]] = []
        self.refusals: list[int] = []

    def answered(self, method: str, route: str, status: int, load: str, _seconds: float) -> None:
        self.answers.append((method, route, status, load))

    def refused(self, _load: str, count: int) -> None:
        self.refusals.append(count)


@pytest.fixture
def line() -> list[int]:
    """How many wait."""
    return [SHARES[Load.ROUTE].waiting]


@pytest.fixture
def door(line: list[int]) -> Door:
    admission = Admission()
    admission.beside[Load.ROUTE] = lambda: line[0]
    service = SimpleNamespace(admission=admission, telemetry=SimpleNamespace(metrics=Counted()))
    return Door(cast("Service", service), resources(), [(b"x-content-type-options", b"nosniff")])


def test_a_request_without_room_is_told_when_to_come_back_and_is_counted(door: Door) -> None:
    refusal = door.refusal(request(b"X-Request-Id: mine-7"), [(b"date", b"now")])

    assert refusal is not None
    assert refusal.left == 0
    head, _, body = refusal.answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    told = dict(line.split(": ", 1) for line in lines)
    assert status.startswith("HTTP/1.1 503")
    assert told["retry-after"] == "1"
    assert told["x-request-id"] == "mine-7"
    assert told["date"] == "now"
    assert told["x-content-type-options"] == "nosniff"
    assert told["content-type"] == "application/problem+json"
    assert int(told["content-length"]) == len(body)
    assert json.loads(body)["code"] == "overloaded"
    counted = cast("Any", door.metrics)
    assert counted.answers == [("POST", "/v1/route", 503, "route")]
    assert counted.refusals == [1]


def test_where_there_is_room_everything_goes_on(door: Door, line: list[int]) -> None:
    line[0] = 0
    assert door.refusal(request()) is None
    assert cast("Any", door.metrics).answers == []


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(request(body=b"x" * 90_000)[:9_000], id="a large body"),
        pytest.param(request() + b"G", id="more than one request"),
        pytest.param(request() + request(), id="two requests"),
        pytest.param(request()[:40], id="part of a head"),
        pytest.param(request(b"Connection: close"), id="the connection ends"),
        pytest.param(request(b"Transfer-Encoding: chunked"), id="chunks"),
        pytest.param(request(b"transfer-encoding : chunked"), id="chunks, disguised"),
        pytest.param(request(b"Expect: 100-continue"), id="the body waits"),
        pytest.param(request(b"Content-Length: 12"), id="two lengths"),
        pytest.param(request(b" folded"), id="a folded header"),
        pytest.param(request(b"no header"), id="no header"),
        pytest.param(request(b"X: " + b"x" * 5_000), id="a long head"),
        pytest.param(request(b"traceparent: 00-1-1-01"), id="traced"),
        pytest.param(request(line=b"POST /v1/route?x=1 HTTP/1.1"), id="another address"),
        pytest.param(request(line=b"POST /v1/route HTTP/1.0"), id="another version"),
        pytest.param(request(line=b"GET /v1/route HTTP/1.1"), id="another method"),
        pytest.param(request(line=b"POST /v1/plans HTTP/1.1"), id="another route"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_whatever_is_not_plainly_one_request_goes_the_long_way(door: Door, data: bytes) -> None:
    assert door.refusal(data) is None


async def _application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        scope["state"]["door"] = _application.door  # type: ignore[attr-defined]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def port(door: Door) -> Iterator[int]:
    _application.door = door  # type: ignore[attr-defined]
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(_application, http=LimitedProtocol, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    for _ in range(1_000):
        if server.started:
            break
        threading.Event().wait(0.01)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


def test_on_one_connection_the_refused_and_the_served_take_turns(door: Door, line: list[int], port: int) -> None:
    full = line[0]
    seen = []
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        for waiting in (full, 0, full, full, 0):
            line[0] = waiting
            wire.sendall(request())
            answer = http.client.HTTPResponse(wire)
            answer.begin()
            seen.append((answer.status, answer.read()[:2]))

    assert [status for status, _ in seen] == [503, 200, 503, 503, 200]
    assert seen[1][1] == b"ok"
    assert len(cast("Any", door.metrics).answers) == 3


@pytest.mark.parametrize("cut", [1, 5, len(BODY)])
def test_a_body_may_come_after_its_answer(door: Door, line: list[int], port: int, cut: int) -> None:
    """Many clients send head and body apart; what follows on the connection is read as what it is."""
    data = request()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.sendall(data[:-cut])
        assert b" 503 " in wire.recv(65_536).split(b"\r\n")[0]
        line[0] = 0
        wire.sendall(data[-cut:] + request())
        assert b"200 OK" in wire.recv(65_536)
    assert len(cast("Any", door.metrics).answers) == 1


def test_a_head_that_comes_in_parts_is_read_whole(port: int) -> None:
    """The line is full: the application behind would refuse it."""
    data = request()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.sendall(data[:30])
        threading.Event().wait(0.1)
        wire.sendall(data[30:])
        assert b"200 OK" in wire.recv(65_536)
        wire.sendall(data)
        assert b" 503 " in wire.recv(65_536).split(b"\r\n")[0]
