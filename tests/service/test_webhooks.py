"""Others are told over HTTP: signed by the specification, checked here by a reckoning of its own."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.conftest import NOW, order_body
from tests.service.sending import KEY, SEALING, WHSEC, hmac64, standing

from evenstock.operations.outbound.deliveries import WAITS, fan_out
from evenstock.service.app import create_app
from evenstock.service.configuration import Configuration, Secret
from evenstock.service.context import Service
from evenstock.service.egress import Answer, Egress, FailedDelivery
from evenstock.service.events.outgoing.sending import Sender, Sent
from evenstock.service.events.signatures import standard_webhooks
from evenstock.service.events.taking import vault_of
from evenstock.storage import open_store


class Receiver:
    """A receiver that remembers what it was sent."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.got: list[tuple[str, bytes, dict[str, str]]] = []

    def post(self, url: str, body: bytes, headers: Any) -> Answer:
        self.got.append((url, body, dict(headers)))
        status = self._statuses.pop(0) if self._statuses else 204
        if not status:
            raise FailedDelivery("nobody listens")
        return Answer(status, b"", 0.012)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    store = open_store("memory:")
    yield standing(store, tmp_path)
    store.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), raise_server_exceptions=False) as opened:
        yield opened


def hook(client: TestClient, **body: Any) -> dict[str, Any]:
    reply = client.post("/v1/webhooks", json={"id": "erp", "url": "https://erp.example.com/hook", **body})
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def sent(service: Service, out: Any, clock: Callable[[], Any] | None = None) -> Sent:
    fan_out(service.store, service.clock())
    return Sender(service.store, out, lambda: vault_of(service), clock or service.clock).send_due()


def quiet(service: Service) -> None:
    """Forget what the import told."""
    fan_out(service.store, NOW)


def right(body: bytes, headers: dict[str, str], key: str = KEY) -> bool:
    """As a receiver checks it who has read the specification and not our code."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + hmac64(base64.b64decode(key), content)
    return expected in headers["webhook-signature"].split(" ")


def test_a_fact_is_told_as_a_signed_cloudevent(client: TestClient, service: Service) -> None:
    quiet(service)
    made = hook(client, kinds=["OrderRouted"], secret=WHSEC)
    assert made["secret"] is None
    client.post("/v1/route", json=order_body())
    receiver = Receiver()
    assert sent(service, receiver) == Sent(1, 0)
    ((url, body, headers),) = receiver.got
    event = json.loads(body)
    assert url == "https://erp.example.com/hook"
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert right(body, headers)
    assert not right(body + b" ", headers)
    assert (event["specversion"], event["type"], event["subject"]) == ("1.0", "evenstock.OrderRouted", "order:T-1")
    assert (event["sequence"], event["partitionkey"]) == ("000000000001", "order:T-1")
    assert event["data"]
    assert sent(service, receiver) == Sent(0, 0)


def test_our_own_verifier_takes_what_we_send(client: TestClient, service: Service) -> None:
    quiet(service)
    hook(client, secret=WHSEC)
    client.post("/v1/webhooks/erp/tests")
    receiver = Receiver()
    sent(service, receiver)
    ((_, body, headers),) = receiver.got
    signed = standard_webhooks.verify([standard_webhooks.key(WHSEC, {})], headers, body, {}, NOW)
    assert signed.id == headers["webhook-id"]
    assert json.loads(body)["type"] == "evenstock.WebhookTested"


def test_one_that_fails_is_sent_again_with_the_same_id_and_body(client: TestClient, service: Service) -> None:
    quiet(service)
    hook(client, secret=WHSEC)
    client.post("/v1/webhooks/erp/tests")
    receiver = Receiver(500, 0, 302)
    now = [NOW]
    for wait in (*WAITS[:3], timedelta()):
        sent(service, receiver, lambda: now[0])
        now[0] += wait
    ids, bodies = {h["webhook-id"] for _, _, h in receiver.got}, {b for _, b, _ in receiver.got}
    assert (len(receiver.got), len(ids), len(bodies)) == (4, 1, 1)
    assert len({h["webhook-timestamp"] for _, _, h in receiver.got}) == 4, "each try is signed at its own time"
    (done,) = client.get("/v1/webhook-deliveries?which=delivered").json()["items"]
    whole = client.get(f"/v1/webhook-deliveries/{done['id'].replace('|', '%7C')}").json()
    assert [answer["status"] for answer in whole["answers"]] == [500, 0, 302, 204]
    assert whole["answers"][1]["because"] == "nobody listens"


def test_while_a_secret_changes_deliveries_carry_both_signatures(client: TestClient, service: Service) -> None:
    quiet(service)
    hook(client, secret=WHSEC)
    fresh = client.post("/v1/webhooks/erp/secrets", json={}).json()
    new = fresh["secret"].removeprefix("whsec_")
    client.post("/v1/webhooks/erp/tests")
    receiver = Receiver()
    sent(service, receiver)
    ((_, body, headers),) = receiver.got
    assert right(body, headers, KEY)
    assert right(body, headers, new)
    service.clock = lambda: NOW + timedelta(days=1)
    client.post("/v1/webhooks/erp/tests")
    sent(service, receiver)
    _, body, headers = receiver.got[-1]
    assert right(body, headers, new)
    assert not right(body, headers, KEY)


def test_a_gone_receiver_is_told_no_more_until_somebody_enables_it(client: TestClient, service: Service) -> None:
    quiet(service)
    hook(client)
    client.post("/v1/webhooks/erp/tests")
    receiver = Receiver(410)
    sent(service, receiver)
    shown = client.get("/v1/webhooks/erp")
    assert (shown.json()["state"], shown.json()["because"]) == ("disabled", "the receiver answered 410 Gone")
    service.clock = lambda: NOW + timedelta(hours=1)
    assert sent(service, receiver) == Sent(0, 0)
    again = client.patch("/v1/webhooks/erp", json={"active": True}, headers={"If-Match": shown.headers["etag"]})
    assert again.json()["state"] == "active"
    assert sent(service, receiver).taken == 1


def test_an_ended_delivery_is_resent_on_request(client: TestClient, service: Service) -> None:
    quiet(service)
    hook(client)
    client.post("/v1/webhooks/erp/tests")
    receiver = Receiver()
    sent(service, receiver)
    (done,) = client.get("/v1/webhook-deliveries?which=delivered&webhook=erp").json()["items"]
    again = client.post(f"/v1/webhook-deliveries/{done['id'].replace('|', '%7C')}/resend")
    assert again.status_code == 202, again.text
    assert sent(service, receiver).taken == 1
    assert receiver.got[0][1] == receiver.got[1][1]
    assert client.post("/v1/webhook-deliveries/nothing/resend").status_code == 404


def test_no_secret_of_a_webhook_is_shown_again_or_kept_in_the_open(client: TestClient, service: Service) -> None:
    made = hook(client)
    bare = made["secret"].removeprefix("whsec_")
    with service.store.reading() as books:
        kept = repr(books.entries("subscription"))
    assert bare not in client.get("/v1/webhooks").text + client.get("/v1/webhooks/erp").text + kept


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"url": "http://erp.example.com/hook"}, "/url"),
        ({"url": "ftp://erp.example.com"}, "/url"),
        ({"url": "https://ana:pw@erp.example.com"}, "/url"),
        ({"url": "https:///x-nowhere"}, "/url"),
        ({"secret": "whsec_notbase64!!!!"}, "/secret"),
        ({"kinds": []}, "/kinds"),
        ({"kinds": ["a b"]}, "/kinds/0"),
        ({"id": "a|b"}, "/id"),
        ({"state": "active"}, "/state"),
    ],
)
def test_a_webhook_that_cannot_be_used_is_refused(client: TestClient, change: dict[str, Any], pointer: str) -> None:
    refused = client.post("/v1/webhooks", json={"id": "erp", "url": "https://erp.example.com/hook", **change})
    assert refused.status_code == 422
    assert [place["pointer"] for place in refused.json()["errors"]] == [pointer]


def test_without_a_key_to_seal_with_no_secret_is_taken(client: TestClient, service: Service) -> None:
    service.configuration = Configuration()
    refused = client.post("/v1/webhooks", json={"id": "erp", "url": "https://erp.example.com/hook"})
    assert refused.json()["code"] == "refused"
    assert "EVENSTOCK_SECRETS_KEY is not set" in refused.json()["detail"]


def test_a_secret_sealed_under_a_lost_key_fails_its_deliveries_and_says_so(
    client: TestClient, service: Service
) -> None:
    quiet(service)
    hook(client)
    client.post("/v1/webhooks/erp/tests")
    service.configuration = Configuration(secrets_key=Secret("t" * 40))
    receiver = Receiver()
    assert sent(service, receiver) == Sent(0, 1)
    assert receiver.got == []
    (waiting,) = client.get("/v1/webhook-deliveries").json()["items"]
    whole = client.get(f"/v1/webhook-deliveries/{waiting['id'].replace('|', '%7C')}").json()
    assert "put that key back" in whole["answers"][0]["because"]


def test_it_is_told_over_real_sockets_and_never_inside_unless_that_is_allowed(
    client: TestClient, service: Service
) -> None:
    got: list[tuple[bytes, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((body, {k.lower(): v for k, v in self.headers.items()}))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        service.configuration = Configuration(secrets_key=SEALING.secrets_key, egress_private=True)
        quiet(service)
        hook(client, url=f"http://127.0.0.1:{server.server_port}/hook", secret=WHSEC)
        client.post("/v1/webhooks/erp/tests")
        assert sent(service, Egress()) == Sent(0, 1)
        assert got == []
        later = NOW + WAITS[0]
        assert sent(service, Egress(private=True), lambda: later) == Sent(1, 0)
        ((body, headers),) = got
        assert right(body, headers)
    finally:
        server.shutdown()
        server.server_close()
