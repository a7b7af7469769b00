"""Dead letters and held feeds over the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.service import sending
from tests.service.conftest import example
from tests.service.sending import BATCH, cloud, node, send, sku, source, standing, stored

from evenstock.operations.inbound.breaker import LEAST
from evenstock.operations.ports import Handling
from evenstock.service.app import create_app
from evenstock.service.context import Service
from evenstock.service.http.replies import cursor as cursor_of
from evenstock.storage import open_store


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    store = open_store("memory:")
    yield standing(store, tmp_path)
    store.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), raise_server_exceptions=False) as opened:
        yield opened


def _dead(client: TestClient, service: Service, several: int = 1) -> list[int]:
    source(client)
    for n in range(several):
        send(client, cloud(name=f"bad{n}", sku=sku(), node=node(), units="3"), {})
    sending.applied(service)
    return [letter["number"] for letter in client.get("/v1/dead-letters").json()["items"]]


def test_a_letter_is_read_replayed_once_and_dropped_with_a_reason(client: TestClient, service: Service) -> None:
    (number,) = _dead(client, service)
    letter = client.get(f"/v1/dead-letters/{number}").json()
    assert letter["because"] == "/data/units: a whole number is needed, not text"
    assert letter["body"]["data"]["units"] == "3"
    again = [client.post(f"/v1/dead-letters/{number}/replay", headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [reply.json() for reply in again] == [{"events": 1}] * 2
    assert again[1].headers["idempotent-replayed"] == "true"
    assert sending.applied(service).dead == 1
    assert client.post(f"/v1/dead-letters/{number}/drop", json={}).status_code == 422
    assert client.post(f"/v1/dead-letters/{number}/drop", json={"because": "not ours"}).json() == {"events": 1}
    for gone in (client.get(f"/v1/dead-letters/{number}"), client.post(f"/v1/dead-letters/{number}/replay")):
        assert gone.status_code == 404
    assert stored(service) == {Handling.DONE: 1}


def test_they_are_listed_in_pages_and_replayed_together(client: TestClient, service: Service) -> None:
    numbers = _dead(client, service, 5)
    found, cursor = [], ""
    while cursor is not None:
        page = client.get("/v1/dead-letters", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        found += [letter["number"] for letter in page["items"]]
        cursor = page["next"]
    assert found == numbers
    for strange in ("nonsense", cursor_of("T-1")):
        none = client.get("/v1/dead-letters", params={"cursor": strange})
        assert (none.status_code, none.json()["code"]) == (404, "not_found")
        assert none.json()["detail"].startswith("cursor")
    assert client.post("/v1/dead-letter-replays", json={"kind": "order.created"}).json() == {"events": 0}
    assert client.post("/v1/dead-letter-replays", json={"source": "wms"}).json() == {"events": 5}
    assert stored(service) == {Handling.WAITING: 5}


@pytest.mark.parametrize("answer", ["let_pass", "discard"])
def test_a_feed_of_zeros_is_held_until_a_person_answers(client: TestClient, service: Service, answer: str) -> None:
    source(client, breaker={"share_percent": 10, "least": 3})
    assert LEAST > 3
    with service.store.reading() as books:
        full = [b for b in books.balances(list(example()["items"]["sku"])) if b.node == node() and b.on_hand]
    zeros = [cloud(name=f"z{n}", sku=b.sku, node=node(), units=0, version=10**17) for n, b in enumerate(full)]
    assert len(zeros) >= 3
    send(client, zeros, {}, BATCH)
    assert sending.applied(service).dead == len(zeros)
    (held,) = client.get("/v1/held-feeds").json()["items"]
    assert (held["source"], held["node"], held["waiting"]) == ("wms", node(), len(zeros))
    reply = client.post(
        "/v1/held-feeds/wms", json={"node": node(), "answer": answer, "because": "the warehouse burned down"}
    )
    assert reply.json() == {"events": len(zeros)}
    assert sending.applied(service).done == (len(zeros) if answer == "let_pass" else 0)
    with service.store.reading() as books:
        left = sum(b.on_hand - b.shortfall for b in books.balances([b.sku for b in full]) if b.node == node())
    assert (left == 0) == (answer == "let_pass")
    again = client.post("/v1/held-feeds/wms", json={"node": node(), "answer": answer, "because": "again"})
    assert again.status_code == 409
    nowhere = client.post("/v1/held-feeds/wms", json={"node": "nowhere", "answer": answer, "because": "again"})
    assert nowhere.status_code == 404


def test_a_source_that_still_waits_is_not_removed(client: TestClient, service: Service) -> None:
    source(client)
    send(client, cloud(), {})
    assert client.delete("/v1/sources/wms").status_code == 409
    sending.applied(service)
    assert client.delete("/v1/sources/wms").status_code == 204
    assert client.get("/v1/sources/wms").status_code == 404
    assert send(client, cloud(), {}).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"scheme": "rot13"}, "/scheme"),
        ({"scheme": "generic", "options": {"colour": "red"}}, "/options"),
        ({"options": {"header": "x"}}, "/options"),
        ({"scheme": "shopify", "secret": "short"}, "/secret"),
        ({"secret": "a secret of sixteen bytes"}, "/secret"),
        ({"id": "a/b"}, "/id"),
    ],
)
def test_a_source_that_cannot_work_is_refused_with_its_place(
    client: TestClient, body: dict[str, object], pointer: str
) -> None:
    refused = client.post("/v1/sources", json={"id": "wms", **body})
    assert refused.status_code == 422
    assert [place["pointer"] for place in refused.json()["errors"]] == [pointer]
