"""`Idempotency-Key`: the effect once, the same answer for ever, across threads and restarts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.conftest import made, order_body

from evenstock.operations.ports import Store
from evenstock.service.app import create_app
from evenstock.storage import open_store

TEXTS = "/v1/rules/versions"


@pytest.fixture
def over(store: Store, tmp_path: Path) -> Iterator[TestClient]:
    """The service over each kind of store in turn."""
    with TestClient(create_app(made(store, tmp_path)), raise_server_exceptions=False) as opened:
        yield opened


def keyed(client: TestClient, path: str, key: str, body: dict[str, Any]) -> Any:
    return client.post(path, json=body, headers={"idempotency-key": key})


def test_the_same_key_gives_the_same_bytes_and_another_body_a_conflict(over: TestClient) -> None:
    first = keyed(over, "/v1/route", "k-1", order_body())
    again = keyed(over, "/v1/route", "k-1", order_body())
    assert first.status_code == 200, first.text
    assert (again.status_code, again.content) == (200, first.content)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    other = keyed(over, "/v1/route", "k-1", order_body("OTHER"))
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert over.get("/v1/orders/OTHER").status_code == 404
    assert keyed(over, "/v1/route?shadow=true", "k-1", order_body()).status_code == 409, "the query is of the request"
    elsewhere = keyed(over, "/v1/orders/T-1/cancellations", "k-1", {"id": "C"})
    assert elsewhere.status_code == 200, "a key is of one address"


def test_the_same_json_written_otherwise_is_the_same_request(client: TestClient) -> None:
    first = keyed(client, "/v1/route", "k", order_body())
    body = {name: order_body()[name] for name in reversed(order_body())} | {"channel": ""}
    assert keyed(client, "/v1/route", "k", body).content == first.content


def test_what_fails_leaves_its_key_unused_and_no_trace(over: TestClient) -> None:
    refused = keyed(over, "/v1/orders/T-1/cancellations", "k", {"id": "C"})
    assert refused.status_code == 404
    over.post("/v1/route", json=order_body())
    done = keyed(over, "/v1/orders/T-1/cancellations", "k", {"id": "C"})
    assert done.status_code == 200
    assert not done.json()["repeated"]


def test_a_created_thing_is_created_once_and_its_place_told_again(client: TestClient) -> None:
    words = client.get("/v1/rules").json()["text"]
    first = keyed(client, TEXTS, "k", {"text": words, "because": "x"})
    again = keyed(client, TEXTS, "k", {"text": words, "because": "x"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["location"] == first.headers["location"]
    assert again.content == first.content


@pytest.mark.parametrize("key", ["", "a b", "a" * 256, "é"])
def test_a_key_is_of_signs_that_can_be_seen(client: TestClient, key: str) -> None:
    headers = {"idempotency-key": key.encode("latin-1")}
    refused = client.post("/v1/route", json=order_body(), headers=headers)  # type: ignore[arg-type]
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "header Idempotency-Key"


def together(client: TestClient, count: int, send: Any) -> list[Any]:
    """What `count` threads get that begin at the same moment."""
    ready, replies = threading.Barrier(count), [None] * count

    def work(n: int) -> None:
        ready.wait()
        replies[n] = send(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


def test_sixteen_at_once_under_one_key_have_one_effect_and_the_same_bytes(postgres: Store, tmp_path: Path) -> None:
    with TestClient(create_app(made(postgres, tmp_path))) as client:
        for round_ in range(4):
            body = order_body(f"R-{round_}")
            replies = together(client, 16, lambda _, body=body, n=round_: keyed(client, "/v1/route", f"k-{n}", body))
            assert {reply.status_code for reply in replies} == {200}
            assert len({reply.content for reply in replies}) == 1
            assert sum("idempotent-replayed" not in reply.headers for reply in replies) == 1
            assert len(client.get(f"/v1/orders/R-{round_}/reservations").json()["items"]) == 1


def test_sixteen_at_once_without_a_key_have_one_effect_by_the_orders_id(postgres: Store, tmp_path: Path) -> None:
    with TestClient(create_app(made(postgres, tmp_path))) as client:
        replies = together(client, 16, lambda _: client.post("/v1/route", json=order_body()))
        assert {reply.status_code for reply in replies} == {200}
        assert len({reply.content for reply in replies}) == 1
        assert len(client.get("/v1/orders/T-1/reservations").json()["items"]) == 1


def test_one_key_with_two_contents_at_once_has_the_effect_of_one(postgres: Store, tmp_path: Path) -> None:
    with TestClient(create_app(made(postgres, tmp_path))) as client:
        replies = together(client, 16, lambda n: keyed(client, "/v1/route", "k", order_body(f"X-{n % 2}")))
        done = {reply.json()["order"] for reply in replies if reply.status_code == 200}
        assert len(done) == 1
        assert {r.json()["code"] for r in replies if r.status_code != 200} == {"idempotency_key_reused"}
        assert [client.get(f"/v1/orders/X-{n}").status_code for n in (0, 1)].count(200) == 1


def test_an_answer_outlives_the_process(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path / 'books.db'}"
    with TestClient(create_app(made(open_store(place), tmp_path))) as client:
        first = keyed(client, "/v1/route", "k", order_body())
    reopened = open_store(place)
    with TestClient(create_app(made(reopened, tmp_path))) as client:
        again = keyed(client, "/v1/route", "k", order_body())
        assert again.content == first.content
        assert again.headers["idempotent-replayed"] == "true"
        assert keyed(client, "/v1/route", "k", order_body("OTHER")).status_code == 409
    reopened.close()
