"""What every address does the same: media types, methods, limits, names of requests, errors as problems."""

from __future__ import annotations

import json
import logging
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import Message
from tests.service.conftest import order_body

from evenstock.service.admission import Load
from evenstock.service.app import create_app
from evenstock.service.context import Service
from evenstock.service.guard import GuardedRoute, open_to_all
from evenstock.service.http.dispatch import Dispatch
from evenstock.service.http.reading import SizedRequest
from evenstock.service.http.replies import said
from evenstock.service.http.strict import Name, Strict

JSON = {"content-type": "application/json"}


def problem(reply: Any, status: int, code: str) -> dict[str, Any]:
    """The body of an error, after what must be true of each."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = reply.json()
    assert (found["code"], found["status"], found["type"]) == (code, status, f"urn:evenstock:problem:{code}")
    assert found["detail"]
    assert found["hint"]
    return found


def test_every_answer_names_its_request_and_may_not_be_framed_or_kept(client: TestClient) -> None:
    for reply in (client.get("/v1/orders/none"), client.get("/nowhere"), client.get("/v1/roll-out")):
        assert len(reply.headers["x-request-id"]) == 16
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    assert client.get("/v1/roll-out", headers={"x-request-id": "mine-7"}).headers["x-request-id"] == "mine-7"
    forged = client.get("/v1/roll-out", headers={"x-request-id": "two words"}).headers["x-request-id"]
    assert forged != "two words"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/merge-patch+json", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/json; charset=utf-16", 415),
        ("", 415),
    ],
)
def test_a_body_says_that_it_is_json(client: TestClient, kind: str, status: int) -> None:
    reply = client.post("/v1/route", content=json.dumps(order_body()), headers={"content-type": kind})
    assert reply.status_code == status
    if status == 415:
        problem(reply, 415, "unsupported_media_type")


def test_a_compressed_body_is_not_taken(client: TestClient) -> None:
    reply = client.post("/v1/route", content=b"\x1f\x8b", headers=JSON | {"content-encoding": "gzip"})
    problem(reply, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/*", 200),
        ("text/html, application/json;q=0.1", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("application/json;q=0, */*;q=0.5", 406),
    ],
)
def test_an_answer_is_of_a_kind_that_the_caller_takes(client: TestClient, accept: str, status: int) -> None:
    assert client.get("/v1/roll-out", headers={"accept": accept}).status_code == status
    reply = client.post("/v1/route", json=order_body(), headers={"accept": accept})
    assert reply.status_code == status


def test_what_is_not_acceptable_has_no_effect(client: TestClient) -> None:
    problem(client.post("/v1/route", json=order_body("N-1"), headers={"accept": "text/html"}), 406, "not_acceptable")
    problem(client.get("/v1/orders/N-1"), 404, "not_found")


def test_methods(client: TestClient) -> None:
    refused = client.delete("/v1/roll-out")
    problem(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS, PUT"
    asked = client.options("/v1/roll-out")
    assert (asked.status_code, asked.headers["allow"], asked.content) == (204, "GET, HEAD, OPTIONS, PUT", b"")
    problem(client.request("BREW", "/v1/route"), 405, "method_not_allowed")
    problem(client.get("/v1/nothing-here"), 404, "no_such_route")
    problem(client.get("/v1/orders/"), 404, "no_such_route")
    problem(client.get("/outside"), 404, "no_such_route")


def test_head_tells_what_get_would(client: TestClient) -> None:
    whole, head = client.get("/v1/roll-out"), client.head("/v1/roll-out")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["etag"] == whole.headers["etag"]
    assert head.headers["content-length"] == str(len(whole.content))


def test_what_is_known_already_is_not_sent_again(client: TestClient) -> None:
    tag = client.get("/v1/roll-out").headers["etag"]
    for said_of in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get("/v1/roll-out", headers={"if-none-match": said_of})
        assert (again.status_code, again.content) == (304, b"")
    assert client.get("/v1/roll-out", headers={"if-none-match": '"other"'}).status_code == 200


def test_parameters_nobody_knows_or_said_twice_are_refused(client: TestClient) -> None:
    found = problem(client.get("/v1/decisions?limti=5"), 422, "invalid_request")
    assert found["errors"] == [
        {"pointer": "query limti", "because": "no such parameter; there is cursor, limit"},
    ]
    found = problem(client.get("/v1/decisions?limit=5&limit=6"), 422, "invalid_request")
    assert found["errors"][0]["pointer"] == "query limit"
    for wrong in ("0", "1001", "5.5", "1e2", "true", "", "%00", "٥x"):
        found = problem(client.get(f"/v1/decisions?limit={wrong}"), 422, "invalid_request")
        assert [place["pointer"] for place in found["errors"]] == ["query limit"]
    problem(client.get("/v1/decisions?cursor=AAAA"), 404, "not_found")


def test_an_id_may_hold_any_character_that_can_be_seen(client: TestClient) -> None:
    strange = "A/1 é?#%2F"
    assert client.post("/v1/route", json=order_body(strange)).status_code == 200
    found = client.get("/v1/orders/A%2F1%20%C3%A9%3F%23%252F")
    assert found.json()["id"] == strange
    decomposed = client.get("/v1/orders/A%2F1%20e%CC%81%3F%23%252F")
    assert decomposed.json()["id"] == strange, "NFD in the address is the same id"


@pytest.mark.parametrize("hidden", ["%00", "a%00b", "%1B[31m", "%C2%85", "%FF", "%ED%A0%80"])
def test_an_address_with_hidden_characters_is_refused(client: TestClient, hidden: str) -> None:
    found = problem(client.get(f"/v1/orders/{hidden}"), 422, "invalid_request")
    assert found["errors"][0]["pointer"] == "path order"


def test_addresses_and_headers_have_limits(client: TestClient) -> None:
    problem(client.get("/v1/orders/" + 9_000 * "a"), 414, "address_too_long")
    problem(client.get("/v1/decisions?cursor=" + 9_000 * "a"), 414, "address_too_long")
    problem(client.get("/v1/roll-out", headers={"x-long": 40_000 * "a"}), 431, "headers_too_large")


class EchoBody(Strict):
    name: Name


def strange_routes() -> list[GuardedRoute]:
    router = APIRouter(tags=["strange"], route_class=GuardedRoute)

    @router.post("/fails")
    @open_to_all(Load.CONSOLE)
    def fails(body: EchoBody) -> Response:
        raise RecursionError(f"secret of {body.name}")

    @router.post("/echo")
    @open_to_all(Load.CONSOLE)
    async def echo(request: Request, body: EchoBody) -> Response:
        return said({"name": body.name, "bytes": len(await request.body())})

    return [route for route in router.routes if isinstance(route, GuardedRoute)]


def test_an_error_nobody_foresaw_says_nothing_of_itself_and_is_logged(
    service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenstock.service.app.resources", strange_routes)
    with (
        TestClient(create_app(service), raise_server_exceptions=False) as client,
        caplog.at_level(logging.ERROR, "evenstock.service"),
    ):
        reply = client.post("/v1/fails", json={"name": "canary"}, headers={"x-request-id": "find-me"})
        found = problem(reply, 500, "internal")
        assert "canary" not in reply.text
        assert "find-me" in found["detail"]
        assert client.post("/v1/echo", json={"name": "e\u0301"}).json() == {"name": "é", "bytes": 14}
    assert any("find-me" in record.getMessage() and record.exc_info for record in caplog.records)


def test_an_error_outside_every_route_is_answered_as_one_and_handed_on(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even what breaks before a route is found has an id, safe headers and a count."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a canary")

    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        with monkeypatch.context() as patched:
            patched.setattr(Dispatch, "_find", broken)
            reply = client.get("/v1/decisions", headers={"x-request-id": "find-me"})
        assert "canary" not in reply.text
        assert "find-me" in problem(reply, 500, "internal")["detail"]
        assert (reply.headers["x-request-id"], reply.headers["x-content-type-options"]) == ("find-me", "nosniff")
        assert "evenstock_unforeseen_errors_total 1.0" in client.get("/v1/metrics").text
    monkeypatch.setattr(Dispatch, "_find", broken)
    with TestClient(create_app(service)) as strict, pytest.raises(ZeroDivisionError):
        strict.get("/v1/decisions")


def test_headers_are_found_by_name_and_the_first_of_several_counts() -> None:
    sent = [(b"accept", b"a"), (b"x-one", b"\xe9"), (b"accept", b"b")]
    found = SizedRequest({"type": "http", "headers": sent}, nothing_comes).headers
    assert (found["Accept"], found.get("ACCEPT"), found.getlist("accept")) == ("a", "a", ["a", "b"])
    assert (found.get("X-One"), found.get("x-two"), found.get("x-two", "-"), found.getlist("x-two")) == (
        "é",
        None,
        "-",
        [],
    )
    assert ("x-one" in found, "x-two" in found, len(found)) == (True, False, 3)
    with pytest.raises(KeyError):
        found["x-two"]


async def nothing_comes() -> Message:  # pragma: no cover
    return {"type": "http.disconnect"}


def test_what_a_caller_leaves_out_is_fresh_each_time(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that one request's handler grew is not the next one's default."""
    router = APIRouter(tags=["strange"], route_class=GuardedRoute)

    @router.get("/grown")
    @open_to_all(Load.CONSOLE)
    def grown(
        names: Annotated[list[str], Query(default_factory=list)],
        limit: Annotated[int, Query()] = 7,
        x_note: Annotated[str, Header()] = "none",
    ) -> Response:
        names.append("one more")
        return said([names, limit, x_note])

    monkeypatch.setattr("evenstock.service.app.resources", lambda: list(router.routes))
    with TestClient(create_app(service)) as client:
        assert client.get("/v1/grown").json() == [["one more"], 7, "none"]
        assert client.get("/v1/grown").json() == [["one more"], 7, "none"]
        said_so = client.get("/v1/grown?names=a&limit=2", headers={"x-note": "b"})
        assert said_so.json() == [["a", "one more"], 2, "b"]
        assert client.get("/v1/grown?limit=2").json() == [["one more"], 2, "none"]


def test_a_route_that_nobody_guards_cannot_be_mounted() -> None:
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(TypeError, match="neither who may use it nor its class of load"):

        @router.get("/open")
        def unguarded() -> Response:  # pragma: no cover
            return said({})


def inner(name: str) -> str:  # pragma: no cover
    return name


def test_a_handler_asks_for_nothing_that_is_not_served() -> None:
    router = APIRouter(route_class=GuardedRoute)

    with pytest.raises(TypeError, match="depends on the request alone"):

        @router.get("/deep")
        @open_to_all(Load.CONSOLE)
        def deep(found: Annotated[str, Depends(inner)]) -> Response:  # pragma: no cover
            return said(found)


def test_an_address_is_mounted_once() -> None:
    routes = strange_routes()
    with pytest.raises(TypeError, match="mounted twice"):
        Dispatch([*routes, routes[0]])
