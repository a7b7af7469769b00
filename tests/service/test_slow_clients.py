"""What greedy, slow and malformed clients get: a definite answer or a closed connection, while everybody else is served."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from evenstock.service import slow_clients
from evenstock.service.slow_clients import LimitedProtocol

GET = b"GET /v1/x HTTP/1.1\r\nHost: a\r\n\r\n"


async def application(scope: dict, receive: object, send: object) -> None:  # type: ignore[type-arg]
    """Answers with what it got; `/slow` after a while, `/large` with eight megabytes, `/early` before it has the body."""
    if scope["type"] != "http":
        return
    size = 0
    if scope["path"] != "/early":
        more = True
        while more:
            message = await receive()  # type: ignore[operator]
            if message["type"] == "http.disconnect":
                return
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
    if scope["path"] == "/slow":
        import asyncio

        await asyncio.sleep(0.3)
    body = (
        b"x" * 8_000_000 if scope["path"] == "/large" else json.dumps({"bytes": size, "path": scope["path"]}).encode()
    )
    head = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": body})  # type: ignore[operator]


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same limits a hundred times faster."""
    monkeypatch.setattr(slow_clients, "HEAD_S", 0.3)
    monkeypatch.setattr(slow_clients, "BODY_S", 0.3)
    monkeypatch.setattr(slow_clients, "SLOWEST_READER_S", 0.3)
    monkeypatch.setattr(slow_clients, "LOOK_S", 0.05)
    monkeypatch.setattr(slow_clients, "MOST_CONNECTIONS", 20)


@pytest.fixture
def server(limits: None) -> Iterator[uvicorn.Server]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        application, http=LimitedProtocol, ws="none", lifespan="off", log_config=None, access_log=False, loop="uvloop"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def address(server: uvicorn.Server) -> tuple[str, int]:
    found: tuple[str, int] = server.servers[0].sockets[0].getsockname()
    return found


@contextmanager
def connected(address: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout=5) as made:
        yield made


def rest(made: socket.socket) -> bytes:
    """Everything until the server closes."""
    found = bytearray()
    try:
        while part := made.recv(65_536):
            found += part
    except ConnectionResetError:
        pass
    return bytes(found)


def asked(address: tuple[str, int], sent: bytes) -> bytes:
    with connected(address) as made:
        made.sendall(sent)
        return rest(made)


def served(address: tuple[str, int]) -> bool:
    return b" 200 " in asked(address, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))


def problem(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"connection: close" in head.lower()
    return int(head.split(b" ")[1]), json.loads(body)["code"]


def test_a_head_that_drips_is_ended_while_others_are_served(address: tuple[str, int]) -> None:
    with connected(address) as slow:
        begun = time.monotonic()
        slow.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        for _ in range(5):
            time.sleep(0.05)
            slow.sendall(b"X-a: 1\r\n")
        assert served(address)
        assert problem(rest(slow)) == (408, "too_slow")
        assert time.monotonic() - begun < 3


def test_a_connection_that_says_nothing_is_ended(address: tuple[str, int]) -> None:
    with connected(address) as silent:
        assert problem(rest(silent)) == (408, "too_slow")


def test_a_body_that_drips_is_ended(address: tuple[str, int]) -> None:
    with connected(address) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        time.sleep(0.2)
        slow.sendall(b"x" * 10)
        assert served(address)
        assert problem(rest(slow)) == (408, "too_slow")


def test_a_body_that_comes_fast_enough_is_taken_however_long_it_is(address: tuple[str, int]) -> None:
    """60,000 bytes may take 0.3 + 6 s: these come in 0.9."""
    with connected(address) as steady:
        steady.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\nConnection: close\r\n\r\n")
        for _ in range(6):
            steady.sendall(b"x" * 10_000)
            time.sleep(0.15)
        assert b'"bytes": 60000' in rest(steady)


def test_an_answer_that_nobody_reads_is_given_up(server: uvicorn.Server, address: tuple[str, int]) -> None:
    with connected(address) as deaf:
        deaf.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.15)
        assert len(server.server_state.connections) == 1, "the control: it waits for its reader"
        time.sleep(0.6)
        assert not server.server_state.connections


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"".join(b"X-%d: 1\r\n" % n for n in range(101)), (431, "headers_too_large")),
        (b"X: " + b"a" * 40_000 + b"\r\n", (431, "headers_too_large")),
        (b"".join(b"X-%d: %s\r\n" % (n, b"a" * 1_000) for n in range(60)), (431, "headers_too_large")),
    ],
)
def test_a_flood_of_headers_is_refused(address: tuple[str, int], head: bytes, told: tuple[int, str]) -> None:
    assert problem(asked(address, b"GET / HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n")) == told


def test_a_header_without_end_is_refused_before_it_is_whole(address: tuple[str, int]) -> None:
    with connected(address) as endless:
        endless.sendall(b"GET / HTTP/1.1\r\nX: ")
        try:
            for _ in range(200):
                endless.sendall(b"a" * 10_000)
                time.sleep(0.001)
        except (BrokenPipeError, ConnectionResetError):
            pass
        else:
            pytest.fail("two megabytes of one header were taken")
    assert served(address)


def test_an_address_without_end_is_refused(address: tuple[str, int]) -> None:
    assert problem(asked(address, b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")) == (
        414,
        "address_too_long",
    )


@pytest.mark.parametrize(
    "shape",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n X: folded\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"G\x00T / HTTP/1.1\r\n\r\n",
    ],
    ids=["both lengths", "two lengths", "negative", "hexadecimal", "unknown coding", "coding after chunked", "bad chunk",
         "space before colon", "folded", "version", "tls", "nul"],
)  # fmt: skip
def test_shapes_of_smuggling_are_refused_and_nothing_behind_them_is_answered(
    address: tuple[str, int], shape: bytes
) -> None:
    answer = asked(address, shape)
    assert b"smuggled" not in answer
    assert b" 200 " not in answer.split(b"\r\n")[0]
    assert problem(answer) == (400, "malformed_request")


def test_requests_in_a_row_on_one_connection_are_answered_in_order(address: tuple[str, int]) -> None:
    """The control of pipelining: ten at once, each answered once, in the order sent."""
    line = b"".join(b"GET /n%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(9))
    answer = asked(address, line + b"GET /n9 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert [answer.index(b'"/n%d"' % n) for n in range(10)] == sorted(answer.index(b'"/n%d"' % n) for n in range(10))
    assert answer.count(b"HTTP/1.1 200") == 10


def test_a_line_of_requests_without_end_is_ended(address: tuple[str, int]) -> None:
    with connected(address) as greedy:
        greedy.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + GET * 2_000)
        assert rest(greedy).count(b" 200 ") <= 2
    assert served(address)


def test_more_connections_than_we_hold_are_refused_at_once(address: tuple[str, int]) -> None:
    held = []
    try:
        for _ in range(20):
            made = socket.create_connection(address, timeout=5)
            made.sendall(b"GET / HTTP/1.1\r\n")
            held.append(made)
        time.sleep(0.05)
        answer = asked(address, GET)
        assert problem(answer) == (503, "overloaded")
        assert b"retry-after: 1" in answer.lower()
    finally:
        for made in held:
            made.close()
    time.sleep(0.3)
    assert served(address)


def test_what_comes_after_an_early_answer_is_thrown_away_up_to_a_limit(address: tuple[str, int]) -> None:
    with connected(address) as stubborn:
        stubborn.sendall(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
        assert b" 200 " in stubborn.recv(65_536)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):  # noqa: PT012 (one of many writes)
            for _ in range(1_000):
                stubborn.sendall(b"x" * 65_536)
