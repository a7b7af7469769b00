"""Orders over HTTP: routed, read, released, shipped, cancelled, promised; alone and in batches."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from starlette.testclient import TestClient
from tests.service.conftest import ANYBODY, Anything, example, order_body

from evenstock.service.context import Service

NDJSON = {"content-type": "application/x-ndjson"}


def routed(client: TestClient, name: str = "T-1", **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.post("/v1/route", json=order_body(name, **changes)).json()
    return found


def reservation(client: TestClient, order: str = "T-1") -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/orders/{order}/reservations").json()["items"][0]
    return found


def test_an_order_is_read_as_it_was_placed_with_what_stands_of_it(client: TestClient) -> None:
    promise = {"deliver_by": "2026-11-30", "probability": 0.9}
    record = routed(client, promise=promise, tags=["gift", "b2c"], service_level="ground")
    found = client.get("/v1/orders/T-1").json()
    assert found["promise"] == promise
    assert found["tags"] == ["b2c", "gift"]
    assert found["decision"] == record["id"]
    assert found["standing"]["set_aside"] == [reservation(client)["id"]]
    assert found["standing"]["to_place"] == found["lines"]
    assert not found["standing"]["is_settled"]


def widely_stocked() -> str:
    """An item that several nodes have."""
    there = (
        example()["stock"]
        .filter(pl.col("on_hand") > 5)
        .group_by("sku")
        .len()
        .sort("len", "sku", descending=[True, False])
    )
    found: str = there["sku"][0]
    return found


def test_full_explanation_adds_up(client: TestClient) -> None:
    lines = [{"id": "1", "sku": widely_stocked(), "units": 1, "price_cents": 1000}]
    found = client.post("/v1/route?explain=full", json=order_body(lines=lines)).json()
    assert found["options"][0]["chosen"]
    assert len(found["options"]) > 1
    for option in found["options"]:
        assert sum(option["terms"].values()) == option["cents"] == sum(s["cents"] for s in option["shipments"])
    assert found["sentences"][0].startswith("Order T-1: executed")


def test_a_shadow_decision_reserves_nothing(client: TestClient) -> None:
    found = client.post("/v1/route?shadow=true", json=order_body()).json()
    assert found["outcome"] == "shadow"
    assert client.get("/v1/orders/T-1").status_code == 404


def test_released_shipped_and_not_twice(client: TestClient) -> None:
    routed(client)
    name = reservation(client)["id"]
    tag = client.get(f"/v1/reservations/{name}").headers["etag"]
    released = client.post(f"/v1/reservations/{name}/release", headers={"if-match": tag})
    assert released.json()["state"] == "posted"
    assert client.post(f"/v1/reservations/{name}/release").json() == released.json(), "again, it changes nothing"
    late = client.post(f"/v1/reservations/{name}/ship", headers={"if-match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    shipped = client.post(f"/v1/reservations/{name}/ship", headers={"if-match": late.headers["etag"]})
    assert shipped.json()["shipped"]
    assert client.post(f"/v1/reservations/{name}/ship").json() == shipped.json()
    assert client.get("/v1/orders/T-1").json()["standing"]["is_settled"]
    gone = client.post(f"/v1/reservations/{name}/void", json={"because": "too late"})
    assert (gone.status_code, gone.json()["code"]) == (409, "conflict")


def test_stock_given_back_can_be_promised_again(client: TestClient) -> None:
    sku = order_body()["lines"][0]["sku"]
    routed(client)
    units = sum(line["units"] for line in reservation(client)["lines"] if line["sku"] == sku)
    assert units == 1
    name = reservation(client)["id"]
    assert client.post(f"/v1/reservations/{name}/void", json={"because": " "}).status_code == 422
    assert client.post(f"/v1/reservations/{name}/void", json={"because": "a test"}).json()["state"] == "voided"
    assert client.post(f"/v1/reservations/{name}/release").status_code == 409


def test_a_held_order_is_neither_released_nor_shipped(client: TestClient) -> None:
    routed(client)
    hold = {"kind": "fraud_hold", "id": "F-1", "order": "T-1", "because": "card reported stolen"}
    assert client.post("/v1/exceptions", json=hold).status_code == 200
    name = reservation(client)["id"]
    for deed in ("release", "ship"):
        refused = client.post(f"/v1/reservations/{name}/{deed}")
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        assert "held" in refused.json()["detail"]
    assert reservation(client)["state"] == "pending"


def test_a_cancelled_order_frees_its_stock_once(client: TestClient) -> None:
    routed(client)
    body = {"id": "C-1", "because": "changed her mind"}
    done = client.post("/v1/orders/T-1/cancellations", json=body).json()
    assert (done["repeated"], done["state"], done["needs_person"]) == (False, "settled", False)
    again = client.post("/v1/orders/T-1/cancellations", json=body).json()
    assert again == done | {"repeated": True}
    other = client.post("/v1/orders/T-1/cancellations", json=body | {"id": "C-2"})
    assert (other.status_code, other.json()["code"]) == (409, "refused")
    assert reservation(client)["state"] == "voided"
    assert client.get("/v1/orders/T-1").json()["standing"]["is_cancelled"]
    none = client.post("/v1/orders/NONE/cancellations", json=body)
    assert (none.status_code, none.json()["code"]) == (404, "not_found")


def test_one_line_can_be_cancelled(client: TestClient) -> None:
    skus = example()["items"]["sku"][:2]
    lines = [{"id": str(n), "sku": sku, "units": 1, "price_cents": 100} for n, sku in enumerate(skus)]
    routed(client, lines=lines)
    done = client.post("/v1/orders/T-1/cancellations", json={"id": "C-1", "lines": ["1"]}).json()
    assert done["sentence"].startswith("1 units of order T-1 cancelled")
    assert client.get("/v1/orders/T-1").json()["standing"]["cancelled"] == {"1": 1}
    strange = client.post("/v1/orders/T-1/cancellations", json={"id": "C-2", "lines": ["9"]})
    assert strange.status_code == 409


def test_days_are_promised_with_their_cost_and_nothing_is_reserved(client: TestClient) -> None:
    sku = order_body()["lines"][0]["sku"]
    found = client.post("/v1/promises", json={"lines": [{"sku": sku}], "ship_to": {"postal_code": "94105"}}).json()
    assert found["probability_millionths"] == 900_000
    assert [o["deliver_by"] for o in found["options"]] == sorted(o["deliver_by"] for o in found["options"])
    assert client.get("/v1/decisions").json()["items"] == []
    nothing = client.post("/v1/promises", json={"lines": [{"sku": "NONE"}], "ship_to": {"postal_code": "94105"}}).json()
    assert nothing["options"] == []
    assert nothing["sentence"].startswith("Nothing can be promised")


def batch(client: TestClient, lines: list[Any], query: str = "") -> list[dict[str, Any]]:
    body = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    reply = client.post(f"/v1/route-batches{query}", content=body, headers=NDJSON)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in reply.content.splitlines()]


def test_a_batch_says_of_each_line_what_became_of_it(client: TestClient) -> None:
    wrong = order_body("B-2", lines=[])
    found = batch(client, [order_body("B-1"), wrong, "{", order_body("B-3"), "", order_body("B-1")])
    assert [(line["line"], line["order"], line["status"]) for line in found] == [
        (1, "B-1", 200), (2, None, 422), (3, None, 400), (4, "B-3", 200), (5, "B-1", 200)
    ]  # fmt: skip
    assert found[1]["problem"]["errors"][0]["pointer"] == "/lines"
    assert [line.get("repeated") for line in found] == [False, None, None, False, True]
    assert client.get("/v1/orders/B-3").json()["decision"] == found[3]["decision"]
    changed = batch(client, [order_body("B-1", channel="web"), order_body("B-4")])
    assert [(line["status"], line.get("problem", {}).get("code")) for line in changed] == [
        (409, "conflict"),
        (200, None),
    ]


def test_a_batch_decided_together_is_routed_whole_or_not_at_all(client: TestClient) -> None:
    found = batch(client, [order_body("P-1"), order_body("P-2")], "?together=true")
    assert [line["status"] for line in found] == [200, 200]
    found = batch(client, [order_body("P-3"), "{", order_body("P-4")], "?together=true")
    assert [line["status"] for line in found] == [409, 400, 409]
    found = batch(client, [order_body("P-5"), order_body("P-5")], "?together=true")
    assert "stands twice" in found[0]["problem"]["detail"]
    for name in ("P-3", "P-4", "P-5"):
        assert client.get(f"/v1/orders/{name}").status_code == 404


def test_a_batch_has_limits(client: TestClient) -> None:
    many = "\n".join(["{}"] * 1_001)
    assert client.post("/v1/route-batches", content=many, headers=NDJSON).status_code == 413
    assert client.post("/v1/route-batches", content="\n" * 5_000, headers=NDJSON).status_code == 413
    assert client.post("/v1/route-batches", content=" \n ", headers=NDJSON).status_code == 422
    assert client.post("/v1/route-batches", json=[order_body()]).status_code == 415


class AtOneNode(Anything):
    """May do everything, at one node."""

    def __init__(self, node: str) -> None:
        self.node = node

    def known(self, _request: object) -> Any:
        return ANYBODY

    def nodes(self, *_: object) -> Any:
        return frozenset({self.node})


def test_who_may_at_one_node_sees_and_changes_nothing_of_others(client: TestClient, service: Service) -> None:
    record = routed(client)
    name = reservation(client)["id"]
    (node,) = {s["candidate"]["node"] for s in record["choice"]["shipments"]}
    other = next(n for n in example()["nodes"]["node"] if n != node)
    service.access = AtOneNode(other)
    for path in (
        "/v1/orders/T-1",
        f"/v1/reservations/{name}",
        "/v1/orders/T-1/decision",
        f"/v1/decisions/{record['id']}",
    ):
        refused = client.get(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed"), path
    assert client.post(f"/v1/reservations/{name}/release").status_code == 403
    assert client.post("/v1/orders/T-1/cancellations", json={"id": "C"}).status_code == 403
    assert client.post("/v1/route", json=order_body("T-2")).status_code == 403
    assert client.get("/v1/decisions").json()["items"] == []
    service.access = AtOneNode(node)
    assert client.get("/v1/orders/T-1").status_code == 200
    assert client.post(f"/v1/reservations/{name}/release").status_code == 200
    assert [one["id"] for one in client.get("/v1/decisions").json()["items"]] == [record["id"]]
