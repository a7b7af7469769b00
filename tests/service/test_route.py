from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from tests.service.conftest import order_body


def test_an_order_is_routed_once(client: TestClient) -> None:
    first = client.post("/v1/route", json=order_body())
    again = client.post("/v1/route", json=order_body())

    assert first.status_code == again.status_code == 200
    assert first.json()["outcome"] == "executed"
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"


def test_another_order_under_the_same_id_is_a_conflict(client: TestClient) -> None:
    client.post("/v1/route", json=order_body())
    other = client.post("/v1/route", json=order_body(channel="web"))
    assert other.status_code == 409
    assert other.json()["code"] == "conflict"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": 1}, "/id"),
        ({"id": "a\0"}, "/id"),
        ({"unknown": 1}, "/unknown"),
        ({"placed_at": 5}, "/placed_at"),
        ({"placed_at": "1763596800"}, "/placed_at"),
        ({"promise": {"deliver_by": "0"}}, "/promise/deliver_by"),
        ({"placed_at": "2026-11-20T14:00:00"}, "/placed_at"),
        ({"lines": []}, "/lines"),
        ({"lines": [{"id": "1", "sku": "A", "units": False}]}, "/lines/0/units"),
        ({"lines": [{"id": "1", "sku": "A", "units": 1.0}]}, "/lines/0/units"),
        ({"lines": [{"id": "1", "sku": "A", "units": "1"}]}, "/lines/0/units"),
        ({"lines": [{"id": "1", "sku": "A", "units": 10**18}]}, "/lines/0/units"),
        ({"lines": [{"id": "1", "sku": "A", "units": 0}]}, "/lines/0/units"),
    ],
)
def test_nothing_is_taken_for_something_else(client: TestClient, change: dict[str, object], pointer: str) -> None:
    refused = client.post("/v1/route", json=order_body(**change))
    assert refused.status_code == 422
    assert [place["pointer"] for place in refused.json()["errors"]] == [pointer]
    assert refused.headers["content-type"] == "application/problem+json"
