"""Reports of exceptions over HTTP: each kind has its effect once, and tells how things stand."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.conftest import order_body

SKU = order_body()["lines"][0]["sku"]


def report(client: TestClient, kind: str, name: str, **more: Any) -> dict[str, Any]:
    reply = client.post("/v1/exceptions", json={"kind": kind, "id": name, **more})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


@pytest.fixture
def node(client: TestClient) -> str:
    """The node from which the order T-1 ships."""
    record = client.post("/v1/route", json=order_body()).json()
    found: str = record["choice"]["shipments"][0]["candidate"]["node"]
    return found


def test_a_short_pick_routes_again_and_asks_for_a_count(client: TestClient, node: str) -> None:
    done = report(client, "short_pick", "S-1", order="T-1", node=node, sku=SKU, found=0)
    assert not done["repeated"]
    asked = [case for case in done["cases"] if case["about"] == f"stock:{SKU}@{node}"]
    assert [case["state"] for case in asked] == ["open"]
    again = report(client, "short_pick", "S-1", order="T-1", node=node, sku=SKU, found=0)
    assert again == done | {"repeated": True}
    assert client.get("/v1/exceptions/S-1").json() == again
    moved = client.get("/v1/orders/T-1/decision").json()["choice"]
    assert moved is None or node not in {s["candidate"]["node"] for s in moved["shipments"]}
    counted = report(client, "counted", "N-1", node=node, sku=SKU, units=3)
    assert counted["state"] == "settled"
    assert client.get("/v1/exceptions/NONE").status_code == 404


def test_the_same_report_with_other_content_is_refused(client: TestClient, node: str) -> None:
    report(client, "short_pick", "S-1", order="T-1", node=node, sku=SKU, found=0)
    body = {"kind": "short_pick", "id": "S-1", "order": "T-1", "node": node, "sku": SKU, "found": 0, "together": True}
    other = client.post("/v1/exceptions", json=body)
    assert (other.status_code, other.json()["code"]) == (409, "refused")


@pytest.mark.parametrize("what", ["address", "fraud"])
def test_a_hold_lasts_until_it_is_released(client: TestClient, node: str, what: str) -> None:
    held = report(client, f"{what}_hold", "H-1", order="T-1", because="to be asked", hours=2)
    assert held["needs_person"]
    assert held["deadline"] == "2026-11-20T17:00:00Z"
    assert len(client.get("/v1/queue").json()["items"]) == 1
    freed = report(client, f"{what}_release", "H-2", order="T-1", because="it is right")
    assert freed["state"] == "settled"
    assert client.get("/v1/queue").json()["items"] == []


def test_a_node_goes_down_and_comes_up(client: TestClient, node: str) -> None:
    down = report(client, "node_down", "D-1", node=node, until="2026-11-22T12:00:00Z", because="power")
    assert any(case["about"] == f"node:{node}" for case in down["cases"])
    decided = client.get("/v1/orders/T-1/decision").json()
    if decided["choice"] is not None:
        assert node not in {s["candidate"]["node"] for s in decided["choice"]["shipments"]}
    record = client.post("/v1/route", json=order_body("T-2")).json()
    if record["choice"] is not None:
        assert node not in {s["candidate"]["node"] for s in record["choice"]["shipments"]}
    up = report(client, "node_up", "U-1", node=node)
    assert up["sentence"] == f"{node} ships again"
    assert client.post("/v1/exceptions", json={"kind": "node_up", "id": "U-2", "node": node}).status_code == 409
    past = {"kind": "node_down", "id": "D-2", "node": node, "until": "2026-11-01T12:00:00Z", "because": "power"}
    assert client.post("/v1/exceptions", json=past).json()["code"] == "refused"


def test_a_pickup_is_missed_and_a_cut_off(client: TestClient, node: str) -> None:
    plan = client.get("/v1/orders/T-1/decision").json()["choice"]["shipments"][0]["candidate"]
    missed = report(client, "missed_pickup", "M-1", node=node, service=plan["service"], day="2026-11-20")
    assert missed["report"] == "M-1"
    strange = {"kind": "missed_pickup", "id": "M-2", "node": node, "service": "pigeon:post"}
    assert client.post("/v1/exceptions", json=strange).json()["code"] == "refused"
    late = client.post("/v1/exceptions", json={"kind": "cutoff_missed", "id": "L-1", "order": "T-1"})
    assert late.status_code in {200, 409}, "refused where the cut-off has not passed"


def test_a_node_stops_what_was_cancelled(client: TestClient, node: str) -> None:
    name = client.get("/v1/orders/T-1/reservations").json()["items"][0]["id"]
    client.post(f"/v1/reservations/{name}/release")
    asked = client.post("/v1/orders/T-1/cancellations", json={"id": "C-1"}).json()
    assert asked["needs_person"]
    stopped = report(client, "stopped", "N-1", order="T-1", node=node)
    assert stopped["sentence"] == f"{node} stopped order T-1: 1 units are free again"
    assert stopped["state"] == "settled"


def test_a_report_of_no_known_kind_names_those_there_are(client: TestClient) -> None:
    refused = client.post("/v1/exceptions", json={"kind": "fire", "id": "X"})
    assert refused.status_code == 422
    assert "short_pick" in refused.json()["detail"]
    assert client.post("/v1/exceptions", json={"id": "X"}).status_code == 422
    more = {"kind": "node_up", "id": "X", "node": "TX", "by": "me"}
    assert client.post("/v1/exceptions", json=more).json()["errors"][0]["pointer"].endswith("/by")
    none = {"kind": "fraud_hold", "id": "X", "order": "NONE", "because": "?"}
    assert client.post("/v1/exceptions", json=none).status_code == 404
