"""Logs, metrics and traces say what happened, and hold no secret and nobody's data, whatever goes wrong."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient
from tests.service.conftest import NOW, Anything, made, order_body

from evenstock.service.app import create_app
from evenstock.service.configuration import Configuration, Secret
from evenstock.service.context import Service
from evenstock.service.telemetry.logs import SOON_S, Lines, start_logging
from evenstock.service.telemetry.redaction import STARS, clean, clean_text
from evenstock.service.telemetry.tracing import Tracing, span
from evenstock.storage import open_store
from evenstock.storage.memory import MemoryStore

CANARIES = {
    "pepper": "canary-pepper-0123456789-0123456789",
    "secrets_key": "canary-sealing-0123456789-0123456789",
    "oidc": "canary-oidc-0123456789",
    "key": "ek_0123456789_canary0000000000000000000000000000000000000",
    "cookie": "canary-cookie-0123456789",
    "body": "canary-customer-name",
    "address": "canary-order-in-the-address",
    "query": "canary-query-0123456789",
    "header": "canary-header-0123456789",
    "error": "canary-database-password",
}


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What is written while a test runs; logging is afterwards as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    out = io.StringIO()
    start_logging("debug", out)
    yield out
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
def traced() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def service(tmp_path: Path, traced: InMemorySpanExporter) -> Service:
    made_up = Configuration(
        pepper=Secret(CANARIES["pepper"]),
        secrets_key=Secret(CANARIES["secrets_key"]),
        oidc_client_secret=Secret(CANARIES["oidc"]),
    )
    found = made(MemoryStore(lambda: NOW), tmp_path, configuration=made_up)
    found.telemetry.tracing = Tracing(share=1.0)
    found.telemetry.tracing.send_to(SimpleSpanProcessor(traced))
    return found


def told(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def shown(traced: InMemorySpanExporter) -> str:
    return "\n".join(one.to_json() for one in traced.get_finished_spans())


# --- I18 ----------------------------------------------------------------------------------------------------------


def test_no_canary_gets_out(
    service: Service, logged: io.StringIO, traced: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Secrets and personal data are put everywhere a caller can, into work that succeeds, is refused and breaks."""
    headers = {
        "Authorization": f"Bearer {CANARIES['key']}",
        "Cookie": f"session={CANARIES['cookie']}",
        "X-Note": CANARIES["header"],
    }
    body = order_body(tags=[CANARIES["body"]])
    answers = []
    with TestClient(create_app(service), headers=headers, raise_server_exceptions=False) as client:
        answers += [
            client.post("/v1/route", json=body),
            client.post("/v1/route", json=body, params={"key": CANARIES["query"]}),
            client.post("/v1/route", json={**body, "id": 7}),
            client.post("/v1/route", content=CANARIES["body"].encode(), headers={"Content-Type": "application/json"}),
            client.get(f"/v1/orders/{CANARIES['address']}", params={"x": CANARIES["query"]}),
            client.get(f"/v1/{CANARIES['address']}"),
        ]

        def broken(*_: object, **__: object) -> None:
            raise RuntimeError(
                f"postgresql://ana:{CANARIES['error']}@db/books, with {CANARIES['key']}\n{CANARIES['body']}"
            )

        monkeypatch.setattr("evenstock.service.gathered.route_together", broken)
        monkeypatch.setattr("evenstock.service.api.orders.route_order", broken)
        answers.append(client.post("/v1/route", json=order_body("T-2")))
        metrics = client.get("/v1/metrics").text
        ready = client.get("/v1/ready").text
    logging.getLogger("uvicorn.error").error("startup with %s", service.configuration)
    structlog.get_logger("x").info("set up", configuration=repr(service.configuration), pepper=CANARIES["pepper"])

    assert answers[0].status_code == 200
    assert answers[-1].status_code == 500
    assert len(traced.get_finished_spans()) > 10
    assert len(told(logged)) > 8
    outputs = {
        "logs": logged.getvalue(),
        "metrics": metrics + ready,
        "traces": shown(traced),
        "error": answers[-1].text,
        "refusals": answers[2].text + answers[3].text,
    }
    leaks = [(where, name) for where, text in outputs.items() for name, canary in CANARIES.items() if canary in text]
    assert leaks == []


def test_the_canaries_would_be_found(service: Service, logged: io.StringIO) -> None:
    """The control: what is logged under a name that says nothing, and looks like nothing, does stand there."""
    structlog.get_logger("x").info("said", note=CANARIES["body"])
    assert CANARIES["body"] in logged.getvalue()


def test_the_books_keep_no_credential(service: Service, tmp_path: Path) -> None:
    """Decisions, facts and remembered answers of a request that came with a key do not hold it."""
    store = open_store(f"sqlite:///{tmp_path}/b.db")
    kept = made(store, tmp_path, configuration=service.configuration)
    headers = {"Authorization": f"Bearer {CANARIES['key']}", "Idempotency-Key": "k-1"}
    with TestClient(create_app(kept), headers=headers) as client:
        assert client.post("/v1/route", json=order_body()).status_code == 200
    store.close()
    content = b"".join(path.read_bytes() for path in tmp_path.glob("b.db*"))
    assert b"T-1" in content, "the control"
    assert not [name for name in ("key", "pepper", "secrets_key", "oidc") if CANARIES[name].encode() in content]


@pytest.mark.parametrize(
    "secret",
    [
        "Authorization: Bearer abcdefgh12345678",
        "Basic dXNlcjpwYXNzd29yZA==",
        "key ek_0123456789_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJlLXZhbHVl",
        "postgresql://ana:hunter2hunter2@db/books",
        "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB\n-----END EC PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_secret_is_taken_out(secret: str) -> None:
    cleaned = clean_text(f"before {secret} after")
    assert STARS in cleaned
    assert cleaned.startswith("before")
    assert cleaned.endswith("after")
    assert not set(re.findall(r"[\w-]{12,}", secret)) - {"Authorization"} & set(re.findall(r"[\w-]{12,}", cleaned))


def test_names_of_secrets_are_starred_however_deep() -> None:
    found = clean({"a": [{"client_secret": "x", "sku": "MUG"}], "Set-Cookie": "y", "units": 3, "raw": b"123"})
    assert found == {"a": [{"client_secret": STARS, "sku": "MUG"}], "Set-Cookie": STARS, "units": 3, "raw": "3 bytes"}


def test_a_long_text_is_cut() -> None:
    assert len(clean_text("a" * 100_000)) < 2_100


# --- logs ---------------------------------------------------------------------------------------------------------


def test_a_request_is_one_line_with_what_an_operator_needs(service: Service, logged: io.StringIO) -> None:
    with TestClient(create_app(service)) as client:
        answer = client.post("/v1/route", json=order_body())
        client.get("/v1/health")
    lines = [one for one in told(logged) if one["event"] == "request"]
    assert len(lines) == 1, "a probe that is well is not logged"
    line = lines[0]
    assert line["request"] == answer.headers["x-request-id"]
    assert (line["principal"], line["method"], line["route"]) == ("person:test", "POST", "/v1/route")
    assert (line["status"], line["load"], line["level"]) == (200, "route", "info")
    assert 0 < line["ms"] < 60_000
    assert set(line) == {
        "event",
        "level",
        "timestamp",
        "request",
        "principal",
        "method",
        "route",
        "status",
        "ms",
        "load",
        "trace",
    }


def test_a_callers_own_id_that_looks_like_a_secret_is_starred_in_the_log(service: Service, logged: io.StringIO) -> None:
    with TestClient(create_app(service), headers={"X-Request-Id": CANARIES["key"]}) as client:
        client.get("/v1/orders/x")
    (line,) = [one for one in told(logged) if one["event"] == "request"]
    assert line["request"] == STARS
    assert CANARIES["key"] not in logged.getvalue()


def test_requests_are_told_at_the_level_info(service: Service, logged: io.StringIO) -> None:
    out = io.StringIO()
    start_logging("warning", out)
    with TestClient(create_app(service)) as client:
        client.get("/v1/orders/x")
        structlog.get_logger("x").warning("the control")
    assert [line["event"] for line in told(out)] == ["the control"]
    assert not told(logged)


def test_an_error_nobody_foresaw_is_logged_with_its_places_under_the_requests_id(
    service: Service, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenstock.service.gathered.route_together", lambda *_, **__: {}["missing"])
    monkeypatch.setattr("evenstock.service.api.orders.route_order", lambda *_, **__: {}["missing"])
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        answer = client.post("/v1/route", json=order_body())
    errors = [one for one in told(logged) if one["level"] == "error"]
    assert len(errors) == 1
    assert errors[0]["error"].startswith("builtins.KeyError")
    assert any("service/api/orders.py" in place for place in errors[0]["at"])
    assert answer.headers["x-request-id"] in errors[0]["event"]


def test_lines_of_requests_are_written_together_and_before_what_comes_after_them() -> None:
    """A request's line waits for a moment, but no later line overtakes it, and none stays behind."""
    writings: list[str] = []

    class Counted(io.StringIO):
        def write(self, text: str) -> int:
            writings.append(text)
            return len(text)

    lines = Lines(Counted())

    async def answer() -> None:
        lines.soon("1")
        lines.soon("2")
        assert writings == []
        lines.msg("an error")
        assert writings == ["1\n2\nan error\n"]
        lines.soon("3")
        await asyncio.sleep(2 * SOON_S)
        assert writings[1:] == ["3\n"]
        lines.soon("4")
        await asyncio.sleep(2 * SOON_S)
        lines.soon("5")
        lines.flush()
        assert writings[2:] == ["4\n", "5\n"]

    async def another() -> None:
        lines.soon("6")
        await asyncio.sleep(2 * SOON_S)

    asyncio.run(answer())
    lines.soon("no loop runs")
    asyncio.run(another())
    assert writings[4:] == ["no loop runs\n", "6\n"]


def test_no_line_is_lost_where_threads_write_beside_the_requests() -> None:
    out = io.StringIO()
    lines = Lines(out)
    before = sys.getswitchinterval()

    async def answer() -> None:
        for n in range(2_000):
            lines.soon(f"r{n}")
            if n % 100 == 0:
                await asyncio.sleep(0)

    def beside(name: str) -> None:
        for n in range(500):
            lines.msg(f"{name}{n}")

    threads = [threading.Thread(target=beside, args=(name,)) for name in "abc"]
    sys.setswitchinterval(1e-5)
    try:
        for one in threads:
            one.start()
        asyncio.run(answer())
        for one in threads:
            one.join()
    finally:
        sys.setswitchinterval(before)
    lines.flush()
    expected = [f"r{n}" for n in range(2_000)] + [f"{name}{n}" for name in "abc" for n in range(500)]
    assert sorted(out.getvalue().splitlines()) == sorted(expected)


def test_a_log_that_cannot_be_written_stops_nobody(service: Service) -> None:
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(28, "No space left on device")

    lines = Lines(Full())
    lines.msg("x")
    lines.msg("y")
    assert lines.lost == 2


# --- traces -------------------------------------------------------------------------------------------------------


def test_a_traced_decision_shows_where_its_time_went(service: Service, traced: InMemorySpanExporter) -> None:
    with TestClient(create_app(service)) as client:
        assert client.post("/v1/route", json=order_body()).status_code == 200
    spans = {one.name: one for one in traced.get_finished_spans()}
    steps = {"POST", "auth", "work", "gathered", "begin", "books write", "recall_and_look", "keep_together", "commit"}
    assert steps <= set(spans)
    root = spans["POST"]
    assert root.attributes is not None
    assert root.attributes["http.route"] == "/v1/route"
    assert root.attributes["http.response.status_code"] == 200
    ids = {one.context.trace_id for one in spans.values() if one.context}
    assert len(ids) == 1, "one request, one trace, through the thread that does the work"
    above_it = {"auth": "POST", "work": "POST", "gathered": "work", "recall_and_look": "books write"}
    for name, above in above_it.items():
        parent, expected = spans[name].parent, spans[above].context
        assert parent is not None
        assert expected is not None
        assert parent.span_id == expected.span_id, name


def test_a_callers_trace_goes_on_in_ours(service: Service, traced: InMemorySpanExporter) -> None:
    theirs = "0af7651916cd43dd8448eb211c80319c"
    with TestClient(create_app(service)) as client:
        client.get("/v1/orders/x", headers={"traceparent": f"00-{theirs}-b7ad6b7169203331-01"})
    context = traced.get_finished_spans()[-1].context
    assert context is not None
    assert format(context.trace_id, "032x") == theirs


def test_the_share_is_drawn_by_us(tmp_path: Path) -> None:
    """A hundredth of 2**32 is 42,949,672: below it a request is traced, at it not."""
    draws = iter([42_949_671, 42_949_672, 0])
    tracing = Tracing(share=0.01, draw=lambda: next(draws))
    assert not tracing.drawn(), "without an endpoint nothing is, and nothing is drawn"
    tracing.send_to(SimpleSpanProcessor(InMemorySpanExporter()))
    assert [tracing.drawn() for _ in range(3)] == [True, False, True]


def test_off_it_costs_nothing_and_changes_nothing() -> None:
    assert not Tracing().on
    assert not Tracing("", 1.0).on
    assert not Tracing("http://127.0.0.1:4318", 0.0).on
    with span("anything") as nothing:
        assert nothing is None
    assert span("a") is span("b"), "the same nothing each time"


def test_what_is_traced_reaches_a_collector_over_http(tmp_path: Path) -> None:
    """OTLP over HTTP to a server that counts what comes."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    got: list[tuple[str, int]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, len(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    service = made(MemoryStore(lambda: NOW), tmp_path, access=Anything())
    service.telemetry.tracing = Tracing(f"http://127.0.0.1:{server.server_port}", 1.0)
    with TestClient(create_app(service)) as client:
        client.post("/v1/route", json=order_body())
    service.telemetry.close()
    server.shutdown()
    server.server_close()
    thread.join()
    assert [path for path, _ in got] == ["/v1/traces"]
    assert got[0][1] > 200
