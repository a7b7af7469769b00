"""Bodies that mean harm or nonsense: each is refused with its place, quickly, and changes nothing."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.service.conftest import order_body

from evenstock.service.app import create_app
from evenstock.service.context import Service
from evenstock.service.http.reading import LARGEST_BODY

JSON = {"content-type": "application/json"}


def raw(name: str, units: str) -> bytes:
    """An order whose units are this text of JSON."""
    return json.dumps(order_body(name)).replace('"units": 1', f'"units": {units}').encode()


def send(client: TestClient, body: bytes) -> Any:
    return client.post("/v1/route", content=body, headers=JSON)


# --- F52: quantities ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "units",
    ["-1", "0", "-0", "1e18", "1E0", "1.5", "1.0", '"1"', "true", "false", "null", "NaN", "Infinity", "-Infinity", "[1]", "{}",
     "2147483648000", "9223372036854775808", "1" + "0" * 400],
)  # fmt: skip
def test_a_quantity_is_a_whole_number_in_bounds(client: TestClient, units: str) -> None:
    refused = send(client, raw("Q-1", units))
    assert refused.status_code == 422
    assert [place["pointer"] for place in refused.json()["errors"]] == ["/lines/0/units"]
    assert client.get("/v1/orders/Q-1").status_code == 404


def test_numbers_that_json_has_not_are_refused_where_no_type_would(client: TestClient) -> None:
    body = json.dumps(order_body("Q-2"))[:-1].encode() + b', "promise": null, "tags": [], "channel": "", "x": NaN}'
    assert send(client, body).status_code == 422
    assert send(client, raw("Q-2", "1" + "0" * 5_000)).json()["code"] == "malformed_body"


# --- F53: sums ---------------------------------------------------------------------------------------------------------


def test_sums_of_large_numbers_do_not_overflow(client: TestClient) -> None:
    lines = [
        {"id": str(n), "sku": order_body()["lines"][0]["sku"], "units": 10**9, "price_cents": 10**12}
        for n in range(1_000)
    ]
    reply = client.post("/v1/route", json=order_body("BIG", lines=lines))
    assert reply.status_code == 200
    assert reply.json()["outcome"] == "unserved"
    assert client.get("/v1/queue?everything=true").json()["items"][0]["value_cents"] == 1_000 * 10**9 * 10**12
    assert client.post("/v1/route", json=order_body("B2", shipping_paid_cents=10**12 + 1)).status_code == 422


# --- F54: text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a\\u0000b", "\\ud800", "\\udc00x", "\\u0085", "\\n", " a", "a ", "\\u00a0a", ""])
def test_names_hold_nothing_hidden(client: TestClient, name: str) -> None:
    body = json.dumps(order_body("NAME")).replace("NAME", name).encode()
    refused = send(client, body)
    assert refused.status_code in {400, 422}
    assert refused.json()["code"] in {"malformed_body", "invalid_request"}


def test_a_name_of_a_megabyte_is_too_long(client: TestClient) -> None:
    assert client.post("/v1/route", json=order_body("a" * 201)).status_code == 422
    assert client.post("/v1/route", json=order_body("a" * LARGEST_BODY)).status_code == 413


def test_the_two_spellings_of_one_letter_are_one_name(client: TestClient) -> None:
    composed, decomposed = "Caf\u00e9", "Cafe\u0301"
    first = client.post("/v1/route", json=order_body(composed))
    again = client.post("/v1/route", json=order_body(decomposed))
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"


def test_text_that_looks_like_another_is_another_and_comes_back_as_it_was(client: TestClient) -> None:
    for name in (
        "SKU-А",
        "\u202eSKU",
        "<script>alert(1)</script>",
        "'; DROP TABLE orders; --",
        "=1+1",
        "%s %n {0}",
        "😀",
    ):
        assert client.post("/v1/route", json=order_body(name)).status_code == 200
        assert client.get("/v1/cases", params={"about": f"order:{name}"}).status_code == 200
    found = client.post("/v1/route", json=order_body("X", ship_to={"postal_code": "' OR 1=1 --"}))
    assert found.json()["outcome"] == "unserved"


def test_bytes_that_are_no_utf8_are_no_json(client: TestClient) -> None:
    for body in (
        b"\xff\xfe{}",
        b'{"id": "\xc3\x28"}',
        b'\xef\xbb\xbf{"id": "x"}',
        b"\x00",
        b"{",
        b"",
        b" ",
        b"'",
        b"{}{}",
    ):
        assert send(client, body).json()["code"] in {"malformed_body", "invalid_request"}


# --- F59: size ---------------------------------------------------------------------------------------------------------


def test_deep_json_is_refused(client: TestClient) -> None:
    for depth in (201, 10_000, 400_000):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            body = (opening * depth + b"1" + closing * depth)[: LARGEST_BODY - 1]
            refused = send(client, body)
            assert (refused.status_code, refused.json()["code"]) == (400, "malformed_body")
    within = json.dumps(order_body("D-1"))[:-1] + ', "x": ' + "[" * 150 + "]" * 150 + "}"
    assert send(client, within.encode()).json()["errors"][0]["pointer"] == "/x"
    quoted = json.dumps(order_body("D-2", channel="[{" * 90)).encode()
    assert send(client, quoted).status_code == 200, "brackets in a text are no depth"


def test_an_order_of_fifty_thousand_lines_is_refused_whatever_its_size(client: TestClient) -> None:
    lines = [{"id": str(n), "sku": "A", "units": 1} for n in range(50_000)]
    whole = json.dumps(order_body("L", lines=lines)).encode()
    assert len(whole) > LARGEST_BODY
    assert send(client, whole).status_code == 413
    short = json.dumps(order_body("L", lines=[{}] * 50_000), separators=(",", ":")).encode()
    assert len(short) < LARGEST_BODY
    assert send(client, short).status_code == 422


async def drive(
    app: FastAPI, headers: list[tuple[bytes, bytes]], parts: AsyncIterator[bytes]
) -> tuple[int, bytes, int]:
    """One request over ASGI: status, body, and how many bytes of its body were taken."""
    taken, sent = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        async for part in parts:
            taken += len(part)
            return {"type": "http.request", "body": part, "more_body": True}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": "/v1/route",
        "raw_path": b"/v1/route", "query_string": b"", "root_path": "", "scheme": "http", "server": ("x", 1),
        "client": ("127.0.0.1", 2), "headers": [(b"content-type", b"application/json"), *headers],
    }  # fmt: skip
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:]), taken


@pytest.fixture
def app(service: Service) -> FastAPI:
    service.company.look()
    return create_app(service)


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(50_000)


def test_a_body_that_says_it_is_too_large_is_refused_unread(app: FastAPI) -> None:
    for declared in (b"1000001", b"10485760", b"9" * 30):
        status, body, taken = anyio.run(drive, app, [(b"content-length", declared)], endless())
        assert (status, json.loads(body)["code"], taken) == (413, "too_large", 0)
    for nonsense in (b"-1", b"0x10", b"1e3", "٣".encode()):
        status, body, taken = anyio.run(drive, app, [(b"content-length", nonsense)], endless())
        assert (status, json.loads(body)["code"], taken) == (400, "malformed_body", 0)


def test_a_body_without_an_end_costs_no_more_memory_than_its_limit(app: FastAPI) -> None:
    anyio.run(drive, app, [], endless())
    tracemalloc.start()
    status, body, taken = anyio.run(drive, app, [], endless())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (status, json.loads(body)["code"]) == (413, "too_large")
    assert taken <= LARGEST_BODY + 50_000
    assert most < 4 * LARGEST_BODY


def test_a_connection_that_ends_in_the_middle_changes_nothing(app: FastAPI) -> None:
    async def gone() -> tuple[int, bytes]:
        sent: list[Any] = []
        messages = iter([
            {"type": "http.request", "body": json.dumps(order_body("GONE")).encode(), "more_body": True},
            {"type": "http.disconnect"},
        ])  # fmt: skip

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "POST", "path": "/v1/route", "raw_path": b"/v1/route", "query_string": b"",
            "root_path": "", "scheme": "http", "headers": [(b"content-type", b"application/json")],
        }  # fmt: skip
        await app(scope, receive, send)
        return sent[0]["status"], sent[1]["body"]

    status, body = anyio.run(gone)
    assert (status, json.loads(body)["code"]) == (400, "malformed_body")
    with TestClient(app) as client:
        assert client.get("/v1/orders/GONE").status_code == 404


# --- F64 and what is ambiguous -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", ["role", "tenant_id", "approved", "decision", "by", "now", "__proto__", "cost_cents"])
def test_no_field_is_taken_that_nobody_asked_for(client: TestClient, extra: str) -> None:
    refused = client.post("/v1/route", json=order_body("M-1") | {extra: "admin"})
    assert [place["pointer"] for place in refused.json()["errors"]] == [f"/{extra}"]
    line = order_body()["lines"][0] | {extra: 1}
    refused = client.post("/v1/route", json=order_body("M-1", lines=[line]))
    assert [place["pointer"] for place in refused.json()["errors"]] == [f"/lines/0/{extra}"]
    assert client.get("/v1/orders/M-1").status_code == 404


def test_a_key_said_twice_is_ambiguous_and_refused(client: TestClient) -> None:
    twice = json.dumps(order_body("K-1"))[:-1] + ', "id": "K-2"}'
    refused = send(client, twice.encode())
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_body")
    assert "'id' twice" in refused.json()["detail"]
    deep = json.dumps(order_body("K-1")).replace('"units": 1', '"units": 1, "units": 2')
    assert "'units' twice" in send(client, deep.encode()).json()["detail"]
    escaped = json.dumps(order_body("K-1"))[:-1] + ', "\\u0069d": "K-2"}'
    assert send(client, escaped.encode()).status_code == 400
    for name in ("K-1", "K-2"):
        assert client.get(f"/v1/orders/{name}").status_code == 404


def test_a_secret_in_a_wrong_place_is_not_repeated(client: TestClient) -> None:
    refused = client.post("/v1/route", json=order_body(placed_at="sk_live_canary", tags=[{"canary": 1}]))
    assert refused.status_code == 422
    assert "sk_live_canary" not in refused.text
