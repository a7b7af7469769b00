"""Decisions over HTTP: pages, records, explanations, and replays that are byte for byte the same."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from tests.service.conftest import example, order_body


def test_pages_hold_every_decision_once_in_the_order_recorded(client: TestClient) -> None:
    names = [client.post("/v1/route", json=order_body(f"D-{n}")).json()["id"] for n in range(7)]
    found, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/decisions?limit=3{f'&cursor={cursor}' if cursor else ''}").json()
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert found == names


def test_a_record_is_given_byte_for_byte(client: TestClient) -> None:
    first = client.post("/v1/route", json=order_body())
    name = first.json()["id"]
    assert client.get(f"/v1/decisions/{name}").content == first.content
    assert client.get("/v1/orders/T-1/decision").content == first.content
    assert client.get("/v1/orders/T-1/decisions").content == b"[" + first.content + b"]"
    assert client.get("/v1/decisions/none").status_code == 404


def test_an_explanation_has_words_and_terms(client: TestClient) -> None:
    name = client.post("/v1/route", json=order_body()).json()["id"]
    found = client.get(f"/v1/decisions/{name}/explanation").json()
    assert found["decision"] == name
    assert any("decided by the" in sentence for sentence in found["sentences"])
    for option in found["options"]:
        assert sum(option["terms"].values()) == option["cents"]


def test_every_decision_replays_byte_for_byte_from_the_books(client: TestClient) -> None:
    skus = example()["items"]["sku"]
    names = []
    for n in range(12):
        lines = [{"id": str(k), "sku": skus[(n + k) % len(skus)], "units": 1 + n % 3} for k in range(1 + n % 3)]
        names.append(client.post("/v1/route", json=order_body(f"R-{n}", lines=lines)).json()["id"])
    reservation = client.get("/v1/orders/R-0/reservations").json()["items"][0]["id"]
    client.post(f"/v1/reservations/{reservation}/ship")
    client.post("/v1/orders/R-1/cancellations", json={"id": "C"})
    for name in names:
        found = client.post(f"/v1/decisions/{name}/replays").json()
        assert (found["comparable"], found["equal"], found["missing"]) == (True, True, []), (name, found)
        assert found["digest"] == found["digest_again"]


def test_what_replaced_the_rules_since_changes_nothing_of_a_replay(client: TestClient) -> None:
    name = client.post("/v1/route", json=order_body()).json()["id"]
    rules = client.get("/v1/rules").json()
    table = [
        {
            "id": r["id"],
            "kind": r["kind"],
            "parameters": dict(r["parameters"]),
            "hard": r["hard"],
            "because": r["because"],
        }
        for r in rules["rules"]
    ]
    table.append({"id": "few", "kind": "max_shipments", "parameters": {"shipments": "2"}, "hard": False})
    version = client.post("/v1/rules/versions", json={"table": table, "because": "fewer parcels"}).json()["version"]
    assert client.post("/v1/rules/activations", json={"version": version, "because": "a test"}).status_code == 200
    later = client.post("/v1/route", json=order_body("T-2")).json()
    shadow = client.post("/v1/route?shadow=true", json=order_body("S-1")).json()["id"]
    for one in (name, later["id"], shadow):
        found = client.post(f"/v1/decisions/{one}/replays").json()
        assert (found["comparable"], found["equal"], found["missing"]) == (True, True, []), found
    assert later["inputs"]["policy"] != client.get(f"/v1/decisions/{name}").json()["inputs"]["policy"]


def test_another_version_of_the_program_is_named_and_nothing_is_claimed(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = client.post("/v1/route", json=order_body()).json()["id"]
    monkeypatch.setattr("evenstock.operations.replaying.replay_one.CODE", "99.0")
    found = client.post(f"/v1/decisions/{name}/replays").json()
    assert (found["comparable"], found["equal"], found["digest_again"]) == (False, False, "")
    assert "this is 99.0: replay it with that version" in found["missing"][0]
