"""The API for whoever answers for personal data: an administrator who is signed in, and nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.routing.brand import NOW, order
from tests.service.access_world import World, bearer, sign_in

from evenstock.operations.ports import Handling, Received
from evenstock.operations.standing import cancel_units

EMAIL = "canary@example.org"
HERE = "/v1/personal-data/orders/A-1"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, network=True)
    kept = order(("MUG", 1), name="A-1")
    body = b'{"data":{"customer":{"email":"canary@example.org"}}}'
    with made.store.transaction() as books:
        books.put_order(kept)
        cancel_units(books, kept.id, {line.id: line.units for line in kept.lines}, "the customer gave up", NOW)
        books.receive([Received("shop", "E-1", "order.created", "order:A-1", NOW, body)], NOW)
        (event,) = books.claim_received(NOW, 1)
        books.handled(event, Handling.DONE, NOW)
    made.person("ana@example.com", "admin")
    made.person("au@example.com", "auditor", "planner", "policy_admin")
    return made


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with world.client() as opened:
        yield opened


def test_an_administrator_searches_exports_holds_and_forgets(client: TestClient) -> None:
    headers = sign_in(client, "ana@example.com")
    found = client.post("/v1/personal-data/searches", json={"text": EMAIL}, headers=headers)
    assert found.json() == {"orders": ["A-1"], "events": []}
    assert EMAIL not in client.get(HERE, headers=headers).text
    told = client.get(f"{HERE}/export", headers=headers).json()
    assert told["books"]["received event"][0]["content"]["data"]["customer"]["email"] == EMAIL
    assert client.put(f"{HERE}/hold", json={"because": "case 4711"}, headers=headers).json()["state"] == "on"
    refused = client.post(f"{HERE}/erasures", json={"because": "asked"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert client.delete(f"{HERE}/hold", headers=headers).json()["state"] == "lifted"
    assert client.delete(f"{HERE}/hold", headers=headers).status_code == 404
    done = client.post(f"{HERE}/erasures", json={"because": "asked"}, headers=headers)
    assert done.status_code == 200, done.text
    assert done.json()["by"] == "person:ana@example.com"
    after = client.get(f"{HERE}/export", headers=headers)
    assert EMAIL not in after.text
    assert after.json()["erased"]["digest"] == done.json()["digest"]
    assert client.get("/v1/personal-data/orders/X-9", headers=headers).status_code == 404


def test_rules_of_countries_are_set_and_hold(client: TestClient) -> None:
    headers = sign_in(client, "ana@example.com")
    rule = {"orders_days": 400, "only_in": "EU", "because": "our notice"}
    assert client.put("/v1/personal-data/rules/US", json=rule, headers=headers).json()["orders_days"] == 400
    assert client.put("/v1/personal-data/rules/US", json={}, headers=headers).status_code == 422
    assert client.put("/v1/personal-data/place", json={"name": "US"}, headers=headers).json()["broken"]
    refused = client.get(f"{HERE}/export", headers=headers)
    assert refused.json()["code"] == "refused"
    assert "must stay in EU" in refused.json()["detail"]
    assert client.get(f"{HERE}/export?to=EU", headers=headers).status_code == 200
    assert client.delete("/v1/personal-data/rules/US", headers=headers).json()["rules"] == []


def test_neither_an_auditor_nor_a_key_sees_personal_data(client: TestClient, world: World) -> None:
    key = bearer(world.key("admin"))
    assert client.get(HERE, headers=key).status_code == 403
    headers = sign_in(client, "au@example.com")
    for path in (HERE, f"{HERE}/export", "/v1/personal-data/rules"):
        assert client.get(path, headers=headers).status_code == 403
